// Connections break, gateways restart: nothing is missed, nothing is shown twice.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openBrowser, openPage } from '../support/browser.mjs';
import { openHouse } from '../support/house.mjs';
import { inState, visit } from '../support/view.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

/** A page that keeps a diary of its sockets: what opened, came and closed, and when. */
async function guest(test, chance) {
  const page = await openPage(browser);
  test.after(() => page.context().close());
  await page.addInitScript((chance) => {
    if (chance !== undefined) Math.random = () => chance;
    window.diary = [];
    const note = (what, more) => window.diary.push({ what, at: performance.now(), ...more });
    window.WebSocket = class extends WebSocket {
      constructor(url) {
        super(url);
        note('dial');
        this.addEventListener('open', () => note('open'));
        this.addEventListener('message', ({ data }) => note('message', { data }));
        this.addEventListener('close', ({ code, reason }) => note('close', { code, reason }));
      }
    };
  }, chance);
  page.diary = () => page.evaluate(() => window.diary);
  page.heard = async (member) =>
    (await page.diary())
      .filter(({ what }) => what === 'message')
      .map(({ data }) => JSON.parse(data))
      .filter((event) => member in event);
  return page;
}

const comeBack = (page) => page.evaluate(() => dispatchEvent(new Event('online')));

test('what was pushed while the page was cut off arrives once it is back, once', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  const { uid, ticket } = await visit(page, house.url);
  assert.equal(await house.push({ uid, ticket, n: 1 }), 'ok');
  await page.waitForFunction(() => window.diary.some(({ data }) => data?.includes('"n":1')));

  house.door.slam();
  await inState(page, 'offline');
  assert.match(await page.title(), /^…/);
  assert.match(await house.push({ uid, ticket, n: 2 }), /^(ok|queued)$/);
  assert.match(await house.push({ uid, ticket, cmd: 'scan', n: 3 }), /^(ok|queued)$/);

  house.door.reopen();
  await comeBack(page);
  await inState(page, 'scanned');
  assert.equal(await house.push({ uid, ticket, n: 4 }), 'ok');
  await page.waitForFunction(() => window.diary.some(({ data }) => data?.includes('"n":4')));
  assert.deepEqual(
    (await page.heard('n')).map(({ n }) => n),
    [1, 2, 3, 4],
  );
});

test('a page comes back by itself, too', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  const { uid, ticket } = await visit(page, house.url);
  house.door.cut();
  await page.waitForFunction(() => window.diary.filter(({ what }) => what === 'open').length === 2);
  assert.match(await house.push({ uid, ticket, cmd: 'scan' }), /^(ok|queued)$/);
  await inState(page, 'scanned');
});

test('after a restart, which forgets the sessions of an embedded broker, there is a new code', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  const before = await visit(page, house.url);
  const picture = await page.locator('#code').getAttribute('src');
  house.gateway.process.kill('SIGKILL');
  await inState(page, 'offline');
  await house.start();
  await comeBack(page);
  await page.waitForFunction((old) => document.getElementById('code').src !== old, picture);
  await inState(page, 'waiting');
  const { ticket, uid } = (await page.heard('ticket')).at(-1);
  assert.notEqual(uid, before.uid);
  await house.scan(ticket);
  await inState(page, 'done');
});

test('a draining node says for how long to stay away, and the page obeys', async (t) => {
  const chance = 0.9;
  const house = await openHouse(t, { DRAIN_DELAY_SECONDS: 0, DRAIN_SECONDS: 1 });
  const page = await guest(t, chance);
  await visit(page, house.url);
  await house.stop();
  await house.start();
  await page.waitForFunction(() => window.diary.filter(({ what }) => what === 'dial').length > 1);
  const diary = await page.diary();
  const close = diary.find(({ what }) => what === 'close');
  assert.equal(close.code, 1001);
  const retry_ms = Number(/\bretry_ms=(\d+)/.exec(close.reason)[1]);
  assert.ok(retry_ms > 0, close.reason);
  const pause = diary.filter(({ what }) => what === 'dial')[1].at - close.at;
  assert.ok(pause >= chance * retry_ms - 5, `came back after ${pause} ms, asked for ${retry_ms}`);
});

test('a withdrawn session is over, and one click begins another', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  const { uid } = await visit(page, house.url);
  const reply = await fetch(`http://${house.gateway.addresses.ops}/api/v1/sessions/${uid}`, {
    method: 'DELETE',
  });
  assert.ok(reply.ok, `${reply.status}`);
  await inState(page, 'ended');
  assert.equal((await page.diary()).find(({ what }) => what === 'close').code, 4401);
  await page.getByRole('button', { name: 'Get a new code' }).click();
  await inState(page, 'waiting');
});

test('a page that asks for a pong gets it', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  await visit(page, house.url);
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await page.waitForFunction(() => window.diary.some(({ data }) => data === '{"cmd":"pong"}'));
});
