// A page as a browser has it: binds, hears events once and in order, and comes back when it is cut.

import { WebSocket } from 'k6/websockets';
import { setTimeout, clearTimeout } from 'k6/timers';
import { Counter, Trend } from 'k6/metrics';
import { PAGE_URL } from './settings.js';

const opened = new Trend('page_open', true);
const bound = new Trend('page_bind', true);
const returned = new Trend('page_return', true);
const cuts = new Counter('page_cuts');
const refusals = new Counter('page_refusals');
const gaps = new Counter('page_gaps');

/** The longest pause before a page comes back, in milliseconds, where the gateway names none. */
const PAUSE = 500;

export class Page {
  /** A page with a code; `hears(event, at)` gets each event and when it came, in milliseconds. */
  constructor(code, hears) {
    this.code = code;
    this.hears = hears;
    this.since = '';
    this.leaving = false;
    this.isBound = false;
    this.socket = null;
    this.cutAt = 0;
    this.wakers = [];
  }

  /** Opens the page. */
  open() {
    const begun = Date.now();
    let asked = 0;
    const socket = new WebSocket(`${PAGE_URL.replace(/^http/, 'ws')}/ws`, null, { tags: { name: 'page' } });
    this.socket = socket;
    socket.addEventListener('open', () => {
      if (this.leaving) return socket.close();
      opened.add(Date.now() - begun);
      asked = Date.now();
      this.bind();
    });
    socket.addEventListener('message', ({ data, timestamp }) => {
      const message = JSON.parse(data);
      if (message.uid === undefined) this.isTold(message);
      else if (message.event_id === undefined) {
        // The echo of the bind.
        bound.add(timestamp - asked);
        if (this.cutAt) returned.add(timestamp - this.cutAt);
        this.cutAt = 0;
        this.isBound = true;
        this.wakers.splice(0).forEach((wake) => wake(true));
      } else {
        this.since = message.event_id;
        this.hears(message, timestamp);
      }
    });
    socket.addEventListener('close', ({ code, reason }) => {
      this.isBound = false;
      if (this.leaving) return;
      // One that tries to come back and fails has been cut once.
      if (!this.cutAt) {
        cuts.add(1, { code: String(code || 'none') });
        this.cutAt = Date.now();
      }
      const [, most = PAUSE] = /^retry_ms=(\d+)$/.exec(reason) ?? [];
      setTimeout(() => this.leaving || this.open(), Math.random() * most);
    });
    // What went wrong is told by `close`, which always follows.
    socket.addEventListener('error', () => {});
  }

  bind() {
    if (this.socket.readyState === 1) this.socket.send(JSON.stringify({ ...this.code, since: this.since }));
  }

  /** A message of the gateway's own. */
  isTold({ cmd, code }) {
    if (cmd === 'gap') gaps.add(1);
    if (cmd !== 'error') return;
    if (code === 'unavailable') setTimeout(() => this.bind(), (0.5 + Math.random()) * PAUSE);
    else refusals.add(1, { code });
  }

  /** Waits until the page is bound; false where it takes too long. */
  binds(milliseconds) {
    if (this.isBound) return Promise.resolve(true);
    return new Promise((wake) => {
      const bell = setTimeout(() => wake(false), milliseconds);
      this.wakers.push((value) => {
        clearTimeout(bell);
        wake(value);
      });
    });
  }

  /** Ends the connection, without leaving: the page comes back by itself. */
  drop() {
    // One that is still opening cannot be closed: k6 would wait for ever.
    if (this.socket.readyState === 1) this.socket.close();
  }

  /** Leaves for good. */
  leave() {
    this.leaving = true;
    this.drop();
  }
}

/** Metrics that a threshold says something about are there, even if nothing of the kind happens. */
export function noteNothing() {
  for (const counter of [cuts, refusals, gaps]) counter.add(0);
}
