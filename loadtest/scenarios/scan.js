// scan: what the gateway is for. A page asks for a code and binds, a person scans it, WeChat calls back, the
// page hears of the scan and then the result.

import http from 'k6/http';
import exec from 'k6/execution';
import { setTimeout, clearTimeout } from 'k6/timers';
import { Trend } from 'k6/metrics';
import { options as flow, visits } from '../lib/flow.js';
import { Page } from '../lib/page.js';
import { P95_MS, PAGE_URL, PATIENCE, SANDBOX_URL } from '../lib/settings.js';

/** From the callback being asked for to the event at the page. */
const toScreen = new Trend('scan_to_screen', true);
/** The same to the result that follows. */
const toResult = new Trend('scan_to_result', true);

export { handleSummary } from '../lib/summary.js';
export const options = flow({ scan_to_screen: [`p(95)<${P95_MS}`] });

/** Who is there to scan. */
export function setup() {
  const { people } = http.get(`${SANDBOX_URL}/sandbox/people`).json();
  return people.map(({ id }) => id);
}

export default visits(async (people) => {
  const reply = http.get(`${PAGE_URL}/qrcode`, { tags: { name: 'qrcode' } });
  if (reply.status !== 200) return false;
  const heard = [];
  let wake;
  const both = new Promise((done) => (wake = done));
  const page = new Page(reply.json(), (event, at) => {
    heard.push({ event, at });
    if (heard.length === 2) wake(true);
  });
  page.open();
  try {
    if (!(await page.binds(1000 * PATIENCE))) return false;
    const asked = Date.now();
    const scan = scans(people[exec.scenario.iterationInTest % people.length], page.code.ticket);
    const bell = setTimeout(() => wake(false), 1000 * PATIENCE);
    const isHeard = await both;
    clearTimeout(bell);
    const { status } = (await scan).json();
    if (!isHeard || status !== 200) return false;
    const [first, second] = heard;
    toScreen.add(first.at - asked);
    toResult.add(second.at - asked);
    return first.event.cmd === 'scan' && second.event.token !== undefined;
  } finally {
    page.leave();
  }
});

/** Lets a person scan a code; the answer comes when the gateway has answered the callback. */
function scans(person, ticket) {
  const order = JSON.stringify({ ticket, person });
  return http.asyncRequest('POST', `${SANDBOX_URL}/sandbox/scan`, order, { tags: { name: 'scan' } });
}
