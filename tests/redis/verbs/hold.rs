//! `issue`, `hold`, `release`: who may have a uid, and who has it.

use scangate::broker::{Claim, Held, Issued, NewSession};
use scangate::session::{EventId, Key};

use super::stage::{
    LONG, Stage, event, fresh_uid, hold, hold_with, holds, new_session, publish, stranger, ticket,
};

super::on_both!(
    a_uid_belongs_to_the_ticket_that_came_first,
    a_renewed_session_keeps_its_first_key,
    a_claim_needs_ticket_and_key,
    a_session_without_a_key_ignores_one,
    a_claim_may_register_its_uid,
    a_hold_tells_the_newest_event_and_the_time_left,
    as_many_releases_as_holds,
    each_member_holds_for_itself,
    a_refused_claim_holds_nothing,
    a_uid_changes_hands_for_ever,
);

async fn a_uid_belongs_to_the_ticket_that_came_first(stage: Stage) {
    let session = new_session(LONG);
    let other = NewSession {
        ticket: stranger(),
        ..session.clone()
    };
    let issue = async |session: &NewSession| stage.a.issue(session.clone()).await.unwrap();
    assert_eq!(issue(&session).await, Issued::Created);
    assert_eq!(issue(&session).await, Issued::Renewed(None));
    assert_eq!(issue(&other).await, Issued::Conflict);
    let at_b = stage.b.issue(other).await.unwrap();
    assert_eq!(at_b, Issued::Conflict);
    assert_eq!(stage.view(session.uid).await.ticket, ticket());
}

async fn a_renewed_session_keeps_its_first_key(stage: Stage) {
    let [first, second] = [Key::new([1; 16]), Key::new([2; 16])];
    let session = NewSession {
        key: Some(first),
        ..new_session(LONG)
    };
    let again = NewSession {
        key: Some(second),
        ..session.clone()
    };
    let uid = session.uid;
    assert_eq!(stage.a.issue(session).await.unwrap(), Issued::Created);
    let renewed = stage.b.issue(again).await.unwrap();
    assert_eq!(renewed, Issued::Renewed(Some(first)));
    let held = hold_with(&stage.a, uid, &ticket(), Some(&second)).await;
    assert_eq!(held, Held::Mismatch);
}

async fn a_claim_needs_ticket_and_key(stage: Stage) {
    let key = Key::new([1; 16]);
    let session = NewSession {
        key: Some(key),
        ..new_session(LONG)
    };
    let uid = session.uid;
    stage.a.issue(session).await.unwrap();
    for (ticket, key) in [
        (ticket(), None),
        (ticket(), Some(Key::new([2; 16]))),
        (stranger(), Some(key)),
        (stranger(), None),
    ] {
        let held = hold_with(&stage.a, uid, &ticket, key.as_ref()).await;
        assert_eq!(held, Held::Mismatch, "{key:?}");
    }
    let held = hold_with(&stage.b, uid, &ticket(), Some(&key)).await;
    assert!(matches!(held, Held::Yes { .. }), "{held:?}");
    assert_eq!(hold(&stage.a, fresh_uid()).await, Held::Unknown);
}

async fn a_session_without_a_key_ignores_one(stage: Stage) {
    let uid = stage.session().await;
    let held = hold_with(&stage.a, uid, &ticket(), Some(&Key::new([1; 16]))).await;
    assert!(matches!(held, Held::Yes { .. }), "{held:?}");
}

async fn a_claim_may_register_its_uid(stage: Stage) {
    let uid = fresh_uid();
    let (right, wrong) = (ticket(), stranger());
    let claim = |ticket| Claim {
        uid,
        ticket,
        key: None,
        register: true,
    };
    let registered = Held::Yes {
        newest: EventId::START,
        code_remaining: None,
    };
    assert_eq!(stage.a.hold(claim(&right)).await.unwrap(), registered);
    assert_eq!(stage.b.hold(claim(&wrong)).await.unwrap(), Held::Mismatch);
    assert_eq!(stage.b.hold(claim(&right)).await.unwrap(), registered);
    assert_eq!(publish(&stage.a, &event(uid, 0, "")).await.1, 2);
}

async fn a_hold_tells_the_newest_event_and_the_time_left(stage: Stage) {
    let uid = stage.session().await;
    assert_eq!(holds(&stage.a, uid).await, EventId::START);
    publish(&stage.a, &event(uid, 0, "")).await;
    let (newest, _) = publish(&stage.b, &event(uid, 1, "")).await;
    match hold(&stage.b, uid).await {
        Held::Yes {
            newest: told,
            code_remaining: Some(remaining),
        } => {
            assert_eq!(told, newest);
            assert!(remaining <= LONG && remaining > LONG / 2, "{remaining:?}");
        }
        other => panic!("{other:?}"),
    }
}

async fn as_many_releases_as_holds(stage: Stage) {
    let uid = stage.session().await;
    holds(&stage.a, uid).await;
    holds(&stage.a, uid).await;
    assert_eq!(publish(&stage.b, &event(uid, 0, "")).await.1, 1);
    stage.a.release(uid);
    // What is asked after a release of the same member comes after it.
    holds(&stage.a, uid).await;
    stage.a.release(uid);
    assert_eq!(publish(&stage.b, &event(uid, 1, "")).await.1, 1);
    stage.is_held_by(uid, &["a"]).await;
    stage.a.release(uid);
    stage.is_held_by(uid, &[]).await;
    assert_eq!(publish(&stage.b, &event(uid, 2, "")).await.1, 0);
}

async fn each_member_holds_for_itself(stage: Stage) {
    let uid = stage.session().await;
    holds(&stage.a, uid).await;
    holds(&stage.b, uid).await;
    stage.is_held_by(uid, &["a", "b"]).await;
    stage.a.release(uid);
    stage.is_held_by(uid, &["b"]).await;
    assert_eq!(publish(&stage.a, &event(uid, 0, "")).await.1, 1);
    stage.ears_b.hears_event().await;
    stage.ears_a.hears_nothing().await;
}

async fn a_refused_claim_holds_nothing(stage: Stage) {
    let uid = stage.session().await;
    for _ in 0..3 {
        let held = hold_with(&stage.a, uid, &stranger(), None).await;
        assert_eq!(held, Held::Mismatch);
    }
    stage.is_held_by(uid, &[]).await;
    assert_eq!(publish(&stage.b, &event(uid, 0, "")).await.1, 0);
    stage.ears_a.hears_nothing().await;
}

/// The last to leave and the first to come may meet at the broker in any order; who holds the uid
/// hears of it.
async fn a_uid_changes_hands_for_ever(stage: Stage) {
    let uid = stage.session().await;
    holds(&stage.a, uid).await;
    for n in 0..50 {
        let (from, to, ears) = match n % 2 {
            0 => (&stage.a, &stage.b, &stage.ears_b),
            _ => (&stage.b, &stage.a, &stage.ears_a),
        };
        from.release(uid);
        holds(to, uid).await;
        let event = event(uid, n, "");
        let (id, nodes) = publish(from, &event).await;
        assert!(nodes >= 1, "round {n}");
        // Who gave it back may have heard of an earlier one, while that was under way.
        while ears.hears_event().await.0 != id {}
    }
}
