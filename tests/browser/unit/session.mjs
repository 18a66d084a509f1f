// A session of the page's connection on a pretended world.
import assert from 'node:assert/strict';
import { connect } from '../../../web/scangate.js';
import { pretendWorld, settled } from './world.mjs';

export const BASE = 'https://gate.example/';

/** A session on a pretended world; `heard` lists its events as `[name, detail]`. */
export async function begin({ world = pretendWorld(), ...options } = {}) {
  const gate = connect({ base: BASE, world, ...options });
  const heard = [];
  for (const name of ['state', 'event', 'scan', 'confirm', 'result', 'refused', 'expired', 'gap'])
    gate.on(name, (detail) => heard.push([name, detail]));
  await settled();
  return { gate, world, heard, names: (name) => heard.filter(([n]) => n === name).map(([, d]) => d) };
}

/** … whose first code is bound and on show. */
export async function bound(options) {
  const session = await begin(options);
  session.world.socket.opens();
  session.world.socket.echoes();
  assert.equal(session.gate.state, 'waiting');
  return session;
}

export function push(world, event) {
  world.socket.hears({ uid: 1001, ticket: 'gQ1', ...event });
}
