//! Queues of jobs, kept in the database file: each job, and an index by when it is due.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};

use super::store::{Store, StoreResult, unix_millis};
use crate::broker::durable::MOST_JOBS;
use crate::broker::{BrokerError, Enqueued, Job, Queue, Taken};

/// Queue, id → unix milliseconds when due, attempts, payload.
const JOBS: TableDefinition<(&str, &str), (u64, u32, &str)> = TableDefinition::new("jobs");
/// Queue, when due, id.
const DUE: TableDefinition<(&str, u64, &str), ()> = TableDefinition::new("due");

/// How many jobs each queue has: kept beside the tables, which would have to be read for it.
#[derive(Debug, Default)]
pub(in crate::broker) struct Waiting([AtomicI64; Queue::ALL.len()]);

impl Waiting {
    /// Counts those in the file.
    pub(super) fn count(database: &Database) -> StoreResult<Self> {
        let read = database.begin_read()?;
        let due = read.open_table(DUE)?;
        let waiting = Self::default();
        for queue in Queue::ALL {
            waiting.add(queue, of_queue(&due, queue)?.count() as i64);
        }
        Ok(waiting)
    }

    pub fn of(&self, queue: Queue) -> i64 {
        self.0[queue as usize].load(Ordering::Relaxed)
    }

    fn add(&self, queue: Queue, more: i64) {
        self.0[queue as usize].fetch_add(more, Ordering::Relaxed);
    }
}

/// Makes the tables where they are missing.
pub(super) fn open_tables(write: &WriteTransaction) -> StoreResult<()> {
    write.open_table(JOBS)?;
    write.open_table(DUE)?;
    Ok(())
}

impl Store {
    pub async fn enqueue(
        &self,
        queue: Queue,
        id: &str,
        payload: &str,
        delay: Duration,
    ) -> Result<Enqueued, BrokerError> {
        let (id, payload) = (id.to_owned(), payload.to_owned());
        let waiting = Arc::clone(&self.waiting);
        self.run(move |database| {
            let write = database.begin_write()?;
            {
                let mut jobs = write.open_table(JOBS)?;
                let mut due = write.open_table(DUE)?;
                let key = (queue.word(), id.as_str());
                if jobs.get(key)?.is_some() {
                    return Ok(Enqueued::Known);
                }
                // Counting is for the rare case in which all queues together hold so many.
                if due.len()? >= MOST_JOBS && of_queue(&due, queue)?.count() as u64 >= MOST_JOBS {
                    return Ok(Enqueued::Full);
                }
                let when = unix_millis() + delay.as_millis() as u64;
                jobs.insert(key, (when, 0, payload.as_str()))?;
                due.insert((queue.word(), when, id.as_str()), ())?;
            }
            write.commit()?;
            waiting.add(queue, 1);
            Ok(Enqueued::Yes)
        })
        .await
    }

    pub async fn take(
        &self,
        queue: Queue,
        most: usize,
        lease: Duration,
    ) -> Result<Taken, BrokerError> {
        self.run(move |database| {
            let mut taken = Taken::default();
            // Looking costs no write; mostly there is nothing to take.
            let ids = due_ids(database, queue, most)?;
            if !ids.is_empty() {
                let write = database.begin_write()?;
                for id in ids {
                    let until = unix_millis() + lease.as_millis() as u64;
                    taken.jobs.extend(reschedule(&write, queue, &id, until, 1)?);
                }
                write.commit()?;
            }
            taken.next = next_due(database, queue)?;
            Ok(taken)
        })
        .await
    }

    pub async fn postpone(
        &self,
        queue: Queue,
        id: &str,
        delay: Duration,
    ) -> Result<(), BrokerError> {
        let id = id.to_owned();
        self.run(move |database| {
            let write = database.begin_write()?;
            let when = unix_millis() + delay.as_millis() as u64;
            reschedule(&write, queue, &id, when, 0)?;
            write.commit()?;
            Ok(())
        })
        .await
    }

    pub async fn finish(&self, queue: Queue, id: &str) -> Result<(), BrokerError> {
        let id = id.to_owned();
        let waiting = Arc::clone(&self.waiting);
        self.run(move |database| {
            let write = database.begin_write()?;
            let was_there = {
                let mut jobs = write.open_table(JOBS)?;
                let mut due = write.open_table(DUE)?;
                let job = jobs.remove((queue.word(), id.as_str()))?;
                if let Some(job) = &job {
                    due.remove((queue.word(), job.value().0, id.as_str()))?;
                }
                job.is_some()
            };
            write.commit()?;
            waiting.add(queue, -i64::from(was_there));
            Ok(())
        })
        .await
    }
}

/// Everything of one queue, in the order in which it is due.
fn of_queue<'a>(
    due: &'a impl ReadableTable<(&'static str, u64, &'static str), ()>,
    queue: Queue,
) -> StoreResult<redb::Range<'a, (&'static str, u64, &'static str), ()>> {
    Ok(due.range((queue.word(), 0, "")..=(queue.word(), u64::MAX, ""))?)
}

fn due_ids(database: &Database, queue: Queue, most: usize) -> StoreResult<Vec<String>> {
    let read = database.begin_read()?;
    let due = read.open_table(DUE)?;
    let now = unix_millis();
    let mut ids = Vec::new();
    for entry in of_queue(&due, queue)?.take(most) {
        let entry = entry?;
        let (_, when, id) = entry.0.value();
        if when > now {
            break;
        }
        ids.push(id.to_owned());
    }
    Ok(ids)
}

fn next_due(database: &Database, queue: Queue) -> StoreResult<Option<Duration>> {
    let read = database.begin_read()?;
    let due = read.open_table(DUE)?;
    let Some(first) = of_queue(&due, queue)?.next() else {
        return Ok(None);
    };
    let when = first?.0.value().1;
    Ok(Some(Duration::from_millis(
        when.saturating_sub(unix_millis()),
    )))
}

/// Makes a job due at another time, and counts `attempts` more; None where it is gone.
fn reschedule(
    write: &WriteTransaction,
    queue: Queue,
    id: &str,
    when: u64,
    attempts: u32,
) -> StoreResult<Option<Job>> {
    let mut jobs = write.open_table(JOBS)?;
    let mut due = write.open_table(DUE)?;
    let key = (queue.word(), id);
    let Some((before, attempts, payload)) = jobs.get(key)?.map(|job| {
        let (before, so_far, payload) = job.value();
        (before, so_far + attempts, payload.to_owned())
    }) else {
        return Ok(None);
    };
    due.remove((queue.word(), before, id))?;
    due.insert((queue.word(), when, id), ())?;
    jobs.insert(key, (when, attempts, payload.as_str()))?;
    Ok(Some(Job {
        id: id.to_owned(),
        payload,
        attempts,
    }))
}
