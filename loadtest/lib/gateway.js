// What a backend asks of the gateway: sessions, and pushes through the server API.

import http from 'k6/http';
import { API_KEY, OPS_URLS } from './settings.js';

const headers = { 'Content-Type': 'application/json' };
if (API_KEY) headers.Authorization = `Bearer ${API_KEY}`;

/** A server API, another one each time it is asked for: any node will do. */
let turn = Math.floor(Math.random() * OPS_URLS.length);
function anyOps() {
  turn += 1;
  return OPS_URLS[turn % OPS_URLS.length];
}

/** Puts a session of our own on record, and gives what a page needs to bind. */
export function register(seconds) {
  const uid = 1 + Math.floor(Math.random() * 4294967200);
  const order = { uid, ticket: `load-${uid}`, ttl: seconds, key: true };
  const url = `${anyOps()}/api/v1/sessions`;
  const reply = http.post(url, JSON.stringify(order), { headers, tags: { name: 'register' } });
  if (reply.status !== 201) throw new Error(`register: ${reply.status} ${reply.body || reply.error}`);
  const { ticket, key } = reply.json();
  return { uid, ticket, key };
}

/** Says a line once; gives the verdict's word, or `none` where no answer came. */
export async function push(line) {
  const url = `${anyOps()}/api/v1/push`;
  // Answers other than 200 are the gateway's language here, and no failure of HTTP.
  const responseCallback = http.expectedStatuses(200, 422, 504);
  const params = { headers, responseCallback, tags: { name: 'push' }, timeout: '5s' };
  const reply = await http.asyncRequest('POST', url, line, params);
  return reply.status === 0 ? 'none' : reply.json('result');
}
