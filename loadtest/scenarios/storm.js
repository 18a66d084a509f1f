// storm: all pages are cut in the same moment, and come back. `loadtest/run` ends the balancer for it, and
// starts it again; before a gateway that is not its own, the pages themselves hang up.

import { crowdOfPages, options as crowd } from '../lib/crowd.js';
import { P95_MS, PAGES } from '../lib/settings.js';

export { handleSummary } from '../lib/summary.js';
export const options = crowd({
  page_cuts: [`count>=${PAGES}`],
  page_return: [`p(95)<${P95_MS}`],
  push_fails: ['count==0'],
});
export default crowdOfPages;
