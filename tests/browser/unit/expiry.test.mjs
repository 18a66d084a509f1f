// Codes that run out, and those that are not to be had, with a pretended clock, network and chance.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { begin, bound, push } from './session.mjs';
import { code, pretendWorld, settled } from './world.mjs';

test('an expired code is renewed five times in a row, then waits for a click', async () => {
  const { gate, world, names } = await bound();
  for (let i = 1; i <= 5; i++) {
    world.socket.hears({ cmd: 'expired' });
    await settled();
    assert.equal(world.fetched.length, i + 1);
    world.socket.echoes();
    assert.equal(gate.state, 'waiting');
  }
  world.socket.hears({ cmd: 'expired' });
  await settled();
  assert.equal(gate.state, 'expired');
  assert.equal(names('expired').length, 6);
  world.wake();
  await world.pass(3_600_000);
  assert.equal(world.fetched.length, 6);

  gate.refresh();
  await settled();
  assert.equal(world.fetched.length, 7);
});

test('a scan begins the count of renewals afresh', async () => {
  const { gate, world } = await bound({ renewals: 1 });
  world.socket.hears({ cmd: 'expired' });
  await settled();
  world.socket.echoes();
  world.socket.hears({ uid: 1002, ticket: 'gQ2', cmd: 'scan' });
  world.socket.hears({ cmd: 'expired' });
  assert.equal(gate.state, 'scanned', 'a scanned code no longer expires on show');
  world.socket.ends();
  await world.pass(250);
  world.socket.opens();
  world.socket.hears({ cmd: 'error', code: 'uid_unknown' });
  await settled();
  assert.equal(world.fetched.length, 3);
});

test('a hidden page renews only when somebody looks', async () => {
  const { gate, world } = await bound();
  world.look(true);
  await world.pass(121_500);
  assert.equal(gate.state, 'expired');
  assert.equal(world.fetched.length, 1);
  world.look(false);
  await settled();
  assert.equal(world.fetched.length, 2);
});

test('without a word from the gateway its own clock ends the code', async () => {
  const { gate, world } = await bound({ renewals: 0 });
  await world.pass(121_400);
  assert.equal(gate.secondsLeft, 0);
  assert.equal(gate.state, 'waiting');
  await world.pass(100);
  assert.equal(gate.state, 'expired');
});

test('after a sleep it knows at once that the code has expired', async () => {
  const { gate, world } = await bound({ renewals: 0 });
  world.jump(3_600_000);
  world.wake();
  assert.equal(gate.state, 'expired');
});

test('the Date header tells how old the code is, a wrong clock notwithstanding', async () => {
  const left = async (skew, takes) => {
    const world = pretendWorld();
    const made = world.Date.now() + skew;
    world.replies.push({ takes, headers: { Date: new Date(made).toUTCString() }, body: code() });
    return (await begin({ world })).gate.secondsLeft;
  };
  assert.equal(await left(0, 0), 120);
  assert.equal(await left(0, 4_000), 116);
  assert.equal(await left(3_000, 4_000), 119);
  assert.equal(await left(-86_400_000, 4_000), 116, 'this clock is a day ahead');
  assert.equal(await left(86_400_000, 4_000), 120, 'this clock is a day behind');
});

test('a code that lives for a month does not expire at once', async () => {
  const { gate, world } = await bound({ code: code(1, 2_592_000) });
  await world.pass(1_000);
  assert.equal(gate.state, 'waiting');
});

test('too many, away, broken, offline: says so and asks again', async () => {
  const error = (name) => ({ error: { code: name, message: 'one sentence' } });
  const cases = [
    [{ status: 429, headers: { 'Retry-After': '20' }, body: error('too_many') }, 'busy', 20],
    [{ status: 503, headers: { 'Retry-After': '7' }, body: error('wechat_unreachable') }, 'unavailable', 7],
    [
      { status: 503, headers: { 'Retry-After': '60' }, body: error('wechat_not_configured') },
      'not_configured',
      60,
    ],
    [{ status: 502, body: '<html>' }, 'unavailable', 5],
    [{ status: 200, body: '<html>a hotel' }, 'unavailable', 5],
    [new TypeError('Failed to fetch'), 'network', 0],
  ];
  for (const [reply, reason, seconds] of cases) {
    const world = pretendWorld();
    world.replies.push(reply);
    const { gate } = await begin({ world });
    assert.equal(gate.state, 'failed', reason);
    assert.equal(gate.reason, reason);
    assert.equal(gate.retrySeconds, seconds + 1, reason);
    await world.pass(seconds * 1000 + 249);
    assert.equal(world.fetched.length, 1, reason);
    await world.pass(1);
    await settled();
    assert.equal(world.fetched.length, 2, reason);
    assert.equal(gate.code.uid, 1002);
  }
});

test('a refused request is not repeated until somebody clicks', async () => {
  const world = pretendWorld();
  world.replies.push({ status: 403, body: { error: { code: 'origin', message: '' } } });
  const { gate } = await begin({ world });
  assert.equal(gate.reason, 'denied');
  world.wake();
  await world.pass(3_600_000);
  assert.equal(world.fetched.length, 1);
  gate.refresh();
  assert.equal(world.fetched.length, 2);
});

test('hidden, it asks again only when somebody looks; the network brings it back at once', async () => {
  const world = pretendWorld({ hidden: true });
  world.replies.push(new TypeError('Failed to fetch'), new TypeError('Failed to fetch'));
  await begin({ world });
  await world.pass(600_000);
  assert.equal(world.fetched.length, 1);
  world.look(false);
  await settled();
  assert.equal(world.fetched.length, 2);
  world.wake('online');
  await settled();
  assert.equal(world.fetched.length, 3);
});
