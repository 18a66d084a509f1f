// The page's looks: what each state of the scan session shows, says and offers.
import { connect } from './scangate.js';
import { svg } from './qr.js';

const zh = /^zh/i.test(navigator.language);
const WORDS = {
	token: 'Get your message token|获取消息通知 Token',
	token_lead: 'Scan with WeChat, and your token appears here.|用微信扫一扫，Token 立即显示在这里。',
	token_done: 'Your token is ready. Keep it to yourself.|Token 已就绪，请妥善保管。',
	renew: 'Renew your message token|更换消息通知 Token',
	renew_lead: 'Scan with WeChat. The token so far becomes void.|用微信扫一扫更换，旧的 Token 随即失效。',
	renew_done: 'Your new token is ready. Keep it to yourself.|新 Token 已就绪，请妥善保管。',
	login: 'Sign in with WeChat|微信扫码登录',
	login_lead: 'Scan with WeChat, and you are in.|打开微信扫一扫，即可登录。',
	login_done: 'Signed in. Taking you there…|登录成功，正在跳转…',
	alt: 'QR code to scan with WeChat|微信扫码二维码',
	loading: 'Getting a code…|正在获取二维码…',
	waiting: 'Expires in %|% 后过期',
	scanned: 'Scanned. One moment…|已扫码，请稍候…',
	confirming: 'Choose this number on your phone. % left.|请在手机上选择这个数字，剩余 %',
	confirming_aloud: 'Choose the number % on your phone.|请在手机上选择数字 %。',
	confirmed: 'Confirmed. One moment…|已确认，请稍候…',
	declined: 'Declined on the phone. Nothing was done.|已在手机上拒绝，未作任何操作。',
	done: 'Done.|操作已完成。',
	refused: 'Refused. Please try a new code.|操作被拒绝，请换一个二维码。',
	expired: 'This code has expired.|二维码已过期。',
	ended: 'This session has ended.|本次会话已结束。',
	offline: 'Connecting to the server…|正在连接服务器…',
	busy: 'Too many codes. Next try in % s.|获取过于频繁，% 秒后重试。',
	unavailable: 'WeChat cannot be reached. Next try in % s.|暂时无法连接微信，% 秒后重试。',
	network: 'No connection. Next try in % s.|网络不通，% 秒后重试。',
	not_configured: 'WeChat is not set up on this site yet.|本站尚未配置微信公众号。',
	denied: 'This page may not ask for a code.|本页面无权获取二维码。',
	picture: 'The code could not be shown.|二维码无法显示。',
	gap: 'Some news was missed.|部分消息已错过。',
	again: 'Get a new code|获取新二维码',
	retry: 'Try now|立即重试',
	address: 'Send address|请求地址',
	example: 'Try it|试一试',
	copy: 'Copy|复制',
	copied: 'Copied|已复制',
};
const say = (key, value) => WORDS[key]?.split('|')[zh ? 1 : 0].replace('%', value);

const CHECK = 'M5 12.5l4.5 4.5L19 7.5';
const PAUSE = 'M12 6v7.5M12 18v.1';
// Sign over the code, mark in the title, button.
const LOOKS = {
	scanned: [CHECK, '● '],
	confirming: [CHECK, '● '],
	confirmed: [CHECK, '● '],
	done: [CHECK, '✓ '],
	declined: ['M7 7l10 10M17 7L7 17', '✕ ', 'again'],
	refused: ['M7 7l10 10M17 7L7 17', '✕ ', 'again'],
	expired: ['M19 12a7 7 0 1 1-2.1-5M17.5 3v4.2h-4.2', '↻ ', 'again'],
	ended: [PAUSE, '✕ ', 'again'],
	failed: [PAUSE, '… ', 'retry'],
};

const $ = (id) => document.getElementById(id);
const action = new URLSearchParams(location.search).get('action') || 'token';
const heading = say(action) ?? 'WeChat';
const settings = fetch(new URL('settings.json', import.meta.url)).then((reply) => reply.json());

let about = {};
let offline = false;
let number = ''; // to choose on the phone
let life; // of the code, and then of the number
let trouble = ''; // on the way, until something else happens
let patience;

