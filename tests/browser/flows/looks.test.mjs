// The page alone, on a stage: every state, light and dark, narrow and wide, by key and by ear.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { openBrowser, openPage } from '../support/browser.mjs';
import { CODE, echo, openStage, playGateway } from '../support/stage.mjs';
import { inState, overhang, poorContrast, readCode } from '../support/view.mjs';
import { STATES, reach } from '../support/states.mjs';

let browser, stage;
before(async () => ([browser, stage] = await Promise.all([openBrowser(), openStage()])));
after(async () => {
  await browser.close();
  stage.close();
});

async function visitStage(test, { query = '', parts, ...options } = {}) {
  const page = await openPage(browser, options);
  test.after(() => page.context().close());
  const play = await playGateway(page, parts);
  await page.goto(stage.url + query);
  return { page, play };
}

for (const state of Object.keys(STATES)) {
  test(`${state}: readable, narrow and dark too, and without a complaint of the browser`, async (t) => {
    for (const colorScheme of ['light', 'dark']) {
      const page = await openPage(browser, {
        colorScheme,
        locale: 'zh-CN',
        viewport: { width: 320, height: 640 },
        reducedMotion: 'reduce',
      });
      t.after(() => page.context().close());
      await reach(page, stage, state);
      assert.deepEqual(await poorContrast(page), []);
      assert.equal(await overhang(page), 0);
      assert.deepEqual(page.complaints, []);
    }
  });
}

test('the code on the screen says the url, at every width', async (t) => {
  for (const width of [320, 390, 1280]) {
    const { page } = await visitStage(t, { viewport: { width, height: 720 } });
    await inState(page, 'waiting');
    assert.equal(await readCode(page), CODE.url, `${width} px`);
  }
});

test('in the dark as well', async (t) => {
  const { page } = await visitStage(t, { colorScheme: 'dark' });
  await inState(page, 'waiting');
  assert.equal(await readCode(page), CODE.url);
});

test('without a url the platform draws the code', async (t) => {
  const { url, ...code } = CODE;
  const page = await openPage(browser);
  t.after(() => page.context().close());
  await playGateway(page, { qrcode: () => ({ json: { ...code, ticket: 'a+b/c==' } }) });
  const asked = page.waitForRequest('https://mp.weixin.qq.com/**');
  await page.route('https://mp.weixin.qq.com/**', (route) =>
    route.fulfill({
      contentType: 'image/svg+xml',
      body: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    }),
  );
  await page.goto(stage.url);
  assert.equal((await asked).url(), 'https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=a%2Bb%2Fc%3D%3D');
  await inState(page, 'waiting');
  assert.deepEqual(page.complaints, []);
});

for (const order of ['before', 'after']) {
  test(`a picture that fails ${order} the bind is echoed is said, and another can be had`, async (t) => {
    const { url, ...code } = CODE;
    const page = await openPage(browser);
    t.after(() => page.context().close());
    let echoed, fail;
    const bound = new Promise((resolve) => (echoed = resolve));
    const failed = new Promise((resolve) => (fail = resolve));
    await playGateway(page, {
      qrcode: (turn) => ({ json: turn ? CODE : code }),
      heard: async (text, socket) => {
        if (order === 'before') await failed;
        echo(text, socket);
        echoed();
      },
    });
    await page.route('https://mp.weixin.qq.com/**', async (route) => {
      if (order === 'after') await bound;
      await route.fulfill({ status: 404 });
    });
    await page.goto(stage.url);
    const sentence = page.locator('#status', { hasText: 'The code could not be shown.' });
    await sentence.waitFor();
    fail();
    await inState(page, 'waiting');
    await sentence.waitFor();
    await page.getByRole('button', { name: 'Get a new code' }).click();
    await page.getByText(/Expires in/).waitFor();
    assert.equal(await readCode(page), CODE.url);
  });
}

test('speaks the language of the browser', async (t) => {
  for (const [locale, lang, heading] of [
    ['zh-TW', 'zh-CN', '微信扫码登录'],
    ['de-DE', 'en', 'Sign in with WeChat'],
  ]) {
    const { page } = await visitStage(t, { locale, query: '?action=login' });
    await inState(page, 'waiting');
    assert.equal(await page.locator('html').getAttribute('lang'), lang);
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), heading);
    assert.equal(await page.title(), heading);
  }
});

test('has its landmarks, names and an ear for changes', async (t) => {
  const { page, play } = await visitStage(t);
  await inState(page, 'waiting');
  await page.getByRole('main').waitFor();
  await page.getByRole('img', { name: 'QR code to scan with WeChat' }).waitFor();
  const said = page.getByRole('status');
  assert.equal(await said.textContent(), 'Scan with WeChat, and your token appears here.');
  play.push({ cmd: 'scan' });
  await inState(page, 'scanned');
  assert.equal(await said.textContent(), 'Scanned. One moment…');
  assert.match(await page.title(), /^● /);
  play.push({ token: 'T', url: 'https://x.example/T.send' });
  await inState(page, 'done');
  assert.match(await page.title(), /^✓ /);
  assert.match(await said.textContent(), /token is ready/);
  for (const name of ['Copy: Token', 'Copy: Send address'])
    await page.getByRole('button', { name }).waitFor();
});

test('the countdown is seen, and not read out every second', async (t) => {
  const { page } = await visitStage(t);
  await inState(page, 'waiting');
  await page.evaluate(() => {
    window.readOut = 0;
    new MutationObserver(() => window.readOut++).observe(document.querySelector('[role=status]'), {
      childList: true,
      subtree: true,
    });
  });
  await page.getByText(/Expires in 1:58/).waitFor();
  assert.equal(await page.evaluate(() => window.readOut), 0);
});

