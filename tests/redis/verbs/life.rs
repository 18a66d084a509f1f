//! How long a session lives: while somebody holds it, and for its grace.

use std::time::Duration;

use scangate::broker::{Claim, NewSession, Published};
use scangate::session::{EventId, Uid};
use tokio::time::Instant;

use super::stage::{GRACE, LONG, Stage, event, fresh_uid, holds, new_session, publish, ticket};
use crate::support::{becomes, passes};

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    lives_at(&Stage::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis() {
    lives_at(&Stage::redis().await).await;
}

/// All stories at once: they wait most of the time.
async fn lives_at(stage: &Stage) {
    tokio::join!(
        a_session_nobody_holds_outlives_its_code_by_the_grace(stage),
        pushing_keeps_nothing_alive(stage),
        a_held_session_lives_on(stage),
        the_grace_begins_when_the_last_has_left(stage),
        the_grace_begins_after_the_code_where_that_is_later(stage),
        a_registered_session_lives_its_grace(stage),
        events_and_push_ids_die_with_the_session(stage),
        a_session_held_in_time_outlives_its_end(stage),
        handed_over_it_lives_on(stage),
        released_in_a_rush_each_has_its_grace(stage),
    );
}

/// What a busy machine may add to a life.
const SLACK: Duration = Duration::from_millis(300);
/// A code's life in these stories.
const LIFE: Duration = Duration::from_millis(200);

async fn short(stage: &Stage) -> Uid {
    let session = new_session(LIFE);
    let uid = session.uid;
    stage.a.issue(session).await.unwrap();
    uid
}

async fn lives(stage: &Stage, uid: Uid) -> bool {
    stage.b.session(uid).await.unwrap().is_some()
}

/// Waits until it is gone, which must be as long after `begun` as `life` says.
async fn dies(stage: &Stage, uid: Uid, begun: Instant, life: Duration) {
    let question = async || lives(stage, uid).await;
    becomes(life + 4 * SLACK, "a session's life", question, |&lives| {
        !lives
    })
    .await;
    let lived = begun.elapsed();
    let right = life.saturating_sub(SLACK / 10)..life + SLACK;
    assert!(right.contains(&lived), "{lived:?}, not {life:?}");
}

async fn a_session_nobody_holds_outlives_its_code_by_the_grace(stage: &Stage) {
    let begun = Instant::now();
    let uid = short(stage).await;
    dies(stage, uid, begun, LIFE + GRACE).await;
}

async fn pushing_keeps_nothing_alive(stage: &Stage) {
    let begun = Instant::now();
    let uid = short(stage).await;
    let push = async || {
        let event = event(uid, 0, "");
        stage.a.publish(&event, true).await.unwrap()
    };
    let life = LIFE + GRACE;
    becomes(life + SLACK, "the end", push, |answer| {
        *answer == Published::Unknown
    })
    .await;
    assert!(begun.elapsed() >= life - SLACK / 10);
}

async fn a_held_session_lives_on(stage: &Stage) {
    let uid = short(stage).await;
    holds(&stage.a, uid).await;
    publish(&stage.b, &event(uid, 0, "")).await;
    passes(2 * (LIFE + GRACE)).await;
    assert!(lives(stage, uid).await);
    let replay = stage.b.replay(uid, EventId::START, 9).await.unwrap();
    assert_eq!(replay.events.len(), 1);
    assert_eq!(publish(&stage.b, &event(uid, 1, "")).await.1, 1);
}

async fn the_grace_begins_when_the_last_has_left(stage: &Stage) {
    let uid = short(stage).await;
    holds(&stage.a, uid).await;
    holds(&stage.b, uid).await;
    passes(LIFE + GRACE).await;
    stage.a.release(uid);
    passes(GRACE + SLACK).await;
    assert!(lives(stage, uid).await, "b holds it");
    let begun = Instant::now();
    stage.b.release(uid);
    dies(stage, uid, begun, GRACE).await;
}

async fn the_grace_begins_after_the_code_where_that_is_later(stage: &Stage) {
    let begun = Instant::now();
    let session = new_session(3 * LIFE);
    let uid = session.uid;
    stage.a.issue(session).await.unwrap();
    holds(&stage.a, uid).await;
    stage.a.release(uid);
    dies(stage, uid, begun, 3 * LIFE + GRACE).await;
}

async fn a_registered_session_lives_its_grace(stage: &Stage) {
    let uid = fresh_uid();
    let claim = Claim {
        uid,
        ticket: &ticket(),
        key: None,
        register: true,
    };
    stage.a.hold(claim).await.unwrap();
    passes(GRACE + SLACK).await;
    assert!(lives(stage, uid).await);
    let begun = Instant::now();
    stage.a.release(uid);
    dies(stage, uid, begun, GRACE).await;
}

async fn events_and_push_ids_die_with_the_session(stage: &Stage) {
    let session = new_session(LIFE);
    let uid = session.uid;
    stage.a.issue(session.clone()).await.unwrap();
    let push = event(uid, 0, r#","push_id":"p""#);
    publish(&stage.a, &push).await;
    let question = async || lives(stage, uid).await;
    becomes(2 * LONG, "the end", question, |&lives| !lives).await;
    let replay = stage.b.replay(uid, EventId::START, 9).await.unwrap();
    assert!(replay.events.is_empty());
    let life = LONG;
    let again = NewSession { life, ..session };
    stage.b.issue(again).await.unwrap();
    assert_eq!(holds(&stage.b, uid).await, EventId::START);
    assert_eq!(publish(&stage.a, &push).await.1, 1, "it is a new one");
    // A new session's events live as long as it.
    passes(LIFE + GRACE + SLACK).await;
    let replay = stage.b.replay(uid, EventId::START, 9).await.unwrap();
    assert_eq!(replay.events.len(), 1);
}

async fn a_session_held_in_time_outlives_its_end(stage: &Stage) {
    let uid = short(stage).await;
    publish(&stage.a, &event(uid, 0, r#","push_id":"p""#)).await;
    passes(LIFE + GRACE / 2).await;
    holds(&stage.b, uid).await;
    passes(GRACE).await;
    let replay = stage.a.replay(uid, EventId::START, 9).await.unwrap();
    assert_eq!(replay.events.len(), 1, "what was retained lives on too");
    let again = publish(&stage.a, &event(uid, 1, r#","push_id":"p""#)).await;
    assert_eq!(again.0, replay.events[0].id);
}

/// One member's last page leaves as the other's first comes: the grace of the one shall not end
/// the session of the other.
async fn handed_over_it_lives_on(stage: &Stage) {
    let mut uids = Vec::new();
    for _ in 0..100 {
        let uid = short(stage).await;
        holds(&stage.a, uid).await;
        uids.push(uid);
    }
    for &uid in &uids {
        stage.a.release(uid);
        holds(&stage.b, uid).await;
    }
    passes(LIFE + GRACE + SLACK).await;
    let mut dead = 0;
    for &uid in &uids {
        dead += u32::from(!lives(stage, uid).await);
    }
    assert_eq!(dead, 0, "of {}", uids.len());
}

async fn released_in_a_rush_each_has_its_grace(stage: &Stage) {
    let mut uids = Vec::new();
    for _ in 0..200 {
        let uid = short(stage).await;
        holds(&stage.a, uid).await;
        uids.push(uid);
    }
    for &uid in &uids {
        stage.a.release(uid);
    }
    let question = async || {
        let mut alive = 0;
        for &uid in &uids {
            alive += u32::from(lives(stage, uid).await);
        }
        alive
    };
    let life = LIFE + GRACE + 10 * SLACK;
    becomes(life, "sessions that live on", question, |&alive| alive == 0).await;
}
