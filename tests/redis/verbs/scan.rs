//! `scan`, `settle`: one person a code, in time.

use std::time::Duration;

use scangate::broker::{Claim, Held, NewSession, Scanned};
use scangate::session::{State, Uid};

use super::stage::{LONG, Stage, fresh_uid, hold, new_session, stranger, ticket};
use crate::support::passes;

super::on_both!(
    the_first_person_counts,
    a_scan_may_be_repeated_until_it_is_settled,
    a_scan_needs_uid_and_ticket,
    a_code_that_has_run_out_is_expired,
    what_was_scanned_in_time_stays_scanned,
    a_renewed_code_can_be_scanned_again,
    a_session_without_a_code_cannot_be_scanned,
    two_persons_at_once_are_one,
    what_nobody_knows_is_settled_in_peace,
);

async fn login(stage: &Stage, life: Duration) -> Uid {
    let session = NewSession {
        purpose: "login".parse().ok(),
        ..new_session(life)
    };
    let uid = session.uid;
    stage.a.issue(session).await.unwrap();
    uid
}

fn accepted() -> Scanned {
    Scanned::Accepted {
        purpose: "login".parse().ok(),
        ticket: ticket(),
    }
}

async fn the_first_person_counts(stage: Stage) {
    let uid = login(&stage, LONG).await;
    let scan = async |person| stage.b.scan(uid, Some(&ticket()), person).await.unwrap();
    assert_eq!(stage.view(uid).await.state, State::Waiting);
    assert_eq!(scan("ann").await, accepted());
    assert_eq!(stage.view(uid).await.state, State::Scanned);
    assert_eq!(scan("bob").await, Scanned::Used);
    stage.a.settle(uid).await.unwrap();
    assert_eq!(stage.view(uid).await.state, State::Done);
    assert_eq!(scan("bob").await, Scanned::Used);
    assert_eq!(scan("ann").await, Scanned::Repeated);
}

async fn a_scan_may_be_repeated_until_it_is_settled(stage: Stage) {
    let uid = login(&stage, LONG).await;
    for member in [&stage.a, &stage.b] {
        let scanned = member.scan(uid, Some(&ticket()), "ann").await.unwrap();
        assert_eq!(scanned, accepted());
    }
    stage.b.settle(uid).await.unwrap();
    let scanned = stage.a.scan(uid, Some(&ticket()), "ann").await.unwrap();
    assert_eq!(scanned, Scanned::Repeated);
}

async fn a_scan_needs_uid_and_ticket(stage: Stage) {
    let uid = login(&stage, LONG).await;
    let (right, wrong) = (ticket(), stranger());
    let scan = async |uid, ticket| stage.a.scan(uid, ticket, "ann").await.unwrap();
    assert_eq!(scan(uid, None).await, Scanned::Mismatch);
    assert_eq!(scan(uid, Some(&wrong)).await, Scanned::Mismatch);
    assert_eq!(scan(fresh_uid(), Some(&right)).await, Scanned::Unknown);
    assert_eq!(stage.view(uid).await.state, State::Waiting);
    let plain = stage.session().await;
    let taken = Scanned::Accepted {
        purpose: None,
        ticket: ticket(),
    };
    assert_eq!(scan(plain, Some(&right)).await, taken);
}

async fn a_code_that_has_run_out_is_expired(stage: Stage) {
    let life = Duration::from_millis(200);
    let uid = login(&stage, life).await;
    // Whoever holds it keeps the session, not the code.
    hold(&stage.a, uid).await;
    passes(life).await;
    let scanned = stage.a.scan(uid, Some(&ticket()), "ann").await.unwrap();
    assert_eq!(scanned, Scanned::Expired);
    let view = stage.view(uid).await;
    assert_eq!(view.state, State::Expired);
    assert_eq!(view.code_remaining, Duration::ZERO);
    let held = hold(&stage.b, uid).await;
    let Held::Yes { code_remaining, .. } = held else {
        panic!("{held:?}");
    };
    assert_eq!(code_remaining, Some(Duration::ZERO));
}

async fn what_was_scanned_in_time_stays_scanned(stage: Stage) {
    let life = Duration::from_millis(200);
    let uid = login(&stage, life).await;
    stage.a.scan(uid, Some(&ticket()), "ann").await.unwrap();
    passes(life).await;
    assert_eq!(stage.view(uid).await.state, State::Scanned);
    let again = stage.b.scan(uid, Some(&ticket()), "ann").await.unwrap();
    assert_eq!(again, accepted());
    stage.b.settle(uid).await.unwrap();
    assert_eq!(stage.view(uid).await.state, State::Done);
}

async fn a_renewed_code_can_be_scanned_again(stage: Stage) {
    let session = new_session(Duration::from_millis(100));
    let uid = session.uid;
    stage.a.issue(session.clone()).await.unwrap();
    passes(Duration::from_millis(150)).await;
    assert_eq!(stage.view(uid).await.state, State::Expired);
    let life = LONG;
    stage.b.issue(NewSession { life, ..session }).await.unwrap();
    assert_eq!(stage.view(uid).await.state, State::Waiting);
    let scanned = stage.a.scan(uid, Some(&ticket()), "ann").await.unwrap();
    assert!(matches!(scanned, Scanned::Accepted { .. }));
}

async fn a_session_without_a_code_cannot_be_scanned(stage: Stage) {
    let uid = fresh_uid();
    let claim = Claim {
        uid,
        ticket: &ticket(),
        key: None,
        register: true,
    };
    stage.a.hold(claim).await.unwrap();
    assert_eq!(stage.view(uid).await.state, State::Waiting);
    let scanned = stage.a.scan(uid, Some(&ticket()), "ann").await.unwrap();
    assert_eq!(scanned, Scanned::Expired);
}

async fn two_persons_at_once_are_one(stage: Stage) {
    for _ in 0..30 {
        let uid = login(&stage, LONG).await;
        let right = ticket();
        let (ann, bob) = tokio::join!(
            stage.a.scan(uid, Some(&right), "ann"),
            stage.b.scan(uid, Some(&right), "bob")
        );
        let answers = [ann.unwrap(), bob.unwrap()];
        assert!(answers.contains(&accepted()), "{answers:?}");
        assert!(answers.contains(&Scanned::Used), "{answers:?}");
    }
}

async fn what_nobody_knows_is_settled_in_peace(stage: Stage) {
    let uid = fresh_uid();
    stage.a.settle(uid).await.unwrap();
    assert!(stage.b.session(uid).await.unwrap().is_none());
}
