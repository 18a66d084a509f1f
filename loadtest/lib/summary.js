// The end of a run: everything that k6 knows, as JSON, into the file that `loadtest/run` names.

export function handleSummary(data) {
  const text = JSON.stringify(data, null, 2);
  return __ENV.SUMMARY ? { [__ENV.SUMMARY]: text } : { stdout: `${text}\n` };
}
