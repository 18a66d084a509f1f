// The words of the two pages, in the browser's language.

const english = {
  title: 'A pretend phone',
  lead: 'Nothing here reaches WeChat. Scan a code of your page as one of these people.',
  codes: 'Codes',
  empty: 'No code yet. Open the page that shows one.',
  people: 'Who holds the phone',
  follows: 'follows',
  stranger: 'does not follow',
  scan: 'Scan as {0}',
  more: 'Other ways to scan',
  twice: 'Twice, same person',
  two: 'Two people',
  late: 'After it has expired',
  ticket: 'Another ticket',
  signature: 'Wrong signature',
  stale: 'An hour old',
  replay: 'The same message again',
  other_account: 'To another account',
  plain: 'Unencrypted',
  left: '{0} s left',
  expired: 'expired',
  permanent: 'permanent',
  scans: 'scanned {0} ×',
  account: 'The official account',
  follow: 'Follow',
  unfollow: 'Unfollow',
  mute: 'Mute',
  unmute: 'Unmute',
  say: 'Write to the account',
  send: 'Send',
  quiet: 'No messages yet.',
  open: 'Details',
  answered: 'The gateway answered {0} in {1} ms.',
  silent: 'The gateway did not answer: {0}',
  waiting: 'Waiting until the code has expired…',
  scanned: 'scanned {0}',
  scanned_followed: 'scanned {0} and followed',
  followed: 'followed the account',
  unfollowed: 'left the account',
  muted: 'lets no messages in',
  unmuted: 'lets messages in again',
  code_expired: 'This code has expired ({0}). WeChat tells the account nothing.',
  transferred: 'handed over to customer service',
  fault: 'WeChat would show: service unavailable. ({0})',
  scan_title: 'Scan this code',
  scan_lead: 'A real phone would open the account now. Who are you?',
  gone: 'This code is not known here. It may be of an earlier run.',
  done: 'Scanned. Look at the page with the code.',
  offline: 'The sandbox does not answer.',
};

const chinese = {
  title: '模拟手机',
  lead: '这里不会连接真实的微信。请选择一个人，扫描网页上的二维码。',
  codes: '二维码',
  empty: '还没有二维码，请先打开显示二维码的网页。',
  people: '谁在使用手机',
  follows: '已关注',
  stranger: '未关注',
  scan: '{0} 扫码',
  more: '其他扫码方式',
  twice: '同一人扫两次',
  two: '两个人各扫一次',
  late: '过期后才扫',
  ticket: '换一个 ticket',
  signature: '签名错误',
  stale: '一小时前的消息',
  replay: '重复发送同一条消息',
  other_account: '发给另一个公众号',
  plain: '不加密',
  left: '剩余 {0} 秒',
  expired: '已过期',
  permanent: '永久',
  scans: '已扫 {0} 次',
  account: '公众号',
  follow: '关注',
  unfollow: '取消关注',
  mute: '拒收消息',
  unmute: '接收消息',
  say: '给公众号发消息',
  send: '发送',
  quiet: '还没有消息。',
  open: '查看详情',
  answered: '网关回复 {0}，用时 {1} 毫秒。',
  silent: '网关没有回复：{0}',
  waiting: '正在等待二维码过期…',
  scanned: '扫描了 {0}',
  scanned_followed: '扫描了 {0} 并关注',
  followed: '关注了公众号',
  unfollowed: '取消了关注',
  muted: '已拒收消息',
  unmuted: '已恢复接收消息',
  code_expired: '二维码 {0} 已过期，微信不会通知公众号。',
  transferred: '已转接人工客服',
  fault: '该公众号提供的服务出现故障，请稍后再试。（{0}）',
  scan_title: '扫描此二维码',
  scan_lead: '真实的手机此时会打开公众号。你是谁？',
  gone: '找不到这个二维码，可能来自之前的运行。',
  done: '扫码成功，请回到显示二维码的网页。',
  offline: '模拟器没有响应。',
};

const isChinese = /^zh\b/i.test(navigator.language);
const words = isChinese ? chinese : english;
document.documentElement.lang = isChinese ? 'zh' : 'en';

/** The words for `key`, with `{0}`, `{1}` filled in. */
export function say(key, ...values) {
  return (words[key] ?? key).replace(/\{(\d)\}/g, (_, index) => values[index] ?? '');
}

/** Fills every element that names its words. */
export function fillIn() {
  for (const element of document.querySelectorAll('[data-say]')) {
    element.textContent = say(element.dataset.say);
  }
  for (const element of document.querySelectorAll('[data-hint]')) {
    element.placeholder = say(element.dataset.hint);
    element.setAttribute('aria-label', element.placeholder);
  }
}

/** Asks the sandbox; throws a sentence of its own when it refuses. */
export async function ask(path, order) {
  const request = order && { method: 'POST', body: JSON.stringify(order) };
  const answer = await fetch(`/sandbox/${path}`, request);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error?.message ?? answer.statusText);
  return body;
}

/** An element with a class and content; strings become text, never markup. */
export function make(name, className, ...content) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...content.filter((part) => part !== null));
  return element;
}

/** What came of a deed, as one sentence. */
export function outcome(report) {
  return report.status === null
    ? say('silent', report.body)
    : say('answered', report.status, report.ms);
}

/** Text of the account, in which links are links: `<a href="…">…</a>` and bare addresses. */
export function withLinks(text) {
  const pattern = /<a\s+href="(https?:\/\/[^"]+)"\s*>([^<]*)<\/a>|(https?:\/\/[^\s<>"']+)/gi;
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    parts.push(text.slice(end, match.index), link(match[1] ?? match[3], match[2] ?? match[3]));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** A link that opens elsewhere and gives nothing away; text when it is no web address. */
export function link(href, text) {
  if (!/^https?:\/\//i.test(href)) return text;
  const element = make('a', '', text);
  element.href = href;
  element.target = '_blank';
  element.rel = 'noopener noreferrer nofollow';
  return element;
}
