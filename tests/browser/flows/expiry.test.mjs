// Codes that nobody scans.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openBrowser, openPage } from '../support/browser.mjs';
import { openHouse } from '../support/house.mjs';
import { inState, visit } from '../support/view.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

test('an expired code is renewed by itself five times, then by one click', async (t) => {
  const house = await openHouse(t, { SESSION_SECONDS: 1 });
  const page = await openPage(browser);
  t.after(() => page.context().close());
  const uids = [];
  page.on('response', async (response) => {
    if (new URL(response.url()).pathname === '/qrcode') uids.push((await response.json()).uid);
  });
  const { expire_seconds } = await visit(page, house.url);
  assert.equal(expire_seconds, 1);

  await inState(page, 'expired');
  assert.equal(new Set(uids).size, 6, 'the first and five renewals');
  assert.match(await page.title(), /^↻/);
  assert.equal(await page.getByRole('status').textContent(), 'This code has expired.');

  await page.getByRole('button', { name: 'Get a new code' }).click();
  await inState(page, 'waiting');
  assert.equal(uids.length, 7);
});

test('a scan after the end is told in the chat, and the page keeps its new code', async (t) => {
  const house = await openHouse(t, { SESSION_SECONDS: 1 });
  const page = await openPage(browser);
  t.after(() => page.context().close());
  const { ticket } = await visit(page, house.url);
  await page.waitForResponse((response) => new URL(response.url()).pathname === '/qrcode');
  const report = await house.scan(ticket);
  assert.match(report.reply.text, /\S/);
  assert.equal(await page.locator('main:is(.scanned, .done)').count(), 0);
});
