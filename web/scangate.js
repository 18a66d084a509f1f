// The browser's half of a scan session; scangate.d.ts documents it.

import { Alarms, Link, backoff } from './link.js';

const GRACE_MS = 1_500; // the gateway, whose clock decides, shall be the first to say "expired"
const RESULTS = ['login', 'bind', 'unbind', 'points'];
const AGE = Symbol('age'); // in ms on arrival; rides on a fetched code, unseen by JSON

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
	#settings;
	#world;
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
	#expiry = 0; // by this machine's clock, right or wrong: it runs on while a laptop sleeps
	#turn = 0; // a newer request for a code makes an older reply void
	#renewals = 0;
	#failures = 0;

	constructor(options = {}) {
		super();
		this.#settings = withDefaults(options);
		const { url, world } = this.#settings;
		this.#world = world;
		this.#alarms = new Alarms(world);
		this.#link = new Link(url, world, {
			up: () => (this.#sendBind(), this.#tell()),
			down: (code) => this.#linkDown(code),
			text: (text) => this.#hear(text),
		});
		this.#unlisten = listenForWake(world, () => this.#wake());
	}

	on(name, listener) {
		const relay = ({ detail }) => listener(detail);
		this.addEventListener(name, relay);
		return () => this.removeEventListener(name, relay);
	}

	get online() {
		return this.#link.up && (this.#bound || !this.#live);
	}

	get secondsLeft() {
		return Math.max(0, Math.ceil((this.#expiry - this.#world.Date.now()) / 1000));
	}

	get retrySeconds() {
		const due = this.#alarms.due('load') || this.#link.retryDue;
		return due && Math.max(1, Math.ceil((due - this.#world.Date.now()) / 1000));
	}

	refresh() {
		this.#renewals = this.#failures = 0;
		this.#load();
	}

	bind(code) {
		this.#turn++;
		this.#fetched = false;
		this.#take(code);
	}

	send(command) {
		if (!this.#link.up || !this.#bound) return false;
		this.#link.post(JSON.stringify(command));
		return true;
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
			const code = await this.#settings.fetchCode();
			if (turn !== this.#turn) return;
			this.#fetched = true;
			this.#take(code);
		} catch (error) {
			if (turn === this.#turn) this.#failed(error);
		}
	}

	#failed({ reason = 'network', retryMs = 0 }) {
		const pause = retryMs + this.#backoff();
		// A hidden page waits until somebody looks.
		const again = () => this.#world.document?.hidden || this.#load();
		if (reason !== 'denied') this.#alarms.set('load', pause, again);
		this.#enter('failed', reason);
	}

	#take(code) {
		this.#alarms.clearAll();
		this.code = code;
		this.#live = true;
		this.#bound = false;
		this.#since = '';
		this.#seen.clear();
		this.#expiry = this.#world.Date.now() + (code.expire_seconds ?? Infinity) * 1000 - (code[AGE] ?? 0);
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

	#watchExpiry() {
		const left = this.#expiry - this.#world.Date.now() + GRACE_MS;
		if (left > 0) this.#alarms.set('expiry', left, () => this.#watchExpiry());
		else if (this.#unscanned) this.#expire();
	}

	get #unscanned() {
		return this.#live && ['loading', 'waiting'].includes(this.state);
	}

	#expire() {
		this.#live = false;
		this.#enter('expired');
		this.#emit('expired', this.code);
		this.#renew();
	}

	#renew() {
		if (this.state !== 'expired' || !this.#fetched || this.#world.document?.hidden) return;
		if (this.#renewals++ < this.#settings.renewals) this.#load();
	}

	#wake() {
		this.#link.wake();
		const missed = this.reason === 'network' || !this.#alarms.due('load');
		if (this.#unscanned) this.#watchExpiry();
		else if (this.state === 'expired') this.#renew();
		else if (this.state === 'failed' && this.reason !== 'denied' && missed) this.#load();
	}

	#linkDown(closeCode) {
		this.#bound = false;
		this.#pending = [];
		this.#alarms.clear('bind');
		if (closeCode === 4401) {
			// Withdrawn by the backend.
			this.#live = false;
			this.#enter('ended');
		}
		// With nothing to wait for it stays away.
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
			if (this.#seen.size > 256) this.#seen = new Set([id]);
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
		} else if (cmd === 'confirm') {
			this.#expiry = this.#world.Date.now() + event.expire_seconds * 1000;
			this.#decided('confirming');
			this.#emit('confirm', event);
		} else if (cmd === 'confirmed') this.#decided('confirmed');
		else if (cmd === 'declined') this.#decided('declined');
		else if (cmd === 'refused') {
			this.#decided('refused', event.code);
			this.#emit('refused', event);
		} else if (RESULTS.includes(cmd) || (cmd === undefined && event.token !== undefined)) {
			this.#decided('done');
			this.#emit('result', event);
		} else if (cmd === 'expired' && ['waiting', 'confirming'].includes(this.state)) this.#expire();
	}

	// Somebody acted on this code: it counts, even if the next one is on its way already.
	#decided(state, reason) {
		this.#turn++;
		this.#alarms.clear('load');
		this.#renewals = 0;
		this.#live = true;
		this.#enter(state, reason);
	}

	// What the gateway itself says; pushed events name a uid.
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
			this.#alarms.set('bind', this.#backoff(), () => this.#sendBind());
			return this.#tell();
		}
		this.#live = false;
		if (['done', 'refused', 'declined'].includes(this.state)) this.#tell();
		else if (code === 'uid_unknown') this.#expire();
		else {
			this.#enter('refused', code);
			this.#emit('refused', { cmd: 'refused', code });
		}
	}

	#backoff() {
		return backoff(this.#world.Math.random(), this.#failures++);
	}

	#enter(state, reason = null) {
		this.state = state;
		this.reason = reason;
		this.#tell();
	}

	/** Says where things stand, if that is news. */
	#tell() {
		const { state, reason, online, code } = this;
		const about = { state, reason, online, code };
		const told = JSON.stringify(about);
		if (told === this.#told) return;
		this.#told = told;
		this.#emit('state', about);
	}

	#emit(name, detail) {
		this.dispatchEvent(new CustomEvent(name, { detail }));
	}
}

