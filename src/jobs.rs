//! Work that is done in the background, at least once, by whichever node is there: a job is put on
//! record before anybody is told that it will be done, and leaves it when it is.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;

use crate::broker::{Broker, BrokerError, Enqueued, Job, Queue};

/// One queue, as one node works on it.
#[derive(Debug)]
pub struct Jobs {
    broker: Broker,
    queue: Queue,
    wake: Notify,
    places: Arc<Semaphore>,
}

/// What becomes of a job that was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It is over, well or not.
    Done,
    /// It is attempted again after this.
    Again(Duration),
}

/// Jobs that one node works on at a time.
const MOST_AT_A_TIME: usize = 32;
/// How long a job is this node's; an attempt takes less, for what it asks of others has settings that
/// end at 20 s.
const LEASE: Duration = Duration::from_secs(30);
/// How often a job is attempted at most, whatever its attempts say: one that takes down whoever attempts
/// it, by a fault of ours, is not to do so for ever. Far beyond what any kind of job asks for.
const MOST_ATTEMPTS: u32 = 1_000;
/// How often a node looks for jobs that others have left.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Jobs {
    /// The queue at `broker`.
    pub fn new(broker: Broker, queue: Queue) -> Arc<Self> {
        Arc::new(Self {
            broker,
            queue,
            wake: Notify::new(),
            places: Arc::new(Semaphore::new(MOST_AT_A_TIME)),
        })
    }

    /// Puts a job on record, due after `delay`; it is begun at once where that is zero.
    pub async fn submit(
        &self,
        id: &str,
        payload: &str,
        delay: Duration,
    ) -> Result<Enqueued, BrokerError> {
        let enqueued = self.broker.enqueue(self.queue, id, payload, delay).await?;
        self.wake.notify_one();
        Ok(enqueued)
    }

    /// Has a job that nobody works on become due after `delay`.
    pub async fn put_off(&self, id: &str, delay: Duration) -> Result<(), BrokerError> {
        self.broker.postpone(self.queue, id, delay).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Withdraws a job.
    pub async fn withdraw(&self, id: &str) -> Result<(), BrokerError> {
        self.broker.finish(self.queue, id).await
    }

    /// Takes jobs and has `attempt` attempt them, for ever; one task of the node's. Attempts are
    /// tasks of `tasks`, and must end within 30 s each.
    pub async fn run<F>(
        self: Arc<Self>,
        tasks: TaskTracker,
        attempt: impl Fn(Job) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = After> + Send + 'static,
    {
        loop {
            let places = Arc::clone(&self.places);
            let first = places.acquire_owned().await.expect("never closed");
            let free = self.places.available_permits() + 1;
            let taken = self.broker.take(self.queue, free, LEASE).await;
            let taken = taken.unwrap_or_else(|error| {
                tracing::debug!(%error, queue = self.queue.word(), "could not look for jobs");
                Default::default()
            });
            drop(first);
            let many = taken.jobs.len();
            for job in taken.jobs {
                if job.attempts > MOST_ATTEMPTS {
                    // Not the whole id: that of a message is the secret of its page.
                    let id: String = job.id.chars().take(8).collect();
                    tracing::error!(id, queue = self.queue.word(), "a job never ends");
                    self.note(&job.id, After::Done).await;
                    continue;
                }
                let places = Arc::clone(&self.places);
                let place = places.acquire_owned().await.expect("never closed");
                let id = job.id.clone();
                let attempted = attempt(job);
                let jobs = Arc::clone(&self);
                tasks.spawn(async move {
                    let after = attempted.await;
                    jobs.note(&id, after).await;
                    drop(place);
                });
            }
            if many < free {
                let pause = taken.next.unwrap_or(LOOK_EVERY).min(LOOK_EVERY);
                // Due by the broker's clock, and a moment later by ours.
                let pause = tokio::time::sleep(pause.max(Duration::from_millis(5)));
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = pause => {}
                }
            }
        }
    }

    /// What cannot be noted is attempted again after the lease.
    async fn note(&self, id: &str, after: After) {
        let noted = match after {
            After::Done => self.broker.finish(self.queue, id).await,
            After::Again(delay) => self.broker.postpone(self.queue, id, delay).await,
        };
        if let Err(error) = noted {
            tracing::warn!(%error, queue = self.queue.word(), "could not note how a job went");
        }
        // Where it shall be soon, the queue is to be looked at soon.
        if matches!(after, After::Again(_)) {
            self.wake.notify_one();
        }
    }
}
