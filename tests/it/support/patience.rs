//! Waiting: always for an event, never for longer than this.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// How long an event may take, on a machine that is busy with other things too.
const PATIENCE: Duration = Duration::from_secs(10);

/// The outcome of `event`, which is due now.
pub async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, event).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {PATIENCE:?} in vain for {what}"),
    }
}

/// Asks `question` until the answer is `expected`: for what can only be seen by asking.
pub async fn eventually<T: PartialEq + Debug>(
    what: &str,
    expected: T,
    mut question: impl AsyncFnMut() -> T,
) {
    let begun = Instant::now();
    loop {
        let answer = question().await;
        if answer == expected {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{what} is still {answer:?}, not {expected:?}"
        );
        tokio::task::yield_now().await;
    }
}
