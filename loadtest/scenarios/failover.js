// failover: Redis is killed and comes back with what it had on disk. Pushes fail meanwhile, and say so; pages
// stay. Whatever was accepted arrives.

import { crowdOfPages, options as crowd } from '../lib/crowd.js';

export { handleSummary } from '../lib/summary.js';
export const options = crowd({
  page_cuts: ['count==0'],
  // It was away, and somebody noticed.
  push_outages: ['count>0'],
});
export default crowdOfPages;
