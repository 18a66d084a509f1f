// A person scans, and the page knows: the real gateway, the sandbox in WeChat's place, and its phone page.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openBrowser, openPage } from '../support/browser.mjs';
import { openHouse } from '../support/house.mjs';
import { inState, readCode, visit } from '../support/view.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

async function guest(test, options) {
  const page = await openPage(browser, options);
  test.after(() => page.context().close());
  return page;
}

test('a tap on the phone brings the token, and the token can send', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  const code = await visit(page, house.url);
  assert.equal(await readCode(page), code.url, 'what is on the screen is what WeChat made');

  const phone = await guest(t);
  await phone.goto(`${house.sandbox.url}/phone`);
  await phone
    .getByRole('button', { name: /^Scan as/ })
    .first()
    .click();

  await inState(page, 'done');
  const [token, url, example] = await page.locator('dd code').allTextContents();
  assert.match(token, /^\S{20,}$/);
  assert.equal(new URL(url).pathname, `/${token}.send`);
  assert.equal(example, `curl -d text=Hello ${url}`);
  assert.match(await page.title(), /^✓/);
  assert.equal(await page.locator('#code').isVisible(), false);
  assert.deepEqual(page.complaints, [], 'no script error, no violation of the policy');
});

test('a scanned login goes to the site, with a token that its backend can verify once', async (t) => {
  const house = await openHouse(t, { LOGIN_URL: '/assets/settings.json' });
  const page = await guest(t);
  const { ticket } = await visit(page, `${house.url}?action=login`);
  await Promise.all([page.waitForURL('**/assets/settings.json?token=*'), house.scan(ticket)]);
  const token = new URL(page.url()).searchParams.get('token');

  const verify = () =>
    fetch(`http://${house.gateway.addresses.ops}/api/v1/login/verify`, {
      method: 'POST',
      body: JSON.stringify({ token }),
    });
  const first = await verify();
  assert.equal(first.status, 200);
  assert.match((await first.json()).openid, /\S/);
  assert.equal((await verify()).status, 410);
});

test('what a backend pushes is seen at once: scanned, refused, and the token after all', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  const { uid, ticket } = await visit(page, house.url);
  assert.equal(await house.push({ uid, ticket, cmd: 'scan' }), 'ok');
  await inState(page, 'scanned');
  assert.equal(await house.push({ uid, ticket, cmd: 'refused', code: 'not_allowed' }), 'ok');
  await inState(page, 'refused');
  await page.getByRole('button', { name: 'Get a new code' }).waitFor();
  assert.equal(await house.push({ uid, ticket, token: 'T', url: 'https://x.example/T.send' }), 'ok');
  await inState(page, 'done');
  assert.equal(await house.push({ uid, ticket: 'another', token: 'X' }), 'fail');
  assert.equal(await page.locator('dd code').first().textContent(), 'T');
});

test('without a url the picture comes from the platform, and says the same', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  let url;
  await page.route('**/qrcode?*', async (route) => {
    const response = await route.fetch();
    const { url: hidden, ...code } = await response.json();
    url = hidden;
    await route.fulfill({ response, json: code });
  });
  const picture = page.waitForResponse('**/cgi-bin/showqrcode?ticket=*');
  await visit(page, house.url);
  await (await picture).finished();
  await page.waitForFunction(() => document.getElementById('code').naturalWidth > 0);
  assert.equal(await readCode(page), url);
  assert.deepEqual(page.complaints, []);
});

test('a falsified scan changes nothing', async (t) => {
  const house = await openHouse(t);
  const page = await guest(t);
  const { ticket } = await visit(page, house.url);
  const phone = await guest(t);
  await phone.goto(`${house.sandbox.url}/phone`);
  await phone.getByText('Other ways to scan').first().click();
  await phone.getByRole('button', { name: 'Wrong signature' }).first().click();
  await phone.getByText('The gateway answered 403').waitFor();
  assert.equal(await page.locator('main.waiting').count(), 1);
  await house.scan(ticket);
  await inState(page, 'done');
});

test('two tabs have two codes, and each its own news', async (t) => {
  const house = await openHouse(t);
  const [one, two] = [await guest(t), await guest(t)];
  const [first, second] = [await visit(one, house.url), await visit(two, house.url)];
  assert.notEqual(first.uid, second.uid);
  await house.scan(second.ticket, 'mei');
  await inState(two, 'done');
  assert.equal(await one.locator('main.waiting').count(), 1);
});
