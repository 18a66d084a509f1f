// The pretend phone: people, the newest codes, and one chat. Asks the sandbox once a second.

import { ask, fillIn, link, make, outcome, say, withLinks } from '/words.js';

const byId = (id) => document.getElementById(id);
const TRICKS = ['twice', 'two', 'late', 'ticket', 'signature', 'stale', 'replay', 'other_account', 'plain'];

let people = [];
let chosen = sessionStorage.getItem('person') ?? 'mei';
/** What is on the screen, so that nothing is drawn anew under a finger. */
let shownPeople = '';
let shownCodes = '';
let lastLine = 0;
/** The sandbox's clock less ours, seconds. */
let clockShift = 0;

const person = () => people.find((one) => one.id === chosen) ?? people[0];
const shortName = (one) => {
  const [first, second = first] = one.name.split(' ');
  return document.documentElement.lang === 'zh' ? first : second;
};

// People

function showPeople() {
  const key = JSON.stringify([people, chosen]);
  if (key === shownPeople) return;
  shownPeople = key;
  const buttons = people.map((one, index) => {
    const button = make('button', `person tint-${index}`, make('span', 'face', one.name[0]), shortName(one));
    button.type = 'button';
    button.setAttribute('aria-pressed', String(one.id === chosen));
    button.title = say(one.follows ? 'follows' : 'stranger');
    button.addEventListener('click', () => choose(one.id));
    return button;
  });
  byId('people').replaceChildren(...buttons);
  byId('follow').textContent = say(person().follows ? 'unfollow' : 'follow');
  byId('mute').textContent = say(person().mute ? 'unmute' : 'mute');
}

function choose(id) {
  chosen = id;
  sessionStorage.setItem('person', id);
  lastLine = 0;
  shownCodes = '';
  byId('chat').replaceChildren();
  refresh();
}

// Codes

function showCodes(codes) {
  byId('empty').hidden = codes.length > 0;
  const key = JSON.stringify(codes.map((code) => [code.id, code.expired, code.scans]));
  if (key !== shownCodes) {
    shownCodes = key;
    const opened = new Set([...document.querySelectorAll('details[open]')].map((one) => one.dataset.code));
    byId('codes').replaceChildren(...codes.map((code) => card(code, opened.has(code.id))));
  }
  for (const element of document.querySelectorAll('[data-ends]')) {
    const left = Number(element.dataset.ends) - Math.floor(Date.now() / 1000 + clockShift);
    element.textContent = left > 0 ? say('left', left) : say('expired');
  }
}

function card(code, isOpen) {
  const picture = make('img');
  picture.src = `/cgi-bin/showqrcode?ticket=${encodeURIComponent(code.ticket)}`;
  picture.alt = '';
  picture.width = picture.height = 84;
  const life = make('span', 'life', code.expires_at === null ? say('permanent') : '');
  if (code.expires_at !== null) life.dataset.ends = code.expires_at;
  const facts = make('p', 'facts', life, code.scans ? ` · ${say('scans', code.scans)}` : '');
  const scan = make('button', 'wide', say('scan', shortName(person())));
  scan.disabled = code.expired;
  scan.addEventListener('click', () => act(() => ask('scan', { code: code.id, person: chosen })));
  const body = make('div', 'about', make('b', '', code.scene), facts, scan, tricks(code, isOpen));
  return make('li', code.expired ? 'code over' : 'code', picture, body);
}

function tricks(code, isOpen) {
  const buttons = TRICKS.map((trick) => {
    const button = make('button', 'small', say(trick));
    button.addEventListener('click', () => act(() => play(trick, code)));
    return button;
  });
  const details = make('details', '', make('summary', '', say('more')), make('div', 'tricks', ...buttons));
  details.open = isOpen;
  details.dataset.code = code.id;
  return details;
}

async function play(trick, code) {
  const order = { code: code.id, person: chosen };
  switch (trick) {
    case 'twice':
      await ask('scan', order);
      return ask('scan', order);
    case 'two': {
      const other = people.find((one) => one.id !== chosen);
      await ask('scan', order);
      return ask('scan', { ...order, person: other.id });
    }
    case 'late':
      toast(say('waiting'));
      return ask('scan', { ...order, late: true });
    default:
      return ask('scan', { ...order, tamper: trick });
  }
}

// Chat

function showChat(lines) {
  const chat = byId('chat');
  if (lastLine === 0) chat.replaceChildren();
  for (const line of lines) {
    chat.append(bubble(line));
    lastLine = line.id;
  }
  if (chat.children.length === 0) chat.append(make('li', 'note', say('quiet')));
  if (lines.length > 0) chat.scrollTop = chat.scrollHeight;
}

function bubble(line) {
  switch (line.kind) {
    case 'mine':
      return make('li', 'mine', make('span', 'bubble', line.text));
    case 'text':
      return make('li', 'theirs', make('span', 'bubble', ...withLinks(line.text)));
    case 'news':
      return make('li', 'theirs', ...line.articles.map(article));
    case 'card':
      return make('li', 'theirs', template(line));
    default:
      return make('li', line.note === 'fault' ? 'note bad' : 'note', say(line.note, line.detail));
  }
}

function article({ title, description, url }) {
  return make('div', 'sheet', make('b', '', link(url, title)), make('p', '', description));
}

function template({ rows, url }) {
  const terms = rows.flatMap(({ name, value }) => [make('dt', '', name), make('dd', '', value)]);
  const more = url ? make('p', 'more', link(url, say('open'))) : null;
  return make('div', 'sheet', make('dl', '', ...terms), more);
}

// Deeds

async function act(deed) {
  try {
    toast(outcome(await deed()));
  } catch (refusal) {
    toast(refusal.message);
  }
  await refresh();
}

let fading;
function toast(text) {
  const element = byId('toast');
  element.textContent = text;
  element.classList.add('shown');
  clearTimeout(fading);
  fading = setTimeout(() => element.classList.remove('shown'), 4000);
}

let isAsking = false;
async function refresh() {
  if (isAsking || document.hidden) return;
  isAsking = true;
  const asked = chosen;
  try {
    const [everybody, codes, chat] = await Promise.all([
      ask('people'),
      ask('codes?limit=5'),
      ask(`chat?person=${asked}&after=${lastLine}`),
    ]);
    people = everybody.people;
    clockShift = codes.now - Date.now() / 1000;
    showPeople();
    showCodes(codes.codes);
    if (asked === chosen) showChat(chat.lines);
  } catch {
    toast(say('offline'));
  } finally {
    isAsking = false;
  }
  if (asked !== chosen) refresh();
}

fillIn();
byId('follow').addEventListener('click', () =>
  act(() => ask(person().follows ? 'unfollow' : 'follow', { person: chosen })),
);
byId('mute').addEventListener('click', async () => {
  await ask('mute', { person: chosen, mute: !person().mute }).catch((refusal) => toast(refusal.message));
  await refresh();
});
byId('say').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = byId('text').value.trim();
  if (!text) return;
  byId('text').value = '';
  act(() => ask('say', { person: chosen, text }));
});
document.addEventListener('visibilitychange', refresh);
setInterval(refresh, 1000);
refresh();
