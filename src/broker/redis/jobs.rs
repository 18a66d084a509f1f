//! Queues of jobs, kept in Redis: a sorted set of ids by when they are due, a hash of payloads, and
//! one of attempts. Redis's clock alone decides what is due.

use std::time::Duration;

use super::Redis;
use super::answer::Answer;
use crate::broker::durable::MOST_JOBS;
use crate::broker::{BrokerError, Enqueued, Job, Queue, Taken};

impl Redis {
    pub(in crate::broker) async fn enqueue(
        &self,
        queue: Queue,
        id: &str,
        payload: &str,
        delay: Duration,
    ) -> Result<Enqueued, BrokerError> {
        let arguments = vec![
            id.to_owned(),
            payload.to_owned(),
            delay.as_millis().to_string(),
            MOST_JOBS.to_string(),
        ];
        let keys = self.keys.jobs(queue);
        let key = keys[0].clone();
        let enqueue = &self.scripts.enqueue;
        let begun = self.replicas.begin();
        let answer = self.link.call_durably(enqueue, keys, arguments).await?;
        match Answer::of(answer).word().as_str() {
            // Also one that is known: whoever put it there may not have seen it at a replica.
            word @ ("queued" | "known") => {
                self.replicas.wait(begun, &self.link.pushes, &key).await?;
                Ok(match word {
                    "queued" => Enqueued::Yes,
                    _ => Enqueued::Known,
                })
            }
            "full" => Ok(Enqueued::Full),
            _ => Err(BrokerError::Unavailable),
        }
    }

    pub(in crate::broker) async fn take_jobs(
        &self,
        queue: Queue,
        most: usize,
        lease: Duration,
    ) -> Result<Taken, BrokerError> {
        let arguments = vec![most.to_string(), lease.as_millis().to_string()];
        let keys = self.keys.jobs(queue);
        let answer = self.link.call(&self.scripts.take, keys, arguments).await?;
        let mut answer = Answer::of(answer);
        let next = u64::try_from(answer.number()).ok();
        let gauge = self.jobs_waiting.with_label_values(&[queue.word()]);
        gauge.set(answer.number());
        let mut jobs = Vec::new();
        let mut fields = Answer::of(answer.next().into_array());
        loop {
            let id = fields.word();
            if id.is_empty() {
                break;
            }
            jobs.push(Job {
                id,
                payload: fields.word(),
                attempts: fields.number() as u32,
            });
        }
        Ok(Taken {
            jobs,
            next: next.map(Duration::from_millis),
        })
    }

    pub(in crate::broker) async fn postpone(
        &self,
        queue: Queue,
        id: &str,
        delay: Duration,
    ) -> Result<(), BrokerError> {
        let arguments = vec![id.to_owned(), delay.as_millis().to_string()];
        let keys = self.keys.jobs(queue);
        self.link
            .call(&self.scripts.postpone, keys, arguments)
            .await
            .map(drop)
    }

    pub(in crate::broker) async fn finish(
        &self,
        queue: Queue,
        id: &str,
    ) -> Result<(), BrokerError> {
        let keys = self.keys.jobs(queue);
        self.link
            .call(&self.scripts.finish, keys, vec![id.to_owned()])
            .await
            .map(drop)
    }
}