test('works by key alone, and never loses the focus', async (t) => {
  const { page, play } = await visitStage(t);
  await inState(page, 'waiting');
  play.hangUp(4401);
  await inState(page, 'ended');
  const again = page.getByRole('button', { name: 'Get a new code' });
  await again.waitFor();
  await page.keyboard.press('Tab');
  assert.ok(
    await again.evaluate((button) => button === document.activeElement && button.matches(':focus-visible')),
  );
  assert.notEqual(await again.evaluate((button) => getComputedStyle(button).outlineStyle), 'none');
  await page.keyboard.press('Enter');
  await inState(page, 'waiting');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'MAIN');

  play.push({ token: 'T', url: 'https://x.example/T.send' });
  await inState(page, 'done');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Copy: Token');
});

test('copies, and says so', async (t) => {
  const { page, play } = await visitStage(t, { permissions: ['clipboard-read', 'clipboard-write'] });
  await inState(page, 'waiting');
  play.push({ token: 'T-1', url: 'https://x.example/T-1.send' });
  for (const [name, text] of [
    ['Token', 'T-1'],
    ['Send address', 'https://x.example/T-1.send'],
  ]) {
    await page.getByRole('button', { name: `Copy: ${name}` }).click();
    await page.getByText('Copied').first().waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  }
});

test('a token is text, whatever it looks like', async (t) => {
  const { page, play } = await visitStage(t);
  await inState(page, 'waiting');
  const token = `<img src=x onerror=alert(1)>'"&`;
  play.push({ token });
  await inState(page, 'done');
  assert.equal(await page.locator('dd code').first().textContent(), token);
  assert.equal(
    await page.locator('dd code').nth(1).textContent(),
    `${stage.url}${encodeURIComponent(token)}.send`,
  );
  assert.equal(await page.locator('dd img').count(), 0);
  assert.deepEqual(page.complaints, []);
});

test('a login goes to the site with the token, safely written', async (t) => {
  const { page, play } = await visitStage(t, { query: '?action=login' });
  await page.route('**/admin/login.php*', (route) => route.fulfill({ body: 'welcome' }));
  await inState(page, 'waiting');
  play.push({ cmd: 'login', token: 'a b&c=d#e+f' });
  await page.waitForURL('**/admin/login.php*');
  assert.equal(new URL(page.url()).searchParams.get('token'), 'a b&c=d#e+f');
});

test('a short break of the connection does not flicker', async (t) => {
  const { page, play } = await visitStage(t);
  await inState(page, 'waiting');
  await page.evaluate(() => {
    const main = document.querySelector('main');
    window.seen = new Set();
    new MutationObserver(() => window.seen.add(main.className.trim())).observe(main, { attributes: true });
  });
  const back = once(play.news, 'bind');
  play.hangUp(1001, 'retry_ms=0');
  await back;
  await page.getByText(/Expires in 1:5[0-8]/).waitFor(); // its patience would have ended by then
  assert.deepEqual(await page.evaluate(() => [...window.seen]), ['waiting']);
});

test('what the server says wrong is never shown raw', async (t) => {
  const { page } = await visitStage(t, {
    parts: { qrcode: () => ({ status: 500, json: { error: { code: 'boom', message: 'stack trace' } } }) },
  });
  await inState(page, 'failed');
  const text = await page.locator('body').innerText();
  assert.match(text, /WeChat cannot be reached\. Next try in \d+ s\./);
  assert.doesNotMatch(text, /stack|boom|\{/);
});

test('missed news is told, and a new code offered', async (t) => {
  const { page, play } = await visitStage(t);
  await inState(page, 'waiting');
  play.say({ cmd: 'gap' });
  await page.getByText('Some news was missed.').first().waitFor();
  await page.getByRole('button', { name: 'Get a new code' }).click();
  await page.getByText(/Expires in/).waitFor();
});

test('while the broker is away the page keeps trying, and says that it connects', async (t) => {
  let refusals = 0;
  const heard = (text, socket) => {
    if (!JSON.parse(text).uid || refusals++ > 1) return echo(text, socket);
    socket.send('{"cmd":"error","code":"unavailable","message":"later"}');
  };
  const { page } = await visitStage(t, { parts: { heard } });
  await inState(page, 'waiting');
  assert.equal(refusals, 3);
});

test('without JavaScript it says what is missing', async (t) => {
  const { page } = await visitStage(t, { javaScriptEnabled: false });
  for (const [nth, words] of [/switch on JavaScript/, /请启用 JavaScript/].entries()) {
    const line = page.locator('noscript p').nth(nth);
    await line.waitFor();
    assert.match(await line.innerText(), words);
  }
});

test('what the browser loads is less than 36 KB', async (t) => {
  const page = await openPage(browser);
  t.after(() => page.context().close());
  await playGateway(page);
  const responses = [];
  page.on('response', (response) => responses.push(response));
  await page.goto(stage.url, { waitUntil: 'networkidle' });
  await inState(page, 'waiting');
  const sizes = new Map();
  for (const response of responses)
    if (response.url().startsWith(stage.url) && !response.url().includes('/qrcode'))
      sizes.set(response.url(), (await response.body()).length);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(sizes.size === 8 && total < 36_000, `${total} bytes: ${JSON.stringify([...sizes])}`);
});
