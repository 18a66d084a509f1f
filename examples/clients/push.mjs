// Publishes an event over the push port: node push.mjs HOST:PORT UID TICKET EVENT

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [address, uid, ticket, event] = process.argv.slice(2);
const colon = address.lastIndexOf(':');
const gate = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
gate.setTimeout(3000, () => gate.destroy(new Error('no answer')));
const answers = createInterface({ input: gate })[Symbol.asyncIterator]();

async function say(line) {
  gate.write(`${JSON.stringify(line)}\n`);
  return (await answers.next()).value;
}

const secret = process.env.PUSH_SECRET;
if (secret && (await say({ auth: secret })) !== 'ok') throw new Error('the secret is wrong');

// With a push_id it is safe to say it again: the page gets it once.
const push_id = randomBytes(8).toString('hex');
const line = { uid: Number(uid), ticket, push_id, ...JSON.parse(event) };
let answer = 'unknown';
for (let tries = 0; tries < 3 && answer === 'unknown'; tries++) answer = await say(line);

gate.end();
console.log(answer);
process.exitCode = ['ok', 'queued'].includes(answer) ? 0 : 1;
