//! Waiting: for events, with a deadline; and for time only where time is the subject.

use std::fmt::Debug;
use std::io::Write;
use std::time::Duration;

use tokio::time::{Instant, interval, timeout};

/// The outcome of `event`, which is due within `patience`.
pub async fn within<T>(patience: Duration, what: &str, event: impl Future<Output = T>) -> T {
    match timeout(patience, event).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {patience:?} in vain for {what}"),
    }
}

/// Asks `question` until `is_good` likes the answer, which it must within `patience`; for what can
/// only be seen by asking. Returns how long it took.
pub async fn becomes<T: Debug>(
    patience: Duration,
    what: &str,
    mut question: impl AsyncFnMut() -> T,
    is_good: impl Fn(&T) -> bool,
) -> Duration {
    let begun = Instant::now();
    // Not in a spin: the servers share this machine's few cores.
    let mut pace = interval(Duration::from_millis(15));
    loop {
        pace.tick().await;
        let answer = question().await;
        if is_good(&answer) {
            return begun.elapsed();
        }
        assert!(
            begun.elapsed() < patience,
            "{what}: still {answer:?} after {patience:?}"
        );
    }
}

/// Lets time pass, where time itself is the story: the length of an outage, the life of a note.
pub async fn passes(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Whether long stories are told. Where they are not, says that this one was left out, past the
/// capture of the test's output.
pub fn is_long(story: &str) -> bool {
    let told = std::env::var_os("SCANGATE_CHAOS").is_some_and(|value| value == "1");
    if !told {
        let note = format!("left out without SCANGATE_CHAOS=1: {story}\n");
        let _ = std::io::stderr().write_all(note.as_bytes());
    }
    told
}
