// The original's page against our gateway: its websocket at `/`, and the text of /qrcode sent back as it came.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openBrowser, openPage } from '../support/browser.mjs';
import { openHouse } from '../support/house.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

test('a page written against the original works unchanged', async (t) => {
  const house = await openHouse(t);
  const page = await openPage(browser);
  t.after(() => page.context().close());
  await page.goto(`${house.url}assets/settings.json`); // any document of the same origin

  const text = await page.evaluate(async () => {
    window.heard = [];
    const socket = new WebSocket(`ws://${location.host}`);
    socket.onmessage = ({ data }) => window.heard.push(data);
    await new Promise((opened) => (socket.onopen = opened));
    socket.send('{"cmd":"ping"}');
    const reply = await fetch('/qrcode', {
      headers: { Accept: '*/*', 'X-Requested-With': 'XMLHttpRequest' },
    });
    window.type = reply.headers.get('Content-Type');
    const code = await reply.text();
    socket.send(code);
    return code;
  });
  assert.match(await page.evaluate(() => window.type), /^text\/plain\b/, 'as JSON, jQuery would parse it');
  await page.waitForFunction(() => window.heard.length === 1);

  const { uid, ticket, expire_seconds } = JSON.parse(text);
  assert.equal(expire_seconds, 120);
  const pushed = `{"uid":${uid},"ticket":"${ticket}","cmd":"bind","note":"as it is"}`;
  assert.equal(await house.push(JSON.parse(pushed)), 'ok');
  await house.scan(ticket);
  await page.waitForFunction(() => window.heard.length === 4);

  const heard = await page.evaluate(() => window.heard);
  assert.equal(heard[0], text, 'the echo, byte for byte');
  assert.equal(heard[1], pushed, 'the event, byte for byte, without an event_id');
  assert.equal(JSON.parse(heard[2]).cmd, 'scan');
  const result = JSON.parse(heard[3]);
  assert.equal(result.cmd, undefined);
  assert.match(result.token, /\S/);
  assert.equal(result.uid, uid);
});
