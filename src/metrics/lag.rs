//! How late the event loop is: a timer that is looked at each second.

use std::time::Duration;

use prometheus::Histogram;
use tokio::time::{Instant, sleep_until};

const EVERY: Duration = Duration::from_secs(1);

/// Looks for ever.
pub async fn watch(lag: Histogram) {
    loop {
        let due = Instant::now() + EVERY;
        sleep_until(due).await;
        lag.observe(due.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use prometheus::HistogramOpts;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_is_held_up_is_late() {
        let lag = Histogram::with_opts(HistogramOpts::new("lag", "help")).unwrap();
        let watching = tokio::spawn(watch(lag.clone()));
        tokio::task::yield_now().await;
        tokio::time::advance(EVERY + Duration::from_millis(500)).await;
        tokio::task::yield_now().await;
        assert!(
            (0.4..0.6).contains(&lag.get_sample_sum()),
            "{}",
            lag.get_sample_sum()
        );
        watching.abort();
    }
}