document.documentElement.lang = zh ? 'zh-CN' : 'en';
write($('heading'), heading);
write($('lead'), say(`${action}_lead`));
$('code').alt = say('alt');
$('code').onerror = () => fear('picture');
$('again').onclick = () => gate.refresh();

const gate = connect({ action });
gate.on('state', changed);
gate.on('confirm', (event) => {
	number = event.number;
	life = event.expire_seconds;
	look();
});
gate.on('gap', () => fear('gap'));
gate.on('result', finish);
changed(gate);
setInterval(tick, 500);

function changed({ state, reason, online, code }) {
	const before = about;
	about = { state, reason, code };
	const fresh = state !== before.state || reason !== before.reason;
	if (fresh && state !== 'waiting') trouble = '';
	if (code && code !== before.code) {
		life = code.expire_seconds;
		draw(code);
	}
	clearTimeout(patience);
	const hopes = ['loading', 'waiting', 'scanned', 'confirming', 'confirmed'].includes(state);
	if (online || !hopes) offline = false;
	// A short break is not worth a flicker.
	else patience = setTimeout(() => ((offline = true), look()), state === 'loading' ? 4000 : 800);
	look();
}

function fear(key) {
	if (about.state !== 'done') trouble = key;
	look();
}

function look() {
	const { state } = about;
	const [sign, mark = '', button = trouble && 'again'] = LOOKS[state] ?? (trouble ? [PAUSE, '… '] : []);
	if (!button && document.activeElement === $('again')) $('card').focus();
	const shown = offline ? 'offline' : state;
	$('card').className = `${shown} ${sign ? 'covered' : ''}`;
	if (sign) $('sign').setAttribute('d', sign);
	write($('number'), state === 'confirming' ? number : '');
	$('again').hidden = !button;
	write($('again'), say(button));
	document.title = (offline ? '… ' : mark) + heading;
	tick();
	// A countdown read aloud would be out of date at once.
	let aloud = $('status').textContent;
	if (shown === 'waiting' && !sign) aloud = say(`${action}_lead`) ?? aloud;
	if (shown === 'confirming') aloud = say('confirming_aloud', number);
	write($('live'), aloud);
}

/** Keeps the numbers on the page true. */
function tick() {
	const { state, reason } = about;
	const left = gate.secondsLeft;
	const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
	const failed = state === 'failed';
	const key = trouble || (offline ? 'offline' : failed ? reason : state);
	const own = state === 'done' && say(`${action}_done`);
	write($('status'), own || say(key, failed ? gate.retrySeconds : clock));
	$('time').setAttribute('stroke-dashoffset', ['waiting', 'confirming'].includes(state) ? 1 - left / life : 1.1);
}

async function draw({ url, ticket }) {
	const picture = $('code');
	const room = picture.parentNode.clientWidth;
	picture.hidden = false;
	try {
		const drawing = svg(url);
		const modules = /0 0 (\d+)/.exec(drawing)[1];
		picture.width = room - (room % modules); // whole pixels for each module keep it crisp
		picture.src = `data:image/svg+xml,${encodeURIComponent(drawing)}`;
	} catch {
		const { qr_url } = await settings;
		picture.width = room;
		picture.src = `${qr_url}?ticket=${encodeURIComponent(ticket)}`;
	}
}

async function finish({ cmd, token, url }) {
	if (cmd === 'login') {
		const { login_url } = await settings;
		const target = new URL(login_url, location.href);
		target.searchParams.append('token', token);
		location.assign(target);
	} else if (token) {
		const address = url ?? new URL(`${encodeURIComponent(token)}.send`, location.origin).href;
		const facts = [['Token', token], [say('address'), address], [say('example'), `curl -d text=Hello ${address}`]];
		$('facts').replaceChildren(...facts.flatMap(fact));
		$('facts').hidden = false;
	}
}

function fact([label, value]) {
	const parts = ['dt', 'dd', 'code', 'button'].map((tag) => document.createElement(tag));
	const [term, detail, text, button] = parts;
	write(term, label);
	write(text, value);
	write(button, say('copy'));
	button.setAttribute('aria-label', `${say('copy')}: ${label}`);
	button.onclick = async () => {
		await copy(text);
		for (const place of [button, $('live')]) write(place, say('copied'));
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

function write(element, text = '') {
	if (element.textContent !== text) element.textContent = text;
}
