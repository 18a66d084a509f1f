/** What `GET /qrcode` answers; any further members travel back to the gateway with the bind. */
export interface Code {
  ticket: string;
  uid: number | string;
  /** For how long the code can be scanned; without it, until the gateway says otherwise. */
  expire_seconds?: number;
  /** Proves that this browser asked for the code; kept out of the picture. */
  key?: string;
  /** What the picture encodes. */
  url?: string;
}

/** An event as it was pushed to the page. */
export interface PushedEvent {
  uid?: number | string;
  ticket?: string;
  cmd?: string;
  token?: string;
  url?: string;
  code?: string;
  /** Of `bind`, `unbind` and `points`: which account of the site it is about. */
  account?: string;
  /** Of `points`: what the scan gave, and the balance after it. */
  points?: number;
  balance?: number;
  /** Of `confirm`: what to choose on the phone, and for how long. */
  number?: string;
  expire_seconds?: number;
  event_id?: string;
  [member: string]: unknown;
}

/**
 * - `loading`: getting a code, or binding it
 * - `waiting`: the code can be scanned
 * - `scanned`, `done`, `refused`: somebody scanned it, has the result, was refused
 * - `confirming`, `confirmed`, `declined`: it was scanned, and on the phone the `number` of the event
 *   `confirm` is to be chosen; was chosen; was not, or it was declined
 * - `expired`: nobody scanned or confirmed it, and it will not be renewed by itself for now
 * - `failed`: no code to be had; `reason` says why, `retrySeconds` when it is tried again
 * - `ended`: the backend withdrew the session
 */
export type State =
  | 'idle'
  | 'loading'
  | 'waiting'
  | 'scanned'
  | 'confirming'
  | 'confirmed'
  | 'declined'
  | 'done'
  | 'refused'
  | 'expired'
  | 'failed'
  | 'ended'
  | 'closed';

/** Where things stand. */
export interface Standing {
  state: State;
  /**
   * Of `failed`: `busy` (429), `unavailable`, `not_configured`, `network`, or `denied`, which is not
   * tried again. Of `refused`: `ticket_mismatch`, or the event's `code`. Otherwise null.
   */
  reason: string | null;
  /** Whether news of the code would arrive this very moment. */
  online: boolean;
  code: Code | null;
}

/** The events of a session, and what their listeners get. */
export interface Events {
  /** Something of `Standing` changed. */
  state: Standing;
  /** Whatever was pushed, also what has an event of its own below. */
  event: PushedEvent;
  /** Somebody scanned the code. */
  scan: PushedEvent;
  /** The person is to choose this `number` on the phone. */
  confirm: PushedEvent;
  /** The action's result: `login`, `bind`, `unbind`, `points`, or a token. */
  result: PushedEvent;
  /** The action, or the bind itself, was refused. */
  refused: PushedEvent;
  /** The code expired; a renewal may follow at once. */
  expired: Code | null;
  /** More was pushed while offline than the gateway retains: something was missed. */
  gap: Code | null;
}

export interface Options {
  /** Where the gateway is: by default where this module came from, one folder up. */
  base?: string | URL;
  /** The websocket; by default `ws` below `base`. */
  url?: string;
  /** Where codes come from; by default `qrcode` below `base`. */
  codeUrl?: string;
  /** What a scan shall do: `token` (default) or `login`. */
  action?: string;
  /** A code that is there already, to bind instead of asking for one. */
  code?: Code;
  /** Gets a code another way. An error may carry a `reason` and `retryMs`. */
  fetchCode?: () => Promise<Code>;
  /** How many codes in a row are renewed without a scan or a `refresh()`; 5. Only while visible. */
  renewals?: number;
  /** All that is used from outside; `globalThis`. Tests pass one whose clock they turn. */
  world?: World;
}

export type World = Pick<typeof globalThis, 'WebSocket' | 'fetch' | 'setTimeout' | 'clearTimeout'> & {
  Math: Pick<Math, 'random'>;
  Date: Pick<DateConstructor, 'now'>;
  document?: Pick<Document, 'hidden' | 'addEventListener'>;
  addEventListener?: typeof globalThis.addEventListener;
};

/** A scan session that outlives sleep, bad networks and restarts. */
export class Scangate extends EventTarget implements Standing {
  constructor(options?: Options);
  readonly state: State;
  readonly reason: string | null;
  readonly online: boolean;
  readonly code: Code | null;
  /** For how long the code can still be scanned, or the scan be confirmed. */
  readonly secondsLeft: number;
  /** Until the next attempt to get a code or to reconnect; 0: none is planned. */
  readonly retrySeconds: number;
  /** Listens to an event's detail; returns the way to stop. */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void;
  /** Asks for a new code. */
  refresh(): void;
  /** Binds a code that was made elsewhere. It is not renewed when it expires. */
  bind(code: Code): void;
  /**
   * Hands a command to the site's backend, by the gateway's hook; what comes back is an `event`. False
   * where no bound connection is there to carry it.
   */
  send(command: { cmd: string; [member: string]: unknown }): boolean;
  /** Closes the connection for good. */
  close(): void;
}

/** Opens a session at once: binds `options.code` if given, otherwise asks for a code. */
export function connect(options?: Options): Scangate;
