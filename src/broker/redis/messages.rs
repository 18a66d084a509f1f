//! Takes what the subscriptions bring, one message after the other; where some came faster than they
//! were taken, all held uids are to be resynced.

use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Hands each message to `take`, until there will be no more. It does nothing else, so that few are
/// ever lost for its slowness; of those that are, `resync` is told.
pub(super) async fn take_each<M: Clone>(
    mut messages: Receiver<M>,
    resync: &Notify,
    mut take: impl FnMut(M),
) {
    loop {
        match messages.recv().await {
            Ok(message) => take(message),
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(lost, "messages of Redis came faster than they were taken");
                resync.notify_one();
            }
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::broadcast;

    use super::*;

    #[tokio::test]
    async fn what_came_too_fast_brings_a_resync_and_the_rest_is_taken() {
        let (sender, messages) = broadcast::channel(2);
        for n in 0..5 {
            sender.send(n).unwrap();
        }
        drop(sender);
        let (resync, mut taken) = (Notify::new(), Vec::new());
        take_each(messages, &resync, |n| taken.push(n)).await;
        assert_eq!(taken, [3, 4]);
        assert!(resync.notified().now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_is_taken_in_time_brings_none() {
        let (sender, messages) = broadcast::channel(2);
        sender.send(0).unwrap();
        sender.send(1).unwrap();
        drop(sender);
        let (resync, mut taken) = (Notify::new(), Vec::new());
        take_each(messages, &resync, |n| taken.push(n)).await;
        assert_eq!(taken, [0, 1]);
        assert!(resync.notified().now_or_never().is_none());
    }
}
