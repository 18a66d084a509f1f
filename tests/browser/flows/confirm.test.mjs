// A login that has to be confirmed: the page shows a number, and the person chooses it on a page
// inside WeChat, from the link in the chat.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openBrowser, openPage } from '../support/browser.mjs';
import { openHouse } from '../support/house.mjs';
import { inState, overhang, poorContrast, visit } from '../support/view.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

async function guest(test, options) {
  const page = await openPage(browser, options);
  test.after(() => page.context().close());
  return page;
}

/** A house where logins are confirmed, the page with its code, and the phone's page after the scan. */
async function stage(t, { settings = {}, phone: options = {} } = {}) {
  const house = await openHouse(t, { CONFIRM_ACTIONS: 'login', PUBLIC_NAME: 'Tea & Cake', ...settings });
  const page = await guest(t);
  await page.route('**/admin/login.php*', (route) => route.fulfill({ body: 'welcome' }));
  const code = await visit(page, `${house.url}?action=login`);
  const phone = await guest(t, { viewport: { width: 390, height: 780 }, ...options });
  await phone.goto(`${house.sandbox.url}/phone`);
  await house.scan(code.ticket);
  await inState(page, 'confirming');
  const opened = phone.waitForEvent('popup');
  await phone.locator('#chat a').click();
  const sheet = await opened;
  await sheet.getByRole('heading', { level: 1 }).waitFor();
  const number = await page.locator('#number').textContent();
  assert.match(number, /^[1-9]\d$/);
  return { house, page, sheet, number, code };
}

test('the number that the page shows, chosen on the phone, logs in', async (t) => {
  const { page, sheet, number } = await stage(t);
  assert.equal(await page.getByRole('status').textContent(), `Choose the number ${number} on your phone.`);
  assert.equal(await sheet.getByText('Tea & Cake').count(), 1);
  await sheet.getByRole('button', { name: number, exact: true }).click();
  await page.waitForURL('**/admin/login.php?token=*');
  await sheet.getByRole('heading', { name: 'Confirmed' }).waitFor();
  await sheet.reload();
  await sheet.getByRole('heading', { name: 'Confirmed' }).waitFor();
});

test('whoever declines is believed, and the page shows it', async (t) => {
  const { page, sheet } = await stage(t);
  await sheet.getByRole('button', { name: 'This was not me: decline' }).click();
  await sheet.getByRole('heading', { name: 'Declined' }).waitFor();
  await inState(page, 'declined');
  await page.getByText('Declined on the phone. Nothing was done.').first().waitFor();
  await page.getByRole('button', { name: 'Get a new code' }).click();
  await inState(page, 'waiting');
});

test('a wrong number declines', async (t) => {
  const { page, sheet, number } = await stage(t);
  const numbers = await sheet.locator('fieldset button').allTextContents();
  assert.equal(numbers.length, 3);
  assert.ok(numbers.includes(number));
  const wrong = numbers.find((other) => other !== number);
  await sheet.getByRole('button', { name: wrong, exact: true }).click();
  await inState(page, 'declined');
});

test('what nobody confirms expires on both', async (t) => {
  const { page, sheet, code } = await stage(t, { settings: { CONFIRM_SECONDS: 3 } });
  const renewed = await page.waitForResponse((reply) => new URL(reply.url()).pathname === '/qrcode');
  assert.notEqual((await renewed.json()).uid, code.uid);
  await inState(page, 'waiting');
  await sheet.reload();
  await sheet.getByRole('heading', { name: 'Expired' }).waitFor();
});

test('a broken connection misses nothing of it', async (t) => {
  const { house, page, sheet, number } = await stage(t);
  house.door.cut();
  await sheet.getByRole('button', { name: number, exact: true }).click();
  await page.waitForURL('**/admin/login.php?token=*');
});

for (const [locale, title] of [
  ['zh-CN', '是您本人操作吗？'],
  ['en-GB', 'Is this you?'],
]) {
  test(`the sheet in ${locale}: readable, narrow and dark too, and works without a script`, async (t) => {
    for (const colorScheme of ['light', 'dark']) {
      const { page, sheet, number } = await stage(t, {
        phone: { locale, colorScheme, viewport: { width: 320, height: 640 } },
      });
      assert.equal(await sheet.getByRole('heading', { level: 1 }).textContent(), title);
      assert.deepEqual(await poorContrast(sheet), []);
      assert.equal(await overhang(sheet), 0);
      assert.equal(await sheet.locator('script').count(), 0);
      await sheet.locator(`button[value="${number}"]`).click();
      await page.waitForURL('**/admin/login.php?token=*');
    }
  });
}
