//! The verbs of what outlives restarts: records and jobs.

use std::time::Duration;

use super::{Broker, BrokerError, Enqueued, Queue, Record, Taken};

impl Broker {
    /// The record under `name`.
    pub async fn read(&self, name: &str) -> Result<Option<Record>, BrokerError> {
        match self {
            Broker::Embedded(member) => member.store().read(name).await,
            Broker::Redis(redis) => redis.read(name).await,
        }
    }

    /// Writes or (without a text) removes the record under `name`, if its version still is `known`;
    /// 0 for a record that is not there. False where it is another. It is gone after `life`, or never.
    pub async fn write(
        &self,
        name: &str,
        known: u64,
        text: Option<&str>,
        life: Option<Duration>,
    ) -> Result<bool, BrokerError> {
        match self {
            Broker::Embedded(member) => member.store().write(name, known, text, life).await,
            Broker::Redis(redis) => redis.write(name, known, text, life).await,
        }
    }

    /// Puts a job into a queue, due after `delay`.
    pub async fn enqueue(
        &self,
        queue: Queue,
        id: &str,
        payload: &str,
        delay: Duration,
    ) -> Result<Enqueued, BrokerError> {
        match self {
            Broker::Embedded(member) => member.store().enqueue(queue, id, payload, delay).await,
            Broker::Redis(redis) => redis.enqueue(queue, id, payload, delay).await,
        }
    }

    /// Takes at most `most` due jobs; nobody else gets them for the length of the `lease`.
    pub async fn take(
        &self,
        queue: Queue,
        most: usize,
        lease: Duration,
    ) -> Result<Taken, BrokerError> {
        match self {
            Broker::Embedded(member) => member.store().take(queue, most, lease).await,
            Broker::Redis(redis) => redis.take_jobs(queue, most, lease).await,
        }
    }

    /// Puts a job off, to be due after `delay`. Nothing where it was finished meanwhile.
    pub async fn postpone(
        &self,
        queue: Queue,
        id: &str,
        delay: Duration,
    ) -> Result<(), BrokerError> {
        match self {
            Broker::Embedded(member) => member.store().postpone(queue, id, delay).await,
            Broker::Redis(redis) => redis.postpone(queue, id, delay).await,
        }
    }

    /// Removes a job.
    pub async fn finish(&self, queue: Queue, id: &str) -> Result<(), BrokerError> {
        match self {
            Broker::Embedded(member) => member.store().finish(queue, id).await,
            Broker::Redis(redis) => redis.finish(queue, id).await,
        }
    }
}

/// Jobs that may wait in one queue.
pub(super) const MOST_JOBS: u64 = 100_000;
