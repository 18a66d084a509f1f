// How the page gets into each of its states, on a stage.
import { CODE, playGateway } from './stage.mjs';
import { inState } from './view.mjs';

const TOKEN = 'SGq3Zk8w0TnVb5yXc7LrPd2mHf9sJa4uEo6iKg1t';
const refuse = (status, code, seconds) => () => ({
  status,
  headers: { 'Retry-After': String(seconds) },
  json: { error: { code, message: '' } },
});

/** Of each state: the action, what is different about the gateway, what happens once the code is shown. */
export const STATES = {
  loading: { qrcode: () => new Promise(() => {}) },
  waiting: { happens: () => {} },
  scanned: { happens: (play) => play.push({ cmd: 'scan' }) },
  confirming: { happens: (play) => play.push({ cmd: 'confirm', number: '42', expire_seconds: 120 }) },
  confirmed: { happens: (play) => play.push({ cmd: 'confirmed' }) },
  declined: { happens: (play) => play.push({ cmd: 'declined' }) },
  done: { happens: (play) => play.push({ token: TOKEN, url: `https://gate.example.com/${TOKEN}.send` }) },
  refused: { happens: (play) => play.push({ cmd: 'refused', code: 'action_failed' }) },
  // Older than they live when they come: each is expired at once.
  expired: {
    qrcode: (turn) => ({ json: { ...CODE, uid: turn + 1, expire_seconds: turn ? -2 : 120 } }),
    happens: (play) => play.say({ cmd: 'expired' }),
  },
  ended: { happens: (play) => play.hangUp(4401, 'withdrawn') },
  offline: { happens: (play) => play.hangUp(4508, 'too slow') },
  failed: { qrcode: refuse(503, 'wechat_unreachable', 12) },
};

/** Brings `page` into `state` and waits until it shows. */
export async function reach(page, stage, state, { query = '' } = {}) {
  const { qrcode, happens } = STATES[state];
  const play = await playGateway(page, { qrcode });
  await page.goto(stage.url + query);
  if (happens) {
    await inState(page, 'waiting');
    happens(play);
  }
  await inState(page, state);
  return play;
}
