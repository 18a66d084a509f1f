// hold: many pages wait, with nothing but heartbeats and a trickle of pushes. What does holding them cost?

import { crowdOfPages, options as crowd } from '../lib/crowd.js';
import { P95_MS } from '../lib/settings.js';

export { handleSummary } from '../lib/summary.js';
export const options = crowd({
  page_cuts: ['count==0'],
  push_fails: ['count==0'],
  push_to_page: [`p(95)<${P95_MS}`],
});
export default crowdOfPages;
