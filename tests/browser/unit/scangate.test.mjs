// A code, its bind and what is heard of its scan, with a pretended clock, network and chance.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { begin, bound, push } from './session.mjs';
import { code } from './world.mjs';

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
