// The example page of a site of its own, on another origin than the gateway.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { openBrowser, openPage } from '../support/browser.mjs';
import { openHouse } from '../support/house.mjs';

const PAGE = new URL('../../../examples/clients/page.html', import.meta.url);

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

test('a page of another site shows a code and hears of its scan', async (t) => {
  const text = await readFile(PAGE);
  const site = createServer((_, reply) => reply.writeHead(200, { 'Content-Type': 'text/html' }).end(text));
  await new Promise((listening) => site.listen(0, '127.0.0.1', listening));
  t.after(() => site.close());
  const origin = `http://127.0.0.1:${site.address().port}`;
  const house = await openHouse(t, { PUBLIC_ORIGINS: origin });
  const page = await openPage(browser);
  t.after(() => page.context().close());

  const reply = page.waitForResponse((response) => response.url().includes('/qrcode'));
  await page.goto(`${origin}/?gateway=${house.url.replace(/\/$/, '')}`);
  const { uid, ticket } = await (await reply).json();
  await page.waitForFunction(() => document.getElementById('state').textContent === 'waiting');
  assert.ok(await page.locator('#code svg').count(), 'the code is drawn');

  assert.equal(await house.push({ uid, ticket, cmd: 'news' }), 'ok');
  await page.locator('#events', { hasText: '"cmd":"news"' }).waitFor();
  await house.scan(ticket);
  await page.locator('#state', { hasText: 'logged in with' }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test('a page hands a command to the backend of the site, and hears what that answers', async (t) => {
  const told = [];
  const backend = createServer(async (request, reply) => {
    let body = '';
    for await (const piece of request) body += piece;
    told.push(JSON.parse(body).data.message);
    reply.end(JSON.stringify({ event: { cmd: 'sent', to: told.at(-1).phone } }));
  });
  await new Promise((listening) => backend.listen(0, '127.0.0.1', listening));
  t.after(() => (backend.closeAllConnections(), backend.close()));
  const house = await openHouse(t, {
    HOOK_URL: `http://127.0.0.1:${backend.address().port}/`,
    HOOK_SECRET: 'a secret for tests',
    HOOK_EVENTS: 'command',
  });
  const page = await openPage(browser);
  t.after(() => page.context().close());
  await page.goto(house.url);
  const heard = await page.evaluate(async () => {
    const { connect } = await import('/assets/scangate.js');
    const gate = connect();
    const answer = new Promise((hears) => gate.on('event', hears));
    gate.on('state', ({ state }) => state === 'waiting' && gate.send({ cmd: 'sms', phone: '7' }));
    return answer.finally(() => gate.close());
  });
  assert.deepEqual(told, [{ cmd: 'sms', phone: '7' }]);
  assert.equal(heard.cmd, 'sent');
  assert.equal(heard.to, '7');
  assert.deepEqual(page.complaints, []);
});
