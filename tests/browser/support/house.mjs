// The real thing: a gateway, the sandbox that plays WeChat, and a door between them and the page that
// can be slammed. The page and the sandbox know only the door, so the gateway behind it can change.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openDoor } from './door.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILT = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug');
const GATEWAY = process.env.SCANGATE_BIN ?? join(BUILT, 'scangate');
const SANDBOX = process.env.SCANGATE_SANDBOX_BIN ?? join(BUILT, 'scangate-sandbox');
const START_MS = 15_000;
/** The sandbox's made-up account. */
const ACCOUNT = {
  WECHAT_APP_ID: 'wx5ca9a7e5a4db0c01',
  WECHAT_APP_SECRET: '5a4db0c05a4db0c05a4db0c05a4db0c0',
  WECHAT_TOKEN: 'sandboxtoken',
  WECHAT_ENCODING_AES_KEY: 'sandboxsandboxsandboxsandboxsandboxsandboxA',
};
/** Settings of a gateway that has no account. */
export const NO_ACCOUNT = Object.fromEntries(Object.keys(ACCOUNT).map((name) => [name, null]));

/**
 * Opens a house for one test; it is torn down after `test`. `settings` are `SCANGATE_…` without the
 * prefix, null for none.
 */
export async function openHouse(test, settings = {}) {
  for (const binary of [GATEWAY, SANDBOX])
    if (!existsSync(binary)) throw new Error(`${binary} is missing: run \`cargo build\` first`);
  const data = await mkdtemp(join(tmpdir(), 'scangate-browser-'));
  const door = await openDoor();
  const sandbox = await startSandbox(`${door.url}wechat`);
  const house = {
    url: door.url,
    door,
    sandbox,
    gateway: null,
    /** Starts the gateway, or another in its place. */
    async start(more = {}) {
      house.gateway = await startGateway(sandbox.url, data, { ...settings, ...more });
      door.leadTo(house.gateway.addresses.public);
    },
    /** SIGTERM, and the time to go. */
    async stop() {
      house.gateway.process.kill('SIGTERM');
      await house.gateway.ended;
    },
    /** Pushes as a backend does, and returns the port's answer. */
    push: (event) => pushLine(house.gateway.addresses.push, event),
    /** A person scans the code with this ticket. */
    scan: (ticket, person = 'mei') => ask(sandbox, 'scan', { ticket, person }),
    /** WeChat misbehaves: `{ endpoint, status, times }`. */
    trouble: (fault) => ask(sandbox, 'faults', fault),
  };
  test.after(async () => {
    for (const program of [house.gateway, sandbox]) program?.process.kill('SIGKILL');
    await door.close();
    await rm(data, { recursive: true, force: true });
  });
  await house.start();
  return house;
}

async function startSandbox(callback) {
  const child = spawn(SANDBOX, ['serve', '--listen', '127.0.0.1:0', '--callback', callback], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await firstMatch(
    child,
    child.stdout,
    (line) => /^sandbox listening on (http:\S+)/.exec(line)?.[1],
  );
  return { process: child, url };
}

async function startGateway(sandboxUrl, data, settings) {
  const given = {
    PUBLIC_LISTEN: '127.0.0.1:0',
    PUSH_LISTEN: '127.0.0.1:0',
    OPS_LISTEN: '127.0.0.1:0',
    DATA_DIR: data,
    LOG_FORMAT: 'json',
    WECHAT_API_URL: sandboxUrl,
    WECHAT_QR_URL: `${sandboxUrl}/cgi-bin/showqrcode`,
    DRAIN_DELAY_SECONDS: 0,
    DRAIN_SECONDS: 0,
    LIMIT_QRCODES_PER_MINUTE: 0,
    ...ACCOUNT,
    ...settings,
  };
  const env = { PATH: process.env.PATH };
  for (const [name, value] of Object.entries(given))
    if (value !== null) env[`SCANGATE_${name}`] = String(value);
  const child = spawn(GATEWAY, ['serve'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const addresses = {};
  await firstMatch(child, child.stderr, (line) => {
    const { message, listener, address } = fieldsOf(line);
    if (message === 'listening') addresses[listener] = address;
    return addresses.public && addresses.push && addresses.ops;
  });
  return { process: child, addresses, ended: once(child, 'exit') };
}

/** The fields of a JSON log line, wherever the logger puts them. */
function fieldsOf(line) {
  try {
    const entry = JSON.parse(line);
    return { ...entry, ...entry.fields };
  } catch {
    return {};
  }
}

/** The first thing that `find` finds in the lines of a program; an error with its words if it gives up. */
function firstMatch(child, stream, find) {
  const said = [];
  return new Promise((resolve, reject) => {
    const giveUp = (why) => reject(new Error(`${child.spawnfile} ${why}:\n${said.join('\n')}`));
    const timer = setTimeout(() => giveUp('did not start'), START_MS);
    child.once('exit', (code) => giveUp(`ended with ${code}`));
    child.once('error', (error) => giveUp(error.message));
    createInterface(stream).on('line', (line) => {
      if (said.length < 100) said.push(line);
      if (process.env.SCANGATE_TEST_LOG) console.error(line);
      const found = find(line);
      if (!found) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
}

async function pushLine(address, event) {
  const [host, port] = address.split(':');
  const socket = connect({ host, port });
  socket.end(`${JSON.stringify(event)}\n`);
  const chunks = await socket.toArray();
  return Buffer.concat(chunks).toString().trim();
}

async function ask(sandbox, verb, order) {
  const reply = await fetch(`${sandbox.url}/sandbox/${verb}`, {
    method: 'POST',
    body: JSON.stringify(order),
  });
  const answer = await reply.json();
  if (!reply.ok) throw new Error(`sandbox ${verb}: ${JSON.stringify(answer)}`);
  return answer;
}
