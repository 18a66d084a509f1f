// Coming back: backoff, pings and what a close code asks for, with a pretended clock, network and chance.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { begin, bound, push } from './session.mjs';
import { code, pretendWorld, settled } from './world.mjs';

test('comes back with the newest event_id, and shows nothing twice', async () => {
  const { gate, world, names } = await bound();
  push(world, { n: 1, event_id: '1-0' });
  push(world, { n: 2, event_id: '2-0' });
  world.socket.ends();
  assert.equal(gate.online, false);
  assert.equal(gate.state, 'waiting', 'the code on show is still good');
  assert.equal(gate.retrySeconds, 1);

  await world.pass(250);
  world.socket.opens();
  assert.deepEqual(world.socket.said, { ...code(1), since: '2-0' });
  world.socket.echoes();
  push(world, { n: 2, event_id: '2-0' });
  push(world, { n: 3, event_id: '3-0' });
  assert.deepEqual(
    names('event').map(({ n }) => n),
    [1, 2, 3],
  );
  assert.equal(gate.online, true);
});

test('a new code starts from its own beginning', async () => {
  const { gate, world } = await bound();
  push(world, { n: 1, event_id: '1-0' });
  gate.refresh();
  await settled();
  assert.equal(world.sockets.length, 1, 'the connection is kept');
  assert.deepEqual(world.socket.said, { ...code(2), since: '' });
});

test('backs off with full jitter, doubling from half a second to thirty', async () => {
  const world = pretendWorld({ chance: 0.999999 });
  await begin({ world });
  const pauses = [];
  for (let i = 0; i < 9; i++) {
    world.socket.ends();
    const dialled = world.sockets.length;
    let waited = 0;
    for (; world.sockets.length === dialled; waited += 100) await world.pass(100);
    pauses.push(Math.round(waited / 500) / 2);
  }
  assert.deepEqual(pauses, [0.5, 1, 2, 4, 8, 16, 30, 30, 30]);

  world.chance = 0;
  world.socket.ends();
  const before = world.sockets.length;
  await world.pass(0);
  assert.equal(world.sockets.length, before + 1, 'any time up to the ceiling, zero too');
});

test('a connection that proved itself starts the backoff afresh', async () => {
  const { world } = await bound();
  for (let i = 0; i < 3; i++) {
    world.socket.ends();
    await world.pass(250);
    assert.equal(world.sockets.length, i + 2);
    world.socket.opens();
    world.socket.echoes();
  }
});

test('a draining node names the time to stay away', async () => {
  const { world } = await bound();
  world.socket.ends(1001, 'draining retry_ms=8000');
  await world.pass(3_999);
  assert.equal(world.sockets.length, 1);
  await world.pass(1);
  assert.equal(world.sockets.length, 2);
});

test('after 4429, 4403 or 4508 it comes back slowly, whoever looks', async () => {
  for (const closeCode of [4429, 4508]) {
    const { world } = await bound();
    world.socket.ends(closeCode);
    world.wake();
    await world.pass(17_499);
    assert.equal(world.sockets.length, 1);
    await world.pass(1);
    assert.equal(world.sockets.length, 2);
  }
});

test('focus, network and visibility bring it back at once', async () => {
  for (const wake of ['focus', 'online', 'pageshow', 'visibilitychange']) {
    const { world } = await bound();
    world.socket.ends();
    if (wake === 'visibilitychange') world.look(false);
    else world.wake(wake);
    assert.equal(world.sockets.length, 2, wake);
    world.wake(wake);
    assert.equal(world.sockets.length, 2, 'while dialling it does not dial again');
  }
});

test('a half-dead connection is noticed by its missing pong', async () => {
  const { world } = await bound();
  await world.pass(30_000);
  assert.deepEqual(world.socket.said, { cmd: 'ping', pong: true });
  world.socket.hears({ cmd: 'pong' });
  await world.pass(30_000);
  assert.equal(world.socket.sent.length, 3);
  await world.pass(10_000);
  assert.equal(world.sockets[0].closed, true);
  await world.pass(250);
  assert.equal(world.sockets.length, 2);
});

test('a bind and a handshake that nobody answers count as dead too', async () => {
  const { world } = await begin();
  await world.pass(10_250);
  assert.equal(world.sockets.length, 2, 'handshake');
  world.socket.opens();
  await world.pass(10_500);
  assert.equal(world.sockets.length, 3, 'bind');
});

test('a hidden page does not ping; a look at it does', async () => {
  const { world } = await bound({ world: pretendWorld({ hidden: true }) });
  await world.pass(90_000);
  assert.equal(world.socket.sent.length, 1);
  world.look(false);
  assert.deepEqual(world.socket.said, { cmd: 'ping', pong: true });
});