function parse(text) {
	try {
		const value = JSON.parse(text);
		if (typeof value === 'object') return value;
	} catch {} // not for us
}

function withDefaults({ base = new URL('..', import.meta.url), ...options }) {
	const settings = {
		url: new URL('ws', base).href.replace(/^http/, 'ws'),
		codeUrl: new URL('qrcode', base).href,
		action: 'token',
		renewals: 5,
		world: globalThis,
		...options,
	};
	settings.fetchCode ??= () => requestCode(settings);
	return settings;
}

function listenForWake(world, wake) {
	const stop = new AbortController();
	const { signal } = stop;
	for (const name of ['focus', 'online', 'pageshow']) world.addEventListener?.(name, wake, { signal });
	world.document?.addEventListener('visibilitychange', () => world.document.hidden || wake(), { signal });
	return () => stop.abort();
}

/** `GET /qrcode`. Throws an error with a `reason` and `retryMs`. */
async function requestCode({ codeUrl, action, world }) {
	const asked = world.Date.now();
	const reply = await world.fetch(`${codeUrl}?action=${encodeURIComponent(action)}`, {
		headers: { Accept: 'application/json' },
		cache: 'no-store',
		signal: AbortSignal.timeout(20_000),
	});
	const waited = Math.max(0, world.Date.now() - asked);
	const body = await reply.json().catch(() => null);
	if (!reply.ok || !body?.ticket) throw refusal(reply, body?.error?.code);
	// By a wrong clock this is nonsense, but the code is never older than the wait.
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
