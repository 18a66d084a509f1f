// The page's looks: what each state of the scan session shows, says and offers.
import { connect } from './scangate.js';
import { svg } from './qr.js';

const zh = /^zh/i.test(navigator.language);
const WORDS = {
  token: ['Get your message token', '获取消息通知 Token'],
  token_lead: ['Scan with WeChat, and your token appears here.', '用微信扫一扫,Token 立即显示在这里。'],
  login: ['Sign in with WeChat', '微信扫码登录'],
  login_lead: ['Scan with WeChat, and you are in.', '打开微信扫一扫,即可登录。'],
  alt: ['QR code to scan with WeChat', '微信扫码二维码'],
  loading: ['Getting a code…', '正在获取二维码…'],
  waiting: ['Expires in %', '% 后过期'],
  ready: ['The code is ready to scan.', '二维码已就绪,请扫码。'],
  scanned: ['Scanned. One moment…', '已扫码,请稍候…'],
  done: ['Done.', '操作已完成。'],
  done_token: ['Your token is ready. Keep it to yourself.', '您的 Token 已就绪,请妥善保管。'],
  done_login: ['Signed in. Taking you there…', '登录成功,正在跳转…'],
  refused: ['This was refused. You can try again with a new code.', '操作被拒绝,请换一个二维码重试。'],
  expired: ['This code has expired.', '二维码已过期。'],
  ended: ['This session has been ended.', '本次会话已结束。'],
  offline: ['Connecting to the server…', '正在连接服务器…'],
  busy: ['Too many codes for now. Next try in % s.', '获取过于频繁,% 秒后自动重试。'],
  unavailable: ['WeChat cannot be reached. Next try in % s.', '暂时无法连接微信,% 秒后自动重试。'],
  network: ['No connection. Next try in % s.', '网络不通,% 秒后自动重试。'],
  not_configured: ['WeChat is not set up on this site yet.', '本站尚未配置微信公众号。'],
  denied: ['This page may not ask for a code.', '本页面无权获取二维码。'],
  picture: ['The code could not be shown.', '二维码无法显示。'],
  gap: ['Some news was missed. If nothing happens, get a new code.', '部分消息已错过,如无响应请刷新二维码。'],
  again: ['Get a new code', '获取新二维码'],
  retry: ['Try now', '立即重试'],
  address: ['Send address', '请求地址'],
  example: ['Try it', '试一试'],
  copy: ['Copy', '复制'],
  copied: ['Copied', '已复制'],
};
const say = (key, value) => WORDS[key]?.[zh ? 1 : 0].replace('%', value) ?? '';

const CHECK = 'M5 12.5l4.5 4.5L19 7.5';
const ROUND = 'M19 12a7 7 0 1 1-2.1-5M17.5 3v4.2h-4.2';
const CROSS = 'M7 7l10 10M17 7L7 17';
const PAUSE = 'M12 6v7.5M12 18v.1';
/** The sign over the code, its mark in the title, and the button, of each state that has them. */
const LOOKS = {
  scanned: [CHECK, '● '],
  done: [CHECK, '✓ '],
  refused: [CROSS, '✕ ', 'again'],
  expired: [ROUND, '↻ ', 'again'],
  ended: [PAUSE, '✕ ', 'again'],
  failed: [PAUSE, '… ', 'retry'],
};

const $ = (id) => document.getElementById(id);
const action = new URLSearchParams(location.search).get('action') || 'token';
const heading = say(action) || 'WeChat';
const settings = fetch(new URL('settings.json', import.meta.url))
  .then((reply) => reply.json())
  .catch(() => ({}));

let about = {};
let offline = false;
let note = ''; // the key of something that went wrong on the way, until the next state
let patience;

document.documentElement.lang = zh ? 'zh-CN' : 'en';
write($('heading'), heading);
write($('lead'), say(`${action}_lead`));
$('code').alt = say('alt');
$('code').onerror = () => remark('picture');
$('again').onclick = () => gate.refresh();

