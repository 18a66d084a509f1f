// slow: meanwhile other pages do not read what they are pushed, until the gateway sends them away. These here
// read, and must not notice. k6 reads always: the sleepers are those of `scangate-load`.

import { crowdOfPages, options as crowd } from '../lib/crowd.js';
import { P95_MS } from '../lib/settings.js';

export { handleSummary } from '../lib/summary.js';
export const options = crowd({
  page_cuts: ['count==0'],
  push_fails: ['count==0'],
  push_to_page: [`p(95)<${P95_MS}`],
});
export default crowdOfPages;
