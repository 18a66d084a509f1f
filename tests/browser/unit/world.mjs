// A world for scangate.js to live in: its clock stands still until told, its sockets are ours.
// `world.pass(ms)` lets time pass and rings what falls due, in order.

export function pretendWorld({ chance = 0.5, hidden = false } = {}) {
  let now = 1_800_000_000_000;
  let nextTimer = 1;
  const timers = new Map();
  const page = new EventTarget();
  const world = {
    sockets: [],
    replies: [], // what fetch answers, oldest first
    fetched: [],
    chance,
    Math: { random: () => world.chance },
    Date: { now: () => now },
    document: Object.assign(new EventTarget(), { hidden }),
    addEventListener: (...listener) => page.addEventListener(...listener),
    setTimeout: (ring, ms) => (timers.set(nextTimer, { at: now + ms, ring }), nextTimer++),
    clearTimeout: (id) => timers.delete(id),
    WebSocket: class extends PretendSocket {
      constructor(url) {
        super(url);
        world.sockets.push(this);
      }
    },
    async fetch(url, options) {
      world.fetched.push({ url, ...options });
      const reply = world.replies.shift() ?? { body: code(world.fetched.length) };
      if (reply instanceof Error) throw reply;
      now += reply.takes ?? 0;
      const { status = 200, headers = {}, body } = reply;
      return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
    },
    /** The newest socket. */
    get socket() {
      return world.sockets.at(-1);
    },
    async pass(ms) {
      const end = now + ms;
      for (;;) {
        const [id, timer] = [...timers].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
        if (!timer || timer.at > end) break;
        timers.delete(id);
        now = Math.max(now, timer.at);
        timer.ring();
        await settled();
      }
      now = end;
    },
    /** Time passes and no timer rings: the laptop sleeps, or somebody sets the clock. */
    jump: (ms) => (now += ms),
    wake: (name = 'focus') => page.dispatchEvent(new Event(name)),
    look(hidden) {
      world.document.hidden = hidden;
      world.document.dispatchEvent(new Event('visibilitychange'));
    },
  };
  return world;
}

class PretendSocket {
  sent = [];
  closed = false;

  constructor(url) {
    this.url = url;
  }

  send(text) {
    this.sent.push(text);
  }

  close() {
    this.closed = true;
  }

  /** The newest message from the page. */
  get said() {
    return JSON.parse(this.sent.at(-1));
  }

  opens() {
    this.onopen?.();
  }

  hears(message) {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  echoes() {
    this.hears(this.sent.at(-1));
  }

  ends(code = 1006, reason = '') {
    this.onclose?.({ code, reason });
  }
}

/** A code as the gateway hands it out; each number is another. */
export function code(number = 1, expire_seconds = 120) {
  return {
    ticket: `gQ${number}`,
    expire_seconds,
    uid: 1000 + number,
    key: `k${number}`,
    url: 'http://w/q/1',
  };
}

/** When everything that was only waiting for promises has happened. */
export function settled() {
  return new Promise((done) => setImmediate(done));
}
