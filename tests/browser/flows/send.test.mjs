// The snippet that the page shows after the scan is what it says: run as it is, it sends a message.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openBrowser, openPage } from '../support/browser.mjs';
import { openHouse } from '../support/house.mjs';
import { inState, visit } from '../support/view.mjs';

/** The one template of the sandbox's account. */
const TEMPLATE = 'sandboxTemplate0000000000000000000000000001';
const run = promisify(execFile);

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

async function guest(test) {
  const page = await openPage(browser);
  test.after(() => page.context().close());
  return page;
}

test('the snippet on the page, run in a shell, puts a card into the chat that opens its page', async (t) => {
  const house = await openHouse(t, { WECHAT_TEMPLATE_ID: TEMPLATE });
  const page = await guest(t);
  const { ticket } = await visit(page, house.url);
  await house.scan(ticket);
  await inState(page, 'done');
  const snippet = await page.locator('dd code').last().textContent();

  const phone = await guest(t);
  await phone.goto(`${house.sandbox.url}/phone`);
  await phone.locator('#chat').waitFor();
  assert.equal(await phone.locator('#chat .sheet').count(), 0);
  // The progress of curl goes elsewhere.
  const { stdout } = await run('sh', ['-c', snippet]);
  const { errcode, errmsg, data } = JSON.parse(stdout);
  assert.deepEqual([errcode, errmsg], [0, 'ok']);

  const card = phone.locator('#chat .sheet', { hasText: 'Hello' });
  await card.waitFor();
  const opened = phone.waitForEvent('popup');
  await card.locator('a').click();
  const message = await opened;
  await message.getByRole('heading', { name: 'Hello' }).waitFor();
  assert.equal(message.url(), data.url);
});

test('a token that was renewed is void in the snippet of before', async (t) => {
  const house = await openHouse(t, { WECHAT_TEMPLATE_ID: TEMPLATE });
  const snippets = [];
  for (const action of ['token', 'renew']) {
    const page = await guest(t);
    const { ticket } = await visit(page, `${house.url}?action=${action}`);
    await house.scan(ticket);
    await inState(page, 'done');
    snippets.push(await page.locator('dd code').last().textContent());
  }
  const answers = [];
  for (const snippet of snippets) answers.push(JSON.parse((await run('sh', ['-c', snippet])).stdout).errmsg);
  assert.deepEqual(answers, ['token_unknown', 'ok']);
});
