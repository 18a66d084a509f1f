// The browser's half of a scan session: asks the gateway for a code, binds it over a websocket,
// tells what becomes of it, and outlives sleep, bad networks and restarts. Events: README.md.

const PING = '{"cmd":"ping","pong":true}';
const PING_MS = 30_000;
/** How long a handshake, a bind or a ping may go unanswered before the connection counts as dead. */
const ANSWER_MS = 10_000;
const RETRY_MS = 500;
const RETRY_MAX_MS = 30_000;
/** Lets the gateway, whose clock decides, be the first to say that a code has expired. */
const GRACE_MS = 1_500;
/** Refused binds, a size or rate limit, too slow: coming straight back would only repeat it. */
const SLOW_CLOSES = [1003, 1009, 4403, 4429, 4508];
const WITHDRAWN = 4401;
const RESULTS = ['login', 'bind', 'unbind', 'points'];
const REMEMBERED = 256;
/** Rides on a fetched code, unseen by JSON: how many ms old the code already was on arrival. */
const AGE = Symbol('age');

/** Opens a session at once: binds `options.code` if given, otherwise asks for a code. */
export function connect(options = {}) {
  const gate = new Scangate(options);
  if (options.code) gate.bind(options.code);
  else gate.refresh();
  return gate;
}

export class Scangate extends EventTarget {
  state = 'idle';
  reason = null;
  code = null;
  #env;
  #link;
  #alarms;
  #unlisten;
  #told;
  #fetched = false; // so that another can be had the same way
  #live = false; // worth binding again after a reconnect
  #bound = false;
  #pending = []; // binds not answered yet; answers come in order
  #since = '';
  #seen = new Set();
  #expiry = { now: 0, ticks: 0, ms: 0 };
  #turn = 0; // a newer request for a code makes an older reply void
  #renewals = 0;
  #failures = 0;

  constructor(options = {}) {
    super();
    const env = (this.#env = withDefaults(options));
    this.#alarms = new Alarms(env);
    this.#link = new Link(env, {
      up: () => (this.#sendBind(), this.#tell()),
      down: (code) => this.#linkDown(code),
      text: (text) => this.#hear(text),
    });
    this.#unlisten = env.onWake(() => this.#wake());
  }

  /** Listens to an event's detail; returns the way to stop. */
  on(name, listener) {
    const relay = ({ detail }) => listener(detail);
    this.addEventListener(name, relay);
    return () => this.removeEventListener(name, relay);
  }

  /** Whether news of the code would arrive this very moment. */
  get online() {
    return this.#link.up && (this.#bound || !this.#live);
  }

