// Not run: a page in TypeScript, to see that scangate.d.ts lets it say what it means, and no more.
import { connect, Scangate, type Code, type PushedEvent } from '../../../web/scangate.js';

const gate: Scangate = connect({ action: 'login', base: 'https://gate.example/', renewals: 3 });

const stop: () => void = gate.on('state', ({ state, reason, online, code }) => {
  if (state === 'failed') console.log(reason?.toUpperCase(), gate.retrySeconds + gate.secondsLeft);
  if (online && code) console.log(code.ticket.length, code.url?.length);
});
gate.on('result', (event: PushedEvent) => console.log(event.token, event['anything']));
gate.on('confirm', ({ number, expire_seconds = 0 }) => console.log(number?.length, expire_seconds + 1));
gate.on('expired', (code: Code | null) => code && gate.bind(code));
gate.addEventListener('gap', () => gate.refresh());
const isSent: boolean = gate.send({ cmd: 'sms', phone: '13800000000' });
console.log(isSent);
stop();
gate.close();

connect({ code: { uid: '7', ticket: 'T' }, world: globalThis });
connect({ fetchCode: async () => ({ uid: 7, ticket: 'T', expire_seconds: 60 }) });

// @ts-expect-error there is no such event
gate.on('scanned', () => {});
// @ts-expect-error the state is not ours to set
gate.state = 'done';
// @ts-expect-error a code has a ticket
gate.bind({ uid: 7 });
// @ts-expect-error a command has a name
gate.send({ phone: '13800000000' });
