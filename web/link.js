// A websocket that comes back: after pauses that grow, or at once on `wake`.

const PING = '{"cmd":"ping","pong":true}';
const PING_MS = 30_000;
const ANSWER_MS = 10_000; // unanswered for so long, a connection counts as dead
const SLOW_CLOSES = [1003, 1009, 4403, 4429, 4508]; // coming straight back would only repeat it

export class Link {
	#url;
	#world;
	#hears;
	#alarms;
	#socket = null;
	#wanted = false;
	#slow = false;
	#attempt = 0;
	up = false;

	constructor(url, world, hears) {
		this.#url = url;
		this.#world = world;
		this.#hears = hears;
		this.#alarms = new Alarms(world);
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

	/** Sends what has no answer; that of the ping behind it shows that somebody is there. */
	post(text) {
		this.#socket.send(text);
		this.say(PING);
	}

	wake() {
		if (this.up) this.say(PING);
		else if (this.retryDue && !this.#slow) this.#dial();
	}

	#dial() {
		this.#alarms.clear('dial');
		const socket = (this.#socket = new this.#world.WebSocket(this.#url));
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

	// The gateway pings a hidden page, whose timers are held back anyway.
	#beat() {
		this.#alarms.set('ping', PING_MS, () => {
			if (!this.#world.document?.hidden) this.say(PING);
			this.#beat();
		});
	}

	#lost(code, reason) {
		this.#drop();
		if (this.#wanted) this.#alarms.set('dial', this.#pause(code, reason), () => this.#dial());
		this.#hears.down(code);
	}

	#pause(code, reason) {
		const drain = code === 1001 && /\bretry_ms=(\d{1,6})\b/.exec(reason);
		this.#slow = SLOW_CLOSES.includes(code);
		const chance = this.#world.Math.random();
		if (drain) return chance * drain[1];
		if (this.#slow) return (5 + 25 * chance) * 1000;
		return backoff(chance, this.#attempt++);
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
export class Alarms {
	#world;
	#set = new Map();

	constructor(world) {
		this.#world = world;
	}

	set(name, ms, ring) {
		this.clear(name);
		const wait = Math.min(ms, 2 ** 31 - 1); // a longer timer would ring at once
		const id = this.#world.setTimeout(() => (this.#set.delete(name), ring()), wait);
		this.#set.set(name, { id, due: this.#world.Date.now() + wait });
	}

	/** When it rings, by the wall clock; 0 when it is not set. */
	due(name) {
		return this.#set.get(name)?.due ?? 0;
	}

	clear(name) {
		this.#world.clearTimeout(this.#set.get(name)?.id);
		this.#set.delete(name);
	}

	clearAll() {
		for (const name of this.#set.keys()) this.clear(name);
	}
}

/** Full jitter: up to a ceiling that doubles from 0.5 to 30 s. */
export function backoff(chance, attempt) {
	return chance * Math.min(30_000, 500 * 2 ** attempt);
}
