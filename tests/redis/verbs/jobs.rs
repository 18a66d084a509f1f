//! Jobs: taken by one member at a time, and by another where that one falls silent.

use std::time::Duration;

use scangate::broker::{BrokerError, Enqueued, Queue};
use scangate::jobs::Jobs;
use tokio_util::task::TaskTracker;

use super::stage::{LONG, Stage};
use crate::support::becomes;

super::on_both!(
    a_job_is_taken_once_while_its_lease_lasts,
    a_job_that_was_left_is_taken_again,
    a_job_is_not_taken_before_it_is_due,
    a_job_that_is_put_off_waits,
    a_job_that_is_finished_is_gone,
    an_id_is_queued_once,
    queues_are_apart,
    no_more_than_asked_for_is_taken,
    a_job_that_never_ends_is_given_up,
);

const QUEUE: Queue = Queue::Hooks;
const NOW: Duration = Duration::ZERO;
const SHORT: Duration = Duration::from_millis(200);

async fn put(stage: &Stage, id: &str, delay: Duration) {
    let enqueued = stage.a.enqueue(QUEUE, id, &format!("{id}!"), delay).await;
    assert_eq!(enqueued.unwrap(), Enqueued::Yes);
}

/// What member b gets: ids and attempts.
async fn taken(stage: &Stage, lease: Duration) -> Vec<(String, u32)> {
    let taken = stage.b.take(QUEUE, 10, lease).await.unwrap();
    let jobs = taken.jobs.into_iter();
    jobs.inspect(|job| assert_eq!(job.payload, format!("{}!", job.id)))
        .map(|job| (job.id, job.attempts))
        .collect()
}

async fn a_job_is_taken_once_while_its_lease_lasts(stage: Stage) {
    put(&stage, "one", NOW).await;
    assert_eq!(taken(&stage, LONG).await, [("one".to_owned(), 1)]);
    let again = stage.a.take(QUEUE, 10, LONG).await.unwrap();
    assert!(again.jobs.is_empty());
    let next = again.next.unwrap();
    assert!(next > LONG / 2 && next <= LONG, "{next:?}");
}

async fn a_job_that_was_left_is_taken_again(stage: Stage) {
    put(&stage, "one", NOW).await;
    assert_eq!(taken(&stage, SHORT).await.len(), 1);
    let question = async || taken(&stage, LONG).await;
    let after = becomes(LONG, "the job again", question, |jobs| !jobs.is_empty()).await;
    assert!(after > SHORT / 2, "{after:?}");
    let next = stage.a.take(QUEUE, 10, LONG).await.unwrap().next;
    assert!(next.unwrap() > LONG / 2);
}

async fn a_job_is_not_taken_before_it_is_due(stage: Stage) {
    put(&stage, "late", SHORT).await;
    put(&stage, "later", LONG).await;
    assert_eq!(taken(&stage, LONG).await, []);
    let question = async || taken(&stage, LONG).await;
    becomes(LONG, "the due one", question, |jobs| {
        *jobs == [("late".to_owned(), 1)]
    })
    .await;
}

async fn a_job_that_is_put_off_waits(stage: Stage) {
    put(&stage, "one", NOW).await;
    assert_eq!(taken(&stage, LONG).await.len(), 1);
    stage.b.postpone(QUEUE, "one", NOW).await.unwrap();
    stage.b.postpone(QUEUE, "unheard of", NOW).await.unwrap();
    let again = stage.a.take(QUEUE, 10, LONG).await.unwrap().jobs;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].attempts, 2);
}

async fn a_job_that_is_finished_is_gone(stage: Stage) {
    put(&stage, "one", NOW).await;
    assert_eq!(taken(&stage, NOW).await.len(), 1);
    stage.a.finish(QUEUE, "one").await.unwrap();
    stage.a.finish(QUEUE, "one").await.unwrap();
    stage.a.postpone(QUEUE, "one", NOW).await.unwrap();
    let left = stage.b.take(QUEUE, 10, LONG).await.unwrap();
    assert!(left.jobs.is_empty() && left.next.is_none(), "{left:?}");
    put(&stage, "one", NOW).await;
    assert_eq!(taken(&stage, NOW).await, [("one".to_owned(), 1)]);
}

async fn an_id_is_queued_once(stage: Stage) {
    put(&stage, "one", LONG).await;
    let again = stage.b.enqueue(QUEUE, "one", "other", NOW).await.unwrap();
    assert_eq!(again, Enqueued::Known);
    assert_eq!(taken(&stage, LONG).await, []);
}

async fn queues_are_apart(stage: Stage) {
    put(&stage, "one", NOW).await;
    let other = stage.b.take(Queue::Messages, 10, LONG).await.unwrap();
    assert!(other.jobs.is_empty() && other.next.is_none());
    stage.b.finish(Queue::Messages, "one").await.unwrap();
    assert_eq!(taken(&stage, LONG).await.len(), 1);
}

async fn no_more_than_asked_for_is_taken(stage: Stage) {
    for n in 0..5 {
        put(&stage, &n.to_string(), NOW).await;
    }
    let first = stage.a.take(QUEUE, 3, LONG).await.unwrap();
    assert_eq!(first.jobs.len(), 3);
    assert_eq!(first.next, Some(NOW));
    assert_eq!(taken(&stage, LONG).await.len(), 2);
}

async fn a_job_that_never_ends_is_given_up(stage: Stage) {
    put(&stage, "one", NOW).await;
    for attempt in 1..=1_000 {
        assert_eq!(taken(&stage, NOW).await, [("one".to_owned(), attempt)]);
    }
    let jobs = Jobs::new(stage.a.clone(), QUEUE);
    let attempt = |_| async { panic!("it was attempted once more") };
    let working = tokio::spawn(jobs.run(TaskTracker::new(), attempt));
    let question = async || stage.b.enqueue(QUEUE, "one", "one!", LONG).await;
    becomes(LONG, "the job's end", question, |known| {
        matches!(known, Ok(Enqueued::Yes))
    })
    .await;
    working.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_replica_has_is_never_said_to_be_kept() {
    let stage = Stage::waiting(1).await;
    for _ in 0..2 {
        let enqueued = stage.a.enqueue(QUEUE, "one", "one!", LONG).await;
        assert!(matches!(enqueued, Err(BrokerError::Silent)), "{enqueued:?}");
    }
    let written = stage.a.write("name", 0, Some("1"), None).await;
    assert!(matches!(written, Err(BrokerError::Silent)), "{written:?}");
    let secret = stage.a.installation_secret().await;
    assert!(matches!(secret, Err(BrokerError::Silent)));
}
