//! `session`, `end`, `nodes`, `leave`: what can be told, and how it ends.

use std::time::Duration;

use scangate::broker::{Issued, NewSession, Published};
use scangate::session::{EventId, State};

use super::Heard;
use super::stage::{
    CONNECTIONS, LONG, SOON, Stage, event, fresh_uid, hold, holds, new_session, publish, stranger,
    ticket,
};
use crate::support::becomes;

super::on_both!(
    a_session_is_told_as_it_stands,
    a_scanned_code_has_no_time_left,
    an_ended_session_is_gone_everywhere,
    an_ended_uid_begins_anew,
    nothing_can_be_ended_twice,
    each_member_is_told,
    who_has_left_hears_nothing,
);

async fn a_session_is_told_as_it_stands(stage: Stage) {
    assert!(stage.a.session(fresh_uid()).await.unwrap().is_none());
    let session = NewSession {
        purpose: "bind alice".parse().ok(),
        ..new_session(LONG)
    };
    let uid = session.uid;
    stage.a.issue(session).await.unwrap();
    let view = stage.view(uid).await;
    assert_eq!(view.state, State::Waiting);
    assert_eq!(view.purpose, "bind alice".parse().ok());
    assert_eq!(view.ticket, ticket());
    assert!(view.code_remaining <= LONG && view.code_remaining > LONG / 2);
    assert!(view.nodes.is_empty());
    holds(&stage.a, uid).await;
    stage.is_held_by(uid, &["a"]).await;
}

async fn a_scanned_code_has_no_time_left(stage: Stage) {
    let uid = stage.session().await;
    stage.a.scan(uid, Some(&ticket()), "ann").await.unwrap();
    assert_eq!(stage.view(uid).await.code_remaining, Duration::ZERO);
}

async fn an_ended_session_is_gone_everywhere(stage: Stage) {
    let uid = stage.session().await;
    publish(&stage.a, &event(uid, 0, "")).await;
    holds(&stage.a, uid).await;
    holds(&stage.b, uid).await;
    assert!(stage.a.end(uid).await.unwrap());
    assert_eq!(stage.ears_a.hears().await, Heard::Ended(uid));
    assert_eq!(stage.ears_b.hears().await, Heard::Ended(uid));
    assert!(stage.b.session(uid).await.unwrap().is_none());
    let answer = stage.b.publish(&event(uid, 1, ""), true).await.unwrap();
    assert_eq!(answer, Published::Unknown);
    let replay = stage.b.replay(uid, EventId::START, 9).await.unwrap();
    assert!(replay.events.is_empty());
    for member in [&stage.a, &stage.b] {
        member.release(uid);
        hold(member, uid).await;
    }
    assert!(stage.b.session(uid).await.unwrap().is_none());
}

async fn an_ended_uid_begins_anew(stage: Stage) {
    let uid = stage.session().await;
    let push = event(uid, 0, r#","push_id":"p""#);
    publish(&stage.a, &push).await;
    stage.a.scan(uid, Some(&ticket()), "ann").await.unwrap();
    stage.b.end(uid).await.unwrap();
    let session = NewSession {
        uid,
        ..new_session(LONG)
    };
    let other = NewSession {
        ticket: stranger(),
        ..session.clone()
    };
    assert_eq!(stage.a.issue(session).await.unwrap(), Issued::Created);
    assert_eq!(stage.b.issue(other).await.unwrap(), Issued::Conflict);
    assert_eq!(stage.view(uid).await.state, State::Waiting);
    holds(&stage.b, uid).await;
    let (again, nodes) = publish(&stage.a, &push).await;
    assert_eq!(nodes, 1, "a push id dies with its session");
    assert_eq!(stage.ears_b.hears_event().await.0, again);
    let replay = stage.b.replay(uid, EventId::START, 9).await.unwrap();
    assert_eq!(replay.events.len(), 1);
}

async fn nothing_can_be_ended_twice(stage: Stage) {
    let uid = stage.session().await;
    assert!(!stage.a.end(fresh_uid()).await.unwrap());
    assert!(stage.a.end(uid).await.unwrap());
    assert!(!stage.b.end(uid).await.unwrap());
}

async fn each_member_is_told(stage: Stage) {
    let nodes = async || {
        let nodes = stage.a.nodes().await.unwrap().into_iter();
        let nodes = nodes.map(|node| (node.name, node.connections));
        let mut nodes: Vec<_> = nodes.collect();
        nodes.sort();
        nodes
    };
    let both = [("a".to_owned(), CONNECTIONS), ("b".to_owned(), CONNECTIONS)];
    becomes(SOON, "the nodes", &nodes, |nodes| *nodes == both).await;
    stage.b.leave();
    becomes(SOON, "the nodes", &nodes, |nodes| *nodes == both[..1]).await;
}

async fn who_has_left_hears_nothing(stage: Stage) {
    let uid = stage.session().await;
    holds(&stage.a, uid).await;
    holds(&stage.b, uid).await;
    stage.b.leave();
    publish(&stage.a, &event(uid, 0, "")).await;
    stage.ears_a.hears_event().await;
    stage.ears_b.hears_nothing().await;
}