const gate = connect({ action });
gate.on('state', changed);
gate.on('gap', () => remark('gap'));
gate.on('result', finish);
changed(gate);
setInterval(tick, 500);

function changed({ state, reason, online, code }) {
  const fresh = state !== about.state || reason !== about.reason;
  const redraw = code && code !== about.code;
  about = { state, reason, online, code };
  if (fresh) note = '';
  if (redraw) draw(code);
  clearTimeout(patience);
  const waits = !online && ['loading', 'waiting', 'scanned'].includes(state);
  if (!waits) offline = false;
  // A short gap is not worth a flicker.
  else patience = setTimeout(() => ((offline = true), look(true)), state === 'loading' ? 4000 : 800);
  look(fresh);
}

function remark(key) {
  note = key;
  look(true);
}

function look(aloud) {
  const { state } = about;
  const [sign, mark = '', button = note && 'again'] = LOOKS[state] ?? [];
  if (!button && document.activeElement === $('again')) $('card').focus();
  $('card').dataset.state = offline ? 'offline' : state;
  $('card').className = sign ? (state === 'done' ? 'covered done' : 'covered') : '';
  if (sign) $('stroke').setAttribute('d', sign);
  $('again').hidden = !button;
  write($('again'), say(button));
  document.title = (offline ? '… ' : mark) + heading;
  tick();
  if (aloud) write($('live'), state === 'waiting' && !offline && !note ? say('ready') : $('status').textContent);
}

/** Keeps the numbers on the page true. */
function tick() {
  const left = gate.secondsLeft;
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  const { state, reason } = about;
  const key = note || (offline && 'offline') || (state === 'failed' && reason) || state;
  const own = state === 'done' && !note ? say(`done_${action}`) : '';
  write($('status'), own || say(key, state === 'failed' ? gate.retrySeconds : clock));
  const spent = state === 'waiting' ? 1 - left / about.code.expire_seconds : 1;
  $('time').setAttribute('stroke-dashoffset', spent);
}

async function draw({ url, ticket }) {
  const picture = $('code');
  try {
    const drawing = svg(url);
    const size = Number(/0 0 (\d+)/.exec(drawing)[1]);
    picture.width = size * Math.floor(248 / size); // whole pixels for each module keep it crisp
    picture.src = `data:image/svg+xml,${encodeURIComponent(drawing)}`;
  } catch {
    const { qr_url = 'https://mp.weixin.qq.com/cgi-bin/showqrcode' } = await settings;
    picture.width = 248;
    picture.src = `${qr_url}?ticket=${encodeURIComponent(ticket)}`;
  }
  picture.hidden = false;
}

async function finish({ cmd, token, url }) {
  if (cmd === 'login') {
    const { login_url = '/admin/login.php' } = await settings;
    const target = new URL(login_url, location.href);
    target.searchParams.append('token', token);
    location.assign(target);
  } else if (token !== undefined) {
    const address = url ?? new URL(`${encodeURIComponent(token)}.send`, location.origin).href;
    const quoted = address.replaceAll("'", "'\\''");
    $('facts').replaceChildren(
      ...fact('Token', token),
      ...fact(say('address'), address),
      ...fact(say('example'), `curl -d text=Hello '${quoted}'`),
    );
    $('facts').hidden = false;
  }
}

function fact(label, value) {
  const [term, detail, text, button] = ['dt', 'dd', 'code', 'button'].map((tag) => document.createElement(tag));
  write(term, label);
  write(text, value);
  write(button, say('copy'));
  button.type = 'button';
  button.setAttribute('aria-label', `${say('copy')}: ${label}`);
  button.onclick = async () => {
    await copy(text);
    write(button, say('copied'));
    write($('live'), say('copied'));
    setTimeout(() => write(button, say('copy')), 2000);
  };
  detail.append(text, button);
  return [term, detail];
}

async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
  } catch {
    getSelection().selectAllChildren(element); // without https there is no clipboard to write to
    document.execCommand('copy');
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
