//! Takes what the subscriptions bring, one message after the other, and tells where some came faster
//! than they were taken.

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Hands each message to `take`, until there will be no more. It does nothing else, so that few are
/// ever lost for its slowness; `lagged` is told whenever some are.
pub(super) async fn take_each<M: Clone>(
    mut messages: Receiver<M>,
    mut lagged: impl FnMut(),
    mut take: impl FnMut(M),
) {
    loop {
        match messages.recv().await {
            Ok(message) => take(message),
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(lost, "messages of Redis came faster than they were taken");
                lagged();
            }
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;

    #[tokio::test]
    async fn what_came_too_fast_is_told_of_and_the_rest_is_taken() {
        let (sender, messages) = broadcast::channel(2);
        for n in 0..5 {
            sender.send(n).unwrap();
        }
        drop(sender);
        let (mut lags, mut taken) = (0, Vec::new());
        take_each(messages, || lags += 1, |n| taken.push(n)).await;
        assert_eq!(taken, [3, 4]);
        assert_eq!(lags, 1);
    }

    #[tokio::test]
    async fn what_is_taken_in_time_is_not() {
        let (sender, messages) = broadcast::channel(2);
        sender.send(0).unwrap();
        sender.send(1).unwrap();
        drop(sender);
        let (mut lags, mut taken) = (0, Vec::new());
        take_each(messages, || lags += 1, |n| taken.push(n)).await;
        assert_eq!(taken, [0, 1]);
        assert_eq!(lags, 0);
    }
}
