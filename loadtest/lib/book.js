// What was said to a page and what it heard: each event once, in order, and none missing.

import { setTimeout } from 'k6/timers';
import { Counter, Rate, Trend } from 'k6/metrics';
import { push } from './gateway.js';

const accepted = new Counter('events_accepted');
const heard = new Counter('events_heard');
const lost = new Counter('events_lost');
const repeated = new Counter('events_repeated');
const unaccepted = new Counter('events_unaccepted');
const answers = new Counter('push_answers');
const refused = new Counter('push_fails');
const unanswered = new Rate('push_unanswered');
const answered = new Trend('push_answer', true);
const delivered = new Trend('push_to_page', true);
const outages = new Counter('push_outages');
const outage = new Trend('push_outage', true);

/** The pause before a line is said again, in milliseconds. */
const AGAIN = 100;

export class Book {
  constructor(code) {
    this.code = code;
    this.said = 0;
    this.accepted = 0;
    this.heard = 0;
    this.isBusy = false;
  }

  /**
   * Says the next event until it is accepted, as a backend does that wants it to arrive: the same line, with
   * the same push id. Gives up at `deadline`.
   */
  async say(deadline) {
    this.isBusy = true;
    const n = (this.said += 1);
    const begun = Date.now();
    const { uid, ticket } = this.code;
    const line = JSON.stringify({ uid, ticket, push_id: `n${n}`, reply: 'verbose', n, sent: begun });
    for (let again = 0; ; again += 1) {
      const asked = Date.now();
      const word = await push(line);
      answers.add(1, { result: word });
      unanswered.add(word === 'none' || word === 'unknown');
      if (word === 'ok' || word === 'queued') {
        answered.add(Date.now() - asked);
        accepted.add(1);
        this.accepted = n;
        if (again > 0) {
          outages.add(1);
          outage.add(Date.now() - begun);
        }
        break;
      }
      if (word === 'fail') refused.add(1);
      if (Date.now() > deadline) {
        unaccepted.add(1);
        break;
      }
      await new Promise((done) => setTimeout(done, AGAIN));
    }
    this.isBusy = false;
  }

  /** Notes an event that the page heard at `at`. */
  hears({ n, sent }, at) {
    if (n <= this.heard) return repeated.add(1);
    // Whatever lies between would come out of order, and the page would not take it.
    if (n > this.heard + 1) lost.add(n - this.heard - 1);
    this.heard = n;
    heard.add(1);
    delivered.add(at - sent);
  }

  /** Whether all that was accepted was heard, and nothing is under way. */
  isEven() {
    return !this.isBusy && this.heard >= this.accepted;
  }

  /** Counts what was accepted and never came. */
  close() {
    lost.add(Math.max(0, this.accepted - this.heard));
  }
}

/** Metrics that a threshold says something about are there, even if nothing of the kind happens. */
export function noteNothing() {
  for (const counter of [accepted, heard, lost, repeated, unaccepted, refused, outages]) counter.add(0);
}
