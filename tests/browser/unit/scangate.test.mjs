// The rules of the connection, with a pretended clock, network and chance.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { connect } from '../../../web/scangate.js';
import { code, pretendWorld, settled } from './world.mjs';

const BASE = 'https://gate.example/';

/** A session on a pretended world; `heard` lists its events as `[name, detail]`. */
async function begin({ world = pretendWorld(), ...options } = {}) {
  const gate = connect({ base: BASE, world, ...options });
  const heard = [];
  for (const name of ['state', 'event', 'scan', 'confirm', 'result', 'refused', 'expired', 'gap'])
    gate.on(name, (detail) => heard.push([name, detail]));
  await settled();
  return { gate, world, heard, names: (name) => heard.filter(([n]) => n === name).map(([, d]) => d) };
}

/** … whose first code is bound and on show. */
async function bound(options) {
  const session = await begin(options);
  session.world.socket.opens();
  session.world.socket.echoes();
  assert.equal(session.gate.state, 'waiting');
  return session;
}

function push(world, event) {
  world.socket.hears({ uid: 1001, ticket: 'gQ1', ...event });
}

test('asks for a code and binds it from the start', async () => {
  const { gate, world } = await begin({ action: 'login' });
  assert.equal(world.socket.url, 'wss://gate.example/ws');
  assert.equal(world.fetched[0].url, 'https://gate.example/qrcode?action=login');
  assert.equal(world.fetched[0].headers.Accept, 'application/json');
  assert.equal(gate.state, 'loading');
  assert.equal(world.socket.sent.length, 0);

  world.socket.opens();
  assert.equal(world.socket.sent[0], JSON.stringify({ ...code(1), since: '' }));
  assert.equal(gate.state, 'loading');
  assert.equal(gate.online, false);
  world.socket.echoes();
  assert.equal(gate.state, 'waiting');
  assert.equal(gate.online, true);
  assert.equal(gate.secondsLeft, 120);
});

test('hands a command on while it is bound, and sees whether anybody is there', async () => {
  const { gate, world, names } = await begin();
  assert.equal(gate.send({ cmd: 'sms' }), false);
  world.socket.opens();
  assert.equal(gate.send({ cmd: 'sms' }), false, 'not bound yet');
  world.socket.echoes();
  assert.equal(gate.send({ cmd: 'sms', phone: '1' }), true);
  assert.deepEqual(world.socket.sent.slice(1), ['{"cmd":"sms","phone":"1"}', '{"cmd":"ping","pong":true}']);
  world.socket.hears({ cmd: 'pong' });
  await world.pass(20_000);
  assert.equal(gate.online, true, 'a command has no answer of its own');
  world.socket.hears({ cmd: 'error', code: 'hook_failed', message: '…' });
  assert.deepEqual(names('event').map(({ code }) => code), ['hook_failed']);
  assert.equal(gate.state, 'waiting');
  world.socket.ends();
  assert.equal(gate.send({ cmd: 'sms' }), false);
});

test('binds a given code without asking for one', async () => {
  const { gate, world } = await begin({ code: code(7) });
  assert.equal(world.fetched.length, 0);
  world.socket.opens();
  world.socket.echoes();
  assert.equal(gate.code.uid, 1007);
  await world.pass(122_000);
  assert.equal(gate.state, 'expired');
  assert.equal(world.fetched.length, 0, 'a backend made it, so no other can be had here');
});

test('takes a code from fetchCode', async () => {
  const { gate, world } = await begin({ fetchCode: async () => code(9) });
  assert.equal(world.fetched.length, 0);
  assert.equal(gate.code.uid, 1009);
});

test('tells of the scan and of the result', async () => {
  const { gate, world, heard } = await bound();
  heard.length = 0;
  push(world, { cmd: 'scan', event_id: '1' });
  assert.equal(gate.state, 'scanned');
  push(world, { token: 'T', url: 'https://x/T.send', event_id: '2' });
  assert.equal(gate.state, 'done');
  assert.deepEqual(
    heard.map(([name, { state }]) => state ?? name),
    ['event', 'scanned', 'scan', 'event', 'done', 'result'],
  );
  push(world, { cmd: 'scan', event_id: '3' });
  assert.equal(gate.state, 'done');
});

test('login is a result; a refusal says why', async () => {
  const { gate, world, names } = await bound();
  push(world, { cmd: 'refused', code: 'not_allowed' });
  assert.equal(gate.state, 'refused');
  assert.equal(gate.reason, 'not_allowed');
  push(world, { cmd: 'login', token: 'L' });
  assert.equal(names('result')[0].token, 'L');
});

test('a scan to be confirmed: the number and its time, then confirmed and done, or declined', async () => {
  const { gate, world, names } = await bound();
  push(world, { cmd: 'scan', event_id: '1' });
  push(world, { cmd: 'confirm', number: '42', expire_seconds: 90, event_id: '2' });
  assert.equal(gate.state, 'confirming');
  assert.equal(names('confirm')[0].number, '42');
  assert.equal(gate.secondsLeft, 90);
  push(world, { cmd: 'confirmed', event_id: '3' });
  assert.equal(gate.state, 'confirmed');
  push(world, { cmd: 'login', token: 'L', event_id: '4' });
  assert.equal(gate.state, 'done');

  const other = await bound();
  push(other.world, { cmd: 'confirm', number: '17', expire_seconds: 90 });
  push(other.world, { cmd: 'declined' });
  assert.equal(other.gate.state, 'declined');
  assert.equal(other.world.fetched.length, 1, 'no new code until somebody asks for one');
});

test('what is not confirmed in time has expired, and the gateway says when', async () => {
  const { gate, world, names } = await bound();
  push(world, { cmd: 'confirm', number: '42', expire_seconds: 5 });
  await world.pass(10_000);
  assert.equal(gate.state, 'confirming', 'its clock may differ');
  push(world, { cmd: 'expired' });
  assert.equal(names('expired').length, 1);
  assert.equal(gate.state, 'loading', 'the next code is on its way');
});

test('passes on everything else, and survives nonsense', async () => {
  const { gate, world, names } = await bound();
  push(world, { cmd: 'confetti', n: 1 });
  world.socket.hears('not json');
  world.socket.hears('null');
  world.socket.hears('7');
  world.socket.hears({ cmd: 'sms', ok: true });
  assert.deepEqual(
    names('event').map(({ cmd }) => cmd),
    ['confetti', 'sms'],
  );
  assert.equal(gate.state, 'waiting');
});

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
