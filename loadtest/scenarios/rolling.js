// rolling: the nodes are told to go, one after the other, and start again. Pages move, backends turn to
// another node, and no push fails.

import { crowdOfPages, options as crowd } from '../lib/crowd.js';
import { P95_MS } from '../lib/settings.js';

export { handleSummary } from '../lib/summary.js';
export const options = crowd({
  'page_cuts{code:1001}': ['count>0'],
  page_return: [`p(95)<${P95_MS}`],
  push_fails: ['count==0'],
});
export default crowdOfPages;
