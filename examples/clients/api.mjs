// Publishes an event over the server API: node api.mjs URL UID TICKET EVENT

const [url, uid, ticket, event] = process.argv.slice(2);
const key = process.env.API_KEY;

const response = await fetch(`${url}/api/v1/push`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...(key && { Authorization: `Bearer ${key}` }) },
  body: JSON.stringify({ uid: Number(uid), ticket, ...JSON.parse(event) }),
  signal: AbortSignal.timeout(3000),
});
const answer = await response.json(); // a refusal has a body too
console.log(JSON.stringify(answer));
process.exitCode = ['ok', 'queued'].includes(answer.result) ? 0 : 1;
