// What the gateway answers to a bind, and what is over, with a pretended clock, network and chance.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { begin, bound, push } from './session.mjs';
import { code, settled } from './world.mjs';

test('unavailable: binds again on the same connection, with patience', async () => {
  const { gate, world } = await begin();
  world.socket.opens();
  world.socket.hears({ cmd: 'error', code: 'unavailable', message: '' });
  await world.pass(250);
  assert.equal(world.socket.sent.length, 2);
  world.socket.hears({ cmd: 'error', code: 'unavailable', message: '' });
  await world.pass(499);
  assert.equal(world.socket.sent.length, 2);
  await world.pass(1);
  world.socket.echoes();
  assert.equal(gate.state, 'waiting');
  assert.equal(world.sockets.length, 1);
});

test('uid_unknown after a reconnect means a new code', async () => {
  const { gate, world } = await bound();
  world.socket.ends();
  await world.pass(250);
  world.socket.opens();
  world.socket.hears({ cmd: 'error', code: 'uid_unknown', message: '' });
  await settled();
  assert.deepEqual(world.socket.said, { ...code(2), since: '' });
  world.socket.echoes();
  assert.equal(gate.state, 'waiting');
});

test('uid_unknown changes nothing for somebody who has the result', async () => {
  const { gate, world } = await bound();
  push(world, { token: 'T' });
  world.socket.ends();
  await world.pass(250);
  world.socket.opens();
  world.socket.hears({ cmd: 'error', code: 'uid_unknown', message: '' });
  await settled();
  assert.equal(gate.state, 'done');
  assert.equal(world.fetched.length, 1);
});

test('ticket_mismatch is a refusal, and is not tried again', async () => {
  const { gate, world, names } = await begin();
  world.socket.opens();
  world.socket.hears({ cmd: 'error', code: 'ticket_mismatch', message: '' });
  assert.equal(gate.state, 'refused');
  assert.equal(names('refused')[0].code, 'ticket_mismatch');
  world.socket.ends(4403);
  await world.pass(3_600_000);
  assert.equal(world.sockets.length, 1);
});

test('a withdrawn session is over, until somebody asks for a code', async () => {
  const { gate, world } = await bound();
  world.socket.ends(4401);
  assert.equal(gate.state, 'ended');
  world.wake();
  await world.pass(3_600_000);
  assert.equal(world.sockets.length, 1);
  gate.refresh();
  await settled();
  assert.equal(world.sockets.length, 2);
});

test('a scan in the last moment wins over the next code', async () => {
  const { gate, world } = await bound();
  let deliver;
  world.fetch = () => new Promise((resolve) => (deliver = resolve));
  world.socket.hears({ cmd: 'expired' });
  assert.equal(gate.state, 'loading');
  push(world, { cmd: 'scan' });
  deliver(Response.json(code(2)));
  await settled();
  assert.equal(gate.state, 'scanned');
  assert.equal(gate.code.uid, 1001);
});

test('of two requests only the newer counts', async () => {
  const { gate, world } = await bound();
  const deliver = [];
  world.fetch = () => new Promise((resolve) => deliver.push(resolve));
  gate.refresh();
  gate.refresh();
  deliver[1](Response.json(code(3)));
  deliver[0](Response.json(code(2)));
  await settled();
  assert.equal(gate.code.uid, 1003);
});

test('a refusal of the old bind is not taken for the new one', async () => {
  const { gate, world } = await bound();
  world.socket.ends();
  await world.pass(250);
  world.socket.opens(); // binds the old code again
  gate.refresh();
  await settled(); // binds the new code
  world.socket.hears({ cmd: 'error', code: 'uid_unknown', message: '' });
  world.socket.echoes();
  assert.equal(gate.state, 'waiting');
  assert.equal(gate.code.uid, 1002);
  assert.equal(world.fetched.length, 2);
});

test('a gap is told', async () => {
  const { world, names } = await bound();
  world.socket.hears({ cmd: 'gap' });
  assert.equal(names('gap').length, 1);
});

test('the same news is told once', async () => {
  const { world, names } = await bound();
  const before = names('state').length;
  push(world, { cmd: 'scan' });
  push(world, { cmd: 'scan' });
  assert.equal(names('state').length, before + 1);
});

test('closed means closed', async () => {
  const { gate, world } = await bound();
  gate.close();
  assert.equal(gate.state, 'closed');
  assert.equal(world.socket.closed, true);
  world.wake();
  await world.pass(3_600_000);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.fetched.length, 1);
});

test('what on() returns stops the listening', async () => {
  const { gate, world } = await bound();
  let heard = 0;
  const stop = gate.on('event', () => heard++);
  push(world, { n: 1 });
  stop();
  push(world, { n: 2 });
  assert.equal(heard, 1);
});