  /** For how long the code can still be scanned. */
  get secondsLeft() {
    return Math.max(0, Math.ceil(this.#msLeft() / 1000));
  }

  /** Until the next attempt to get a code or to reconnect; 0 when none is planned. */
  get retrySeconds() {
    const due = this.#alarms.due('load') || this.#link.retryDue;
    return due && Math.max(1, Math.ceil((due - this.#env.now()) / 1000));
  }

  /** Asks for a new code, on somebody's wish: automatic renewals are counted afresh. */
  refresh() {
    this.#renewals = this.#failures = 0;
    this.#load();
  }

  /** Binds a code made elsewhere, for example by a backend for a person it knows. */
  bind(code) {
    this.#turn++;
    this.#fetched = false;
    this.#take(code);
  }

  close() {
    this.#turn++;
    this.#live = false;
    this.#alarms.clearAll();
    this.#unlisten();
    this.#link.close();
    this.#enter('closed');
  }

  async #load() {
    const turn = ++this.#turn;
    this.#alarms.clearAll();
    this.#live = false;
    this.#enter('loading');
    this.#link.open();
    try {
      const code = await this.#env.fetchCode();
      if (turn !== this.#turn) return;
      this.#fetched = true;
      this.#take(code);
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
    }
  }

  #failed({ reason = 'network', retryMs = 0 }) {
    const pause = retryMs + this.#backoff(2 * RETRY_MS);
    const again = () => this.#env.visible() && this.#load();
    if (reason !== 'denied') this.#alarms.set('load', pause, again);
    this.#enter('failed', reason);
  }

  #take(code) {
    const { now, ticks } = this.#env;
    this.#alarms.clearAll();
    this.code = code;
    this.#live = true;
    this.#bound = false;
    this.#since = '';
    this.#seen.clear();
    this.#expiry = { now: now(), ticks: ticks(), ms: code.expire_seconds * 1000 - (code[AGE] ?? 0) };
    this.#enter('loading');
    this.#watchExpiry();
    this.#link.open();
    this.#sendBind();
  }

  #sendBind() {
    if (!this.#live || !this.#link.up) return;
    const text = JSON.stringify({ ...this.code, since: this.#since });
    this.#pending.push({ text, code: this.code });
    this.#link.say(text);
  }

  // The wall clock runs on while a laptop sleeps, the ticks do not; the ticks stay true when
  // somebody sets the wall clock back. Whichever saw more time pass is right.
  #msLeft() {
    const { now, ticks, ms } = this.#expiry;
    return ms - Math.max(this.#env.now() - now, this.#env.ticks() - ticks);
  }

  #watchExpiry() {
    const left = this.#msLeft() + GRACE_MS;
    if (left > 0) this.#alarms.set('expiry', left, () => this.#watchExpiry());
    else if (this.#unscanned()) this.#expire();
  }

  #unscanned() {
    return this.#live && ['loading', 'waiting'].includes(this.state);
  }

  #expire() {
    this.#live = false;
    this.#enter('expired');
    this.#emit('expired', this.code);
    this.#renew();
  }

  #renew() {
    const { renewals, visible } = this.#env;
    if (this.state !== 'expired' || !this.#fetched || this.#renewals >= renewals || !visible()) return;
    this.#renewals++;
    this.#load();
  }

  // Somebody looks at the page again, or the network is back.
  #wake() {
    this.#link.wake();
    const missed = this.reason === 'network' || !this.#alarms.due('load');
    if (this.#unscanned()) this.#watchExpiry();
    else if (this.state === 'expired') this.#renew();
    else if (this.state === 'failed' && this.reason !== 'denied' && missed) this.#load();
  }

  #linkDown(closeCode) {
    this.#bound = false;
    this.#pending = [];
    this.#alarms.clear('bind');
    if (closeCode === WITHDRAWN) {
      this.#live = false;
      this.#enter('ended');
    }
    // With nothing to wait for it stays away until somebody asks for a code.
    if (!this.#live && this.state !== 'loading') this.#link.close();
    this.#tell();
  }

  #hear(text) {
    if (text === this.#pending[0]?.text) return this.#confirmed(this.#pending.shift().code);
    const event = parse(text);
    if (!event) return;
    if (!('uid' in event)) return this.#notice(event);
    const id = event.event_id;
    if (id !== undefined && String(event.uid) === String(this.code?.uid)) {
      if (this.#seen.has(id)) return;
      this.#since = id;
      this.#seen.add(id);
      if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
    }
    this.#emit('event', event);
    this.#happened(event);
  }

  #confirmed(code) {
    if (code !== this.code) return;
    this.#bound = true;
    this.#failures = 0;
    if (this.state === 'loading' && this.#live) this.#enter('waiting');
    else this.#tell();
  }

  #happened(event) {
    const { cmd } = event;
    if (cmd === 'scan') {
      if (this.state !== 'done') this.#decided('scanned');
      this.#emit('scan', event);
    } else if (cmd === 'refused') {
      this.#decided('refused', event.code);
      this.#emit('refused', event);
    } else if (RESULTS.includes(cmd) || (cmd === undefined && event.token !== undefined)) {
      this.#decided('done');
      this.#emit('result', event);
    } else if (cmd === 'expired' && this.#unscanned()) this.#expire();
  }

  // A person acted on the code, perhaps in the very moment in which the next one was on its way:
  // what they did counts, and the session stays theirs.
  #decided(state, reason) {
    this.#turn++;
    this.#alarms.clear('load');
    this.#renewals = 0;
    this.#live = true;
    this.#enter(state, reason);
  }

  /** What the gateway itself says; pushed events name a uid. */
  #notice(notice) {
    const { cmd, code } = notice;
    if (cmd === 'pong') return;
    if (cmd === 'gap') this.#emit('gap', this.code);
    else if (cmd === 'expired') this.#happened(notice);
    else if (cmd === 'error' && ['uid_unknown', 'ticket_mismatch', 'unavailable'].includes(code)) {
      if (this.#pending.shift()?.code === this.code && this.#live) this.#bindRefused(code);
    } else this.#emit('event', notice);
  }

  #bindRefused(code) {
    this.#bound = false;
    if (code === 'unavailable') {
      this.#alarms.set('bind', this.#backoff(RETRY_MS), () => this.#sendBind());
      return this.#tell();
    }
    const settled = ['done', 'refused'].includes(this.state);
    this.#live = false;
    if (settled) this.#tell();
    else if (code === 'uid_unknown') this.#expire();
    else {
      this.#enter('refused', code);
      this.#emit('refused', { cmd: 'refused', code });
    }
  }

  #backoff(first) {
    return backoff(this.#env.random, this.#failures++, first);
  }

  #enter(state, reason = null) {
    this.state = state;
    this.reason = reason;
    this.#tell();
  }

  /** Says where things stand, if that is news. */
  #tell() {
    const { state, reason, online, code } = this;
    const news = JSON.stringify([state, reason, online, code]);
    if (news === this.#told) return;
    this.#told = news;
    this.#emit('state', { state, reason, online, code });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** A websocket that comes back: after pauses that grow, or at once on `wake`. */
class Link {
  #env;
  #hears;
  #alarms;
  #socket = null;
  #wanted = false;
  #slow = false;
  #attempt = 0;
  up = false;

  constructor(env, hears) {
    this.#env = env;
    this.#hears = hears;
    this.#alarms = new Alarms(env);
  }

  get retryDue() {
    return this.#alarms.due('dial');
  }

  open() {
    this.#wanted = true;
    if (!this.#socket) this.#dial();
  }

  close() {
    this.#wanted = false;
    this.#drop();
  }

  /** Sends, and expects to hear something back in time. */
  say(text) {
    this.#socket.send(text);
    this.#expectAnswer();
  }

  wake() {
    if (this.up) this.say(PING);
    else if (this.retryDue && !this.#slow) this.#dial();
  }

  #dial() {
    this.#alarms.clear('dial');
    const socket = (this.#socket = new this.#env.WebSocket(this.#env.url));
    socket.onopen = () => {
      this.up = true;
      this.#alarms.clear('answer');
      this.#beat();
      this.#hears.up();
    };
    socket.onmessage = ({ data }) => {
      this.#attempt = 0;
      this.#alarms.clear('answer');
      this.#hears.text(data);
    };
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#expectAnswer();
  }

  #expectAnswer() {
    if (!this.#alarms.due('answer')) this.#alarms.set('answer', ANSWER_MS, () => this.#lost(1006, ''));
  }

  // A hidden page need not ask: the gateway pings it, and its timers are held back anyway.
  #beat() {
    this.#alarms.set('ping', PING_MS, () => {
      if (this.#env.visible()) this.say(PING);
      this.#beat();
    });
  }

  #lost(code, reason) {
    this.#drop();
    if (this.#wanted) this.#alarms.set('dial', this.#pause(code, reason), () => this.#dial());
    this.#hears.down(code);
  }

  #pause(code, reason) {
    const { random } = this.#env;
    const drain = code === 1001 && /\bretry_ms=(\d{1,6})\b/.exec(reason);
    this.#slow = SLOW_CLOSES.includes(code);
    if (drain) return random() * drain[1];
    if (this.#slow) return (5 + 25 * random()) * 1000;
    return backoff(random, this.#attempt++, RETRY_MS);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.up = false;
    this.#alarms.clearAll();
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

/** Named timers: setting one again moves it. */
class Alarms {
  #env;
  #set = new Map();

  constructor(env) {
    this.#env = env;
  }

  set(name, ms, ring) {
    this.clear(name);
    const wait = Math.min(ms, 2 ** 31 - 1); // a longer timer would ring at once
    const id = this.#env.setTimeout(() => (this.#set.delete(name), ring()), wait);
    this.#set.set(name, { id, due: this.#env.now() + wait });
  }

  /** When it rings, by the wall clock; 0 when it is not set. */
  due(name) {
    return this.#set.get(name)?.due ?? 0;
  }

  clear(name) {
    this.#env.clearTimeout(this.#set.get(name)?.id);
    this.#set.delete(name);
  }

  clearAll() {
    for (const name of this.#set.keys()) this.clear(name);
  }
}

/** Full jitter: any time up to a ceiling that doubles with each attempt. */
function backoff(random, attempt, first) {
  return random() * Math.min(RETRY_MAX_MS, first * 2 ** attempt);
}

function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function withDefaults(options) {
  const base = options.base ?? new URL('..', import.meta.url);
  const env = {
    url: new URL('ws', base).href.replace(/^http/, 'ws'),
    codeUrl: new URL('qrcode', base).href,
    action: 'token',
    renewals: 5,
    WebSocket: globalThis.WebSocket,
    fetch: (...request) => fetch(...request),
    random: Math.random,
    now: () => Date.now(),
    ticks: () => performance.now(),
    setTimeout: (ring, ms) => setTimeout(ring, ms),
    clearTimeout: (id) => clearTimeout(id),
    visible: () => globalThis.document?.visibilityState !== 'hidden',
    onWake: listenForWake,
    ...options,
  };
  env.fetchCode ??= () => requestCode(env);
  return env;
}

function listenForWake(wake) {
  if (!globalThis.document) return () => {};
  const stop = new AbortController();
  const { signal } = stop;
  for (const name of ['focus', 'online', 'pageshow']) addEventListener(name, wake, { signal });
  document.addEventListener('visibilitychange', () => document.hidden || wake(), { signal });
  return () => stop.abort();
}

/** `GET /qrcode`. Throws an error with a `reason` and, where the gateway names a pause, `retryMs`. */
async function requestCode({ codeUrl, action, fetch, now }) {
  const asked = now();
  const reply = await fetch(`${codeUrl}?action=${encodeURIComponent(action)}`, {
    headers: { Accept: 'application/json' },
    cache: 'no-store',
    signal: AbortSignal.timeout(20_000),
  });
  const waited = Math.max(0, now() - asked);
  const body = await reply.json().catch(() => null);
  if (!reply.ok || !body?.ticket) throw refusal(reply, body?.error?.code);
  // By a wrong clock here the difference is nonsense, but never more than the wait was.
  const age = asked + waited - Date.parse(reply.headers.get('Date')) || 0;
  return { ...body, [AGE]: Math.min(Math.max(age, 0), waited) };
}

function refusal({ status, headers }, code) {
  let reason = status >= 400 && status < 500 ? 'denied' : 'unavailable';
  if (status === 429) reason = 'busy';
  if (code === 'wechat_not_configured') reason = 'not_configured';
  const seconds = Number(headers.get('Retry-After')) || 5;
  return Object.assign(new Error(`no code: ${code ?? status}`), { reason, retryMs: seconds * 1000 });
}
