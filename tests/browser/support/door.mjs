// A TCP door: what comes in goes on to wherever it leads. It can be slammed and opened again, on the same port.
import { createServer, connect } from 'node:net';

export async function openDoor() {
  let target = null;
  let open = true;
  const pairs = new Set();
  const server = createServer((inner) => {
    if (!open || !target) return inner.destroy();
    const [host, port] = target.split(':');
    const outer = connect({ host, port });
    const pair = [inner, outer];
    pairs.add(pair);
    for (const [from, to] of [pair, [outer, inner]]) {
      from.pipe(to);
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const cut = () => [...pairs].flat().forEach((socket) => socket.destroy());
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    leadTo: (address) => (target = address),
    /** Every connection breaks; new ones are welcome. */
    cut,
    /** Every connection breaks, and nobody gets in. */
    slam() {
      open = false;
      cut();
    },
    reopen: () => (open = true),
    close() {
      cut();
      return new Promise((closed) => server.close(closed));
    },
  };
}
