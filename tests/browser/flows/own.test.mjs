// A page of a site of its own, which shows codes that the site's backend has made: to bind an account,
// to unbind it, to give it points.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { openBrowser, openPage } from '../support/browser.mjs';
import { openHouse } from '../support/house.mjs';

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>My account</title>
<div id="code"></div>
<p id="state"></p>
<ol id="events"></ol>
<script type="module">
  const query = new URLSearchParams(location.search);
  const gateway = query.get('gateway');
  const { connect } = await import(gateway + '/assets/scangate.js');
  const { svg } = await import(gateway + '/assets/qr.js');
  const reply = await fetch('/code?action=' + query.get('action') + '&account=' + query.get('account'));
  const gate = connect({ code: await reply.json() });
  const show = (name, detail) => {
    const item = document.createElement('li');
    item.textContent = JSON.stringify([name, detail]);
    document.getElementById('events').append(item);
  };
  gate.on('state', ({ state, reason, code }) => {
    document.getElementById('code').innerHTML = svg(code.url);
    document.getElementById('state').textContent = reason ? state + ': ' + reason : state;
  });
  for (const name of ['scan', 'confirm', 'result', 'refused', 'gap', 'expired'])
    gate.on(name, (detail) => show(name, detail));
</script>
`;

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

/** A site with a backend that asks the gateway for codes, and a way to have one scanned. */
async function openSite(t, settings) {
  let house;
  const codes = [];
  const site = createServer(async (request, reply) => {
    const { pathname, searchParams } = new URL(request.url, 'http://site');
    if (pathname !== '/code') return reply.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE);
    const made = await fetch(`http://${house.gateway.addresses.ops}/api/v1/sessions`, {
      method: 'POST',
      body: JSON.stringify(Object.fromEntries(searchParams)),
    });
    codes.push(await made.json());
    reply.writeHead(made.ok ? 200 : 502).end(JSON.stringify(codes.at(-1)));
  });
  await new Promise((listening) => site.listen(0, '127.0.0.1', listening));
  t.after(() => (site.closeAllConnections(), site.close()));
  const origin = `http://127.0.0.1:${site.address().port}`;
  house = await openHouse(t, { PUBLIC_ORIGINS: origin, ...settings });
  const gateway = house.url.replace(/\/$/, '');

  /** Shows a code and has `person` scan it. */
  async function shown(action, account, person) {
    const page = await openPage(browser);
    t.after(() => page.context().close());
    await page.goto(`${origin}/?${new URLSearchParams({ gateway, action, account })}`);
    await says(page, 'waiting');
    assert.ok(await page.locator('#code svg').count(), 'the code is drawn');
    await house.scan(codes.at(-1).ticket, person);
    return page;
  }

  /** What a page has heard, each event with its name; the first is the scan. */
  async function heard(page) {
    const { uid, ticket } = codes.at(-1);
    const items = await page.locator('#events li').allTextContents();
    const events = items.map((text) => JSON.parse(text));
    for (const [, event] of events) {
      assert.deepEqual([event.uid, event.ticket], [uid, ticket]);
      for (const own of ['uid', 'ticket', 'event_id']) delete event[own];
    }
    assert.deepEqual(events.shift(), ['scan', { cmd: 'scan' }]);
    assert.deepEqual(page.complaints, []);
    return events;
  }

  /** Shows a code, has `person` scan it: what the page says at the end, and what it has heard. */
  async function scanned(action, account, person) {
    const page = await shown(action, account, person);
    const said = await says(page, /^(done|refused: .+)$/);
    await page.locator('#events li').nth(1).waitFor();
    return [said, ...(await heard(page))];
  }
  return { house, shown, heard, scanned };
}

/** Waits until the page says this of its state. */
async function says(page, what) {
  const state = page.locator('#state').getByText(what, { exact: true });
  await state.waitFor();
  return state.textContent();
}

/** What is left of a scan that was refused. */
const refused = (code) => [`refused: ${code}`, ['refused', { cmd: 'refused', code }]];

test('bound, unbound, and refused where somebody else is', async (t) => {
  const { scanned } = await openSite(t);
  const [bound, unbound] = ['bind', 'unbind'].map((cmd) => ['done', ['result', { cmd, account: 'alice' }]]);
  assert.deepEqual(await scanned('unbind', 'alice', 'mei'), refused('not_bound'));
  assert.deepEqual(await scanned('bind', 'alice', 'mei'), bound);
  assert.deepEqual(await scanned('bind', 'alice', 'lei'), refused('account_taken'));
  assert.deepEqual(await scanned('bind', 'bob', 'mei'), refused('person_taken'));
  assert.deepEqual(await scanned('unbind', 'alice', 'mei'), unbound);
  assert.deepEqual(await scanned('bind', 'alice', 'lei'), bound);
});

test('points, for whose the account is, and so many a day', async (t) => {
  const { house, scanned } = await openSite(t, { POINTS_PER_SCAN: 5, POINTS_PER_DAY: 2 });
  await scanned('bind', 'alice', 'mei');
  assert.deepEqual(await scanned('points', 'alice', 'lei'), refused('not_yours'));
  for (const balance of [5, 10]) {
    const given = { cmd: 'points', account: 'alice', points: 5, balance };
    assert.deepEqual(await scanned('points', 'alice', 'mei'), ['done', ['result', given]]);
  }
  assert.deepEqual(await scanned('points', 'alice', 'mei'), refused('daily_limit'));
  const path = `http://${house.gateway.addresses.ops}/api/v1/accounts/alice/points`;
  assert.equal((await (await fetch(path)).json()).balance, 10);
});

test('where a bind has to be confirmed the page gets the number, and the phone chooses it', async (t) => {
  const { house, shown, heard } = await openSite(t, { CONFIRM_ACTIONS: 'bind' });
  const path = `http://${house.gateway.addresses.ops}/api/v1/accounts/alice`;
  const whose = async () => (await (await fetch(path)).json()).openid;
  const phone = await openPage(browser);
  t.after(() => phone.context().close());
  await phone.goto(`${house.sandbox.url}/phone`);
  for (const right of [false, true]) {
    const page = await shown('bind', 'alice', 'mei');
    await says(page, 'confirming');
    await page.locator('#events li').nth(1).waitFor();
    const [[name, { cmd, number }]] = await heard(page);
    assert.deepEqual([name, cmd], ['confirm', 'confirm']);
    assert.equal(await whose(), null);

    const links = phone.locator('#chat a');
    await links.nth(Number(right)).waitFor();
    const opened = phone.waitForEvent('popup');
    await links.last().click();
    const sheet = await opened;
    if (!right) {
      await sheet.getByRole('button', { name: 'This was not me: decline' }).click();
      await says(page, 'declined');
      assert.equal(await whose(), null);
      continue;
    }
    await sheet.getByRole('button', { name: number, exact: true }).click();
    await says(page, 'done');
    await page.locator('#events li').nth(2).waitFor();
    assert.deepEqual((await heard(page)).at(-1), ['result', { cmd: 'bind', account: 'alice' }]);
    assert.match(await whose(), /\S/);
  }
});
