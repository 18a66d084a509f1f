// What a run is told, by environment variables: `loadtest/run` sets them all.

const number = (name, otherwise) => Number(__ENV[name] ?? otherwise);

/** Where pages go, without a slash at the end: `http://127.0.0.1:2129`. */
export const PAGE_URL = __ENV.PAGE_URL ?? 'http://127.0.0.1:2129';
/** The ops listeners, where backends push: one, or several joined by commas. */
export const OPS_URLS = (__ENV.OPS_URLS ?? 'http://127.0.0.1:9129').split(',');
/** The key of the server API, where there is one. */
export const API_KEY = __ENV.API_KEY ?? '';
/** The pretend WeChat that sends the callbacks. */
export const SANDBOX_URL = __ENV.SANDBOX_URL ?? 'http://127.0.0.1:8089';

/** How many pages are open at a time. */
export const PAGES = number('PAGES', 50);
/** How many of k6's virtual users drive them. */
export const VUS = Math.min(number('VUS', 10), PAGES);
/** What is begun each second, in all: pushes, scans or visits. 0 for as many as are answered. */
export const RATE = number('RATE', 20);
/** How long the load lasts, in seconds. */
export const SECONDS = number('SECONDS', 10);
/** Where to ask whether the load may end before that: 200 is yes. Empty where nobody knows. */
export const WATCH_URL = __ENV.WATCH_URL ?? '';
/** Whether the pages hang up by themselves in the middle of the load. */
export const HANG_UP = __ENV.HANG_UP === '1';
/** How long, after the load, what is still under way may take, in seconds. */
export const PATIENCE = number('PATIENCE', 20);
/** What 95 of 100 waits must stay below, in milliseconds. */
export const P95_MS = number('P95_MS', 1000);
