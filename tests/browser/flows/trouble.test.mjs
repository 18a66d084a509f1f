// Codes that cannot be had: WeChat is away, too many were asked for, nothing is set up.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openBrowser, openPage } from '../support/browser.mjs';
import { NO_ACCOUNT, openHouse } from '../support/house.mjs';
import { inState, visit } from '../support/view.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

async function guest(test, options) {
  const page = await openPage(browser, options);
  test.after(() => page.context().close());
  return page;
}

test('WeChat is away: a sentence, a countdown, and a code when it is back', async (t) => {
  const house = await openHouse(t);
  await house.trouble({ endpoint: 'qrcode_create', status: 502, times: 50 });
  const page = await guest(t);
  const answered = page.waitForResponse('**/qrcode?*');
  await page.goto(house.url);
  const reply = await answered;
  assert.equal(reply.status(), 503);
  assert.match((await reply.allHeaders())['retry-after'], /^\d+$/);
  await page
    .getByText(/^WeChat cannot be reached\. Next try in \d+ s\.$/)
    .first()
    .waitFor();
  assert.doesNotMatch(await page.locator('body').innerText(), /[{}]/);

  await fetch(`${house.sandbox.url}/sandbox/faults`, { method: 'DELETE' });
  await page.getByRole('button', { name: 'Try now' }).click();
  await inState(page, 'waiting');
});

test('it is tried again without a click', async (t) => {
  const house = await openHouse(t);
  await house.trouble({ endpoint: 'qrcode_create', status: 502, times: 50 });
  const page = await guest(t);
  await page.goto(house.url);
  await inState(page, 'failed');
  await fetch(`${house.sandbox.url}/sandbox/faults`, { method: 'DELETE' });
  await page.locator('main.waiting').waitFor({ timeout: 60_000 });
});

test('too many codes: said in the language of the browser', async (t) => {
  const house = await openHouse(t, { LIMIT_QRCODES_PER_MINUTE: 1 });
  await visit(await guest(t), house.url);
  const page = await guest(t, { locale: 'zh-CN' });
  const answered = page.waitForResponse('**/qrcode?*');
  await page.goto(house.url);
  assert.equal((await answered).status(), 429);
  await page
    .getByText(/^获取过于频繁，\d+ 秒后重试。$/)
    .first()
    .waitFor();
});

test('nothing set up: said, not shown raw', async (t) => {
  const house = await openHouse(t, NO_ACCOUNT);
  const page = await guest(t);
  await page.goto(house.url);
  await page.getByText('WeChat is not set up on this site yet.').first().waitFor();
});

test('an action that nobody knows is refused politely', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  await page.goto(`${house.url}?action=conquer`);
  await page.getByText('This page may not ask for a code.').first().waitFor();
  await page.getByRole('button', { name: 'Try now' }).waitFor();
});
