// churn: pages come, bind and leave at a rate.

import { options as flow, visits } from '../lib/flow.js';
import { register } from '../lib/gateway.js';
import { Page } from '../lib/page.js';
import { P95_MS, PATIENCE, SECONDS } from '../lib/settings.js';

export { handleSummary } from '../lib/summary.js';
export const options = flow({ page_bind: [`p(95)<${P95_MS}`] });

/** Each virtual user has a session, which its pages bind one after the other. */
let code;

export default visits(async () => {
  code = code ?? register(SECONDS + PATIENCE + 60);
  const page = new Page(code, () => {});
  page.open();
  const isBound = await page.binds(1000 * PATIENCE);
  page.leave();
  return isBound;
});
