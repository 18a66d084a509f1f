// A stage for the page alone: its real files from a small web server, and a gateway played by the
// test, for what a real one does only in bad hours.
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';

const WEB = new URL('../../../web/', import.meta.url);
const TYPES = {
  css: 'text/css',
  html: 'text/html',
  js: 'text/javascript',
  json: 'application/json',
  svg: 'image/svg+xml',
};
export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https://mp.weixin.qq.com; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
export const CODE = {
  ticket: 'gQH47zwAAAAAAAAAAS5odHRwOi8vd2VpeGluLnFxLmNvbS9xLzAycTMtdzlMVEhlYzIxcF9jQU50MWsAAgQHjGRdAwR4AAAA',
  expire_seconds: 120,
  uid: 1735536450,
  key: '5f0c6a1e9b7d4e2f8a3c1d0b9e8f7a6c',
  url: 'http://weixin.qq.com/q/02q3-w9LTHec21p_cANt1k',
};

/** Serves `web/` as the gateway does. */
export async function openStage(settings = {}) {
  const server = createServer(async ({ url }, reply) => {
    const { pathname } = new URL(url, 'http://stage');
    const file = pathname === '/' ? 'index.html' : pathname.replace('/assets/', '');
    const body =
      file === 'settings.json'
        ? JSON.stringify({
            login_url: '/admin/login.php',
            qr_url: 'https://mp.weixin.qq.com/cgi-bin/showqrcode',
            ...settings,
          })
        : await readFile(new URL(file, WEB)).catch(() => null);
    if (body === null) return reply.writeHead(404).end();
    const type = TYPES[file.split('.').pop()];
    reply
      .writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Content-Security-Policy': CSP })
      .end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/**
 * The gateway's part on `page`, with parts to replace: `qrcode(turn)` answers the code requests,
 * `heard(message, socket)` what the page says; by default each code is handed out and each bind echoed.
 */
export async function playGateway(page, { qrcode, heard = echo } = {}) {
  const play = { asked: 0, binds: [], sockets: [], news: new EventEmitter() };
  qrcode ??= (turn) => ({ json: { ...CODE, uid: CODE.uid + turn } });
  await page.route('**/qrcode?*', async (route) => {
    const { json, ...rest } = await qrcode(play.asked++);
    await route.fulfill({
      status: 200,
      contentType: 'application/json',
      body: JSON.stringify(json),
      ...rest,
    });
  });
  await page.routeWebSocket(/\/ws$/, (socket) => {
    play.sockets.push(socket);
    socket.onMessage((text) => {
      const message = JSON.parse(text);
      heard(text, socket);
      if (!message.uid) return;
      play.binds.push(message);
      play.news.emit('bind', message);
    });
  });
  /** Says something on the newest connection, as the gateway or as somebody who pushes. */
  play.say = (message) => play.sockets.at(-1).send(JSON.stringify(message));
  play.push = (event) => play.say({ uid: play.binds.at(-1).uid, ticket: CODE.ticket, ...event });
  play.hangUp = (code, reason) => play.sockets.at(-1).close({ code, reason });
  return play;
}

export function echo(text, socket) {
  const message = JSON.parse(text);
  if (message.uid) socket.send(text);
  else if (message.pong) socket.send('{"cmd":"pong"}');
}
