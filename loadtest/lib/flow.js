// Visits that begin at a rate, whether or not those before them are over: scans, and pages that come and go.

import { Counter, Rate } from 'k6/metrics';
import { PATIENCE, RATE, SECONDS, VUS } from './settings.js';

const begun = new Counter('visits');
const complete = new Rate('visits_complete');

/** A visit that tells whether all went as it should; whatever it throws is a no. */
export function visits(visit) {
  return async (shared) => {
    begun.add(1);
    let isComplete = false;
    try {
      isComplete = await visit(shared);
    } finally {
      complete.add(isComplete);
    }
  };
}

/** k6's options of so many visits a second, with these thresholds. */
export function options(thresholds) {
  const flow = {
    executor: 'constant-arrival-rate',
    rate: Math.max(RATE, 1),
    timeUnit: '1s',
    duration: `${SECONDS}s`,
    preAllocatedVUs: VUS,
    // Visits that find nobody free are dropped, and counted by k6: of a hundred one may be.
    maxVUs: VUS,
    gracefulStop: `${PATIENCE}s`,
  };
  return {
    scenarios: { flow },
    thresholds: {
      visits: ['count>0'],
      visits_complete: ['rate==1'],
      // More, and the load was another than the one that was asked for.
      dropped_iterations: [`count<=${Math.floor((RATE * SECONDS) / 100)}`],
      ...thresholds,
    },
    summaryTrendStats: ['avg', 'min', 'med', 'p(95)', 'p(99)', 'max', 'count'],
  };
}
