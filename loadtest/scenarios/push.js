// push: backends push through the server API, as many as are answered or at a rate. `loadtest/run` says the
// same over the push port afterwards, which speaks TCP: that is `scangate-load`.

import { crowdOfPages, options as crowd } from '../lib/crowd.js';
import { P95_MS } from '../lib/settings.js';

export { handleSummary } from '../lib/summary.js';
export const options = crowd({
  page_cuts: ['count==0'],
  push_fails: ['count==0'],
  push_unanswered: ['rate==0'],
  push_answer: [`p(95)<${P95_MS}`],
  push_to_page: [`p(95)<${P95_MS}`],
});
export default crowdOfPages;
