// A crowd of pages, each with a backend that pushes to it. What is done to the gateway meanwhile is for
// others: whatever it is, the pages have each accepted event once and in order.

import http from 'k6/http';
import { setTimeout } from 'k6/timers';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import * as books from './book.js';
import * as pages from './page.js';
import { register } from './gateway.js';
import { HANG_UP, PAGES, PATIENCE, RATE, SECONDS, VUS, WATCH_URL } from './settings.js';

const bound = new Counter('pages_bound');
const settled = new Counter('pages_settled');
const { Book } = books;
const { Page } = pages;

/** How long all pages together may take to open, in seconds. */
const OPENING = 60;
/** How often a virtual user looks whether something is due, in milliseconds. */
const TICK = 5;
/** How often it asks whether the load may end, in milliseconds. */
const ASK = 500;

/** k6's options of a crowd, with these thresholds. */
export function options(thresholds) {
  const crowd = {
    executor: 'per-vu-iterations',
    vus: VUS,
    iterations: 1,
    maxDuration: `${OPENING + SECONDS + 2 * PATIENCE}s`,
    gracefulStop: '0s',
  };
  return {
    scenarios: { crowd },
    thresholds: {
      pages_bound: [`count==${PAGES}`],
      // Fewer, and a script has failed: k6 itself does not mind.
      pages_settled: [`count==${PAGES}`],
      events_heard: ['count>0'],
      events_lost: ['count==0'],
      events_repeated: ['count==0'],
      events_unaccepted: ['count==0'],
      page_refusals: ['count==0'],
      page_gaps: ['count==0'],
      ...thresholds,
    },
    summaryTrendStats: ['avg', 'min', 'med', 'p(95)', 'p(99)', 'max', 'count'],
  };
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** A virtual user's share of the crowd, from its opening to its end. */
export async function crowdOfPages() {
  books.noteNothing();
  pages.noteNothing();
  const index = exec.scenario.iterationInTest;
  const couples = [];
  // The first ones have one more, where it does not come out even.
  for (let number = index; number < PAGES; number += VUS) {
    const code = register(OPENING + SECONDS + 2 * PATIENCE);
    const book = new Book(code);
    const page = new Page(code, (event, at) => book.hears(event, at));
    couples.push({ book, page });
    page.open();
    if (await page.binds(1000 * OPENING)) bound.add(1);
  }
  await pushes(couples);
  const deadline = Date.now() + 1000 * PATIENCE;
  while (Date.now() < deadline && !couples.every(({ book }) => book.isEven())) await pause(TICK);
  for (const { book, page } of couples) {
    book.close();
    page.leave();
    settled.add(1);
  }
}

/** Pushes to the pages in turn, at this user's share of the rate; who still waits for an answer is passed over. */
async function pushes(couples) {
  const begun = Date.now();
  const deadline = begun + 1000 * (SECONDS + PATIENCE);
  const isOver = watches(begun + 1000 * SECONDS);
  let hasHungUp = !HANG_UP;
  let said = 0;
  let turn = 0;
  while (!(await isOver())) {
    const seconds = (Date.now() - begun) / 1000;
    const due = RATE === 0 ? Infinity : seconds * (RATE / VUS);
    for (let tried = 0; said < due && tried < couples.length; tried += 1) {
      const { book } = couples[turn++ % couples.length];
      if (book.isBusy) continue;
      book.say(deadline);
      said += 1;
    }
    if (!hasHungUp && seconds > SECONDS / 2) {
      hasHungUp = true;
      couples.forEach(({ page }) => page.drop());
    }
    await pause(TICK);
  }
}

/** A question whether the load is over: at `end`, or when whoever watches says so. */
function watches(end) {
  let asked = Date.now();
  return async () => {
    const now = Date.now();
    if (now >= end || !WATCH_URL || now < asked + ASK) return now >= end;
    asked = now;
    const reply = await http.asyncRequest('GET', WATCH_URL, null, { tags: { name: 'watch' } });
    return reply.status === 200;
  };
}
