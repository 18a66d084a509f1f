// What a code opens in a real camera: one tap scans it as somebody.

import { ask, fillIn, make, say, withLinks } from '/words.js';

const code = location.pathname.split('/').pop();
const lead = document.getElementById('lead');
const choices = document.getElementById('choices');
const chat = document.getElementById('chat');

async function scan(person) {
  for (const button of choices.children) button.disabled = true;
  try {
    const report = await ask('scan', { code, person });
    lead.textContent = report.fault ? say('fault', report.fault) : say('done');
    if (report.reply?.text) {
      chat.replaceChildren(make('li', 'theirs', make('span', 'bubble', ...withLinks(report.reply.text))));
    }
  } catch (refusal) {
    lead.textContent = refusal.message;
  }
  for (const button of choices.children) button.disabled = false;
}

fillIn();
try {
  const { codes } = await ask(`codes?id=${encodeURIComponent(code)}`);
  if (codes.length === 0) {
    lead.textContent = say('gone');
  } else {
    const { people } = await ask('people');
    for (const person of people) {
      const state = make('small', '', say(person.follows ? 'follows' : 'stranger'));
      const button = make('button', 'wide', person.name, state);
      button.addEventListener('click', () => scan(person.id));
      choices.append(button);
    }
  }
} catch {
  lead.textContent = say('offline');
}
