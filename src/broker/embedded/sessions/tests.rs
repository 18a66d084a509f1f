use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::advance;

use super::*;
use crate::message::{PushId, PushLine};
use crate::session::{Key, State};

const SECOND: Duration = Duration::from_secs(1);

fn sessions() -> Sessions {
    let retention = Retention {
        grace: 60 * SECOND,
        events: 3,
        push_ids: 2,
    };
    Sessions::new(retention)
}

fn uid(number: u32) -> Uid {
    number.to_string().parse().unwrap()
}

fn ticket(text: &str) -> Ticket {
    Ticket::new(text).unwrap()
}

fn new_session(number: u32) -> NewSession {
    NewSession {
        uid: uid(number),
        ticket: ticket("t"),
        key: None,
        purpose: None,
        life: 120 * SECOND,
    }
}

fn event(number: u32, ticket: &str) -> Event {
    let line = format!(r#"{{"uid":{number},"ticket":"{ticket}"}}"#);
    PushLine::parse(Bytes::from(line)).event.unwrap()
}

fn publish(sessions: &Sessions, event: &Event) -> Published {
    sessions.publish(event, true, |_, _| {})
}

fn claim<'a>(number: u32, ticket: &'a Ticket, key: Option<&'a Key>) -> Claim<'a> {
    Claim {
        uid: uid(number),
        ticket,
        key,
        register: false,
    }
}

fn id_of(published: Published) -> EventId {
    match published {
        Published::Yes { id, .. } => id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_claim_needs_the_ticket_and_the_key() {
    let sessions = sessions();
    let key = Key::new([1; 16]);
    let good = ticket("t");
    sessions.issue(NewSession {
        key: Some(key),
        ..new_session(1)
    });
    assert!(matches!(
        sessions.hold(claim(1, &good, Some(&key)), 0),
        Held::Yes { .. }
    ));
    for (ticket, key) in [
        (&good, None),
        (&good, Some(&Key::new([2; 16]))),
        (&ticket("T"), Some(&key)),
    ] {
        assert_eq!(sessions.hold(claim(1, ticket, key), 0), Held::Mismatch);
    }
    assert_eq!(sessions.hold(claim(2, &good, None), 0), Held::Unknown);
}

#[tokio::test]
async fn the_first_claim_registers_where_that_is_allowed() {
    let sessions = sessions();
    let (first, other) = (ticket("t"), ticket("other"));
    let register = |ticket| Claim {
        register: true,
        ..claim(1, ticket, None)
    };
    assert!(matches!(
        sessions.hold(register(&first), 0),
        Held::Yes { .. }
    ));
    assert_eq!(sessions.hold(register(&other), 0), Held::Mismatch);
}

#[tokio::test]
async fn events_are_verified_kept_and_replayed_in_order() {
    let sessions = sessions();
    assert_eq!(publish(&sessions, &event(1, "t")), Published::Unknown);
    sessions.issue(new_session(1));
    assert_eq!(publish(&sessions, &event(1, "x")), Published::Mismatch);
    let ids: Vec<_> = (0..5)
        .map(|_| id_of(publish(&sessions, &event(1, "t"))))
        .collect();
    assert!(ids.is_sorted());
    let replayed = |after, limit| {
        let replay = sessions.replay(uid(1), after, limit);
        let events: Vec<_> = replay.events.iter().map(|event| event.id).collect();
        (events, replay.gap)
    };
    assert_eq!(replayed(EventId::START, 9), (ids[2..].to_vec(), true));
    assert_eq!(replayed(ids[1], 9), (ids[2..].to_vec(), false));
    assert_eq!(replayed(ids[2], 1), (ids[3..4].to_vec(), false));
    assert_eq!(replayed(ids[4], 9), (vec![], false));
}

#[tokio::test]
async fn an_event_is_carried_to_each_holding_node_once() {
    let sessions = sessions();
    sessions.issue(new_session(1));
    let good = ticket("t");
    for node in [7, 7, 9] {
        sessions.hold(claim(1, &good, None), node);
    }
    let carried = RefCell::new(Vec::new());
    let published = sessions.publish(&event(1, "t"), true, |node, _| {
        carried.borrow_mut().push(node);
    });
    assert!(matches!(published, Published::Yes { nodes: 2, .. }));
    assert_eq!(carried.into_inner(), [7, 9]);
    sessions.release(uid(1), 7);
    sessions.release(uid(1), 9);
    assert!(matches!(
        publish(&sessions, &event(1, "t")),
        Published::Yes { nodes: 1, .. }
    ));
    sessions.release(uid(1), 7);
    let refused = sessions.publish(&event(1, "t"), false, |_, _| panic!("nobody is there"));
    assert_eq!(refused, Published::NotHeld);
}

#[tokio::test]
async fn a_push_id_is_accepted_once_while_it_is_remembered() {
    let sessions = sessions();
    sessions.issue(new_session(1));
    let named = |name| Event {
        push_id: PushId::new(name),
        ..event(1, "t")
    };
    let first = id_of(publish(&sessions, &named("a")));
    let known = Published::Yes {
        id: first,
        nodes: 0,
        is_new: false,
    };
    assert_eq!(publish(&sessions, &named("a")), known);
    assert_eq!(sessions.replay(uid(1), EventId::START, 9).events.len(), 1);
    publish(&sessions, &named("b"));
    publish(&sessions, &named("c"));
    let again = id_of(publish(&sessions, &named("a")));
    assert_ne!(again, first, "two are remembered");
}

#[tokio::test(start_paused = true)]
async fn the_first_scan_wins_until_the_code_is_over() {
    let sessions = sessions();
    sessions.issue(new_session(1));
    sessions.issue(new_session(2));
    let good = ticket("t");
    let wrong = ticket("x");
    let scan =
        |number, ticket: Option<&Ticket>, person: &str| sessions.scan(uid(number), ticket, person);
    let accepted = Scanned::Accepted {
        purpose: None,
        ticket: good.clone(),
    };
    assert_eq!(scan(1, None, "ann"), Scanned::Mismatch);
    assert_eq!(scan(1, Some(&wrong), "ann"), Scanned::Mismatch);
    assert_eq!(scan(3, Some(&good), "ann"), Scanned::Unknown);
    assert_eq!(scan(1, Some(&good), "ann"), accepted);
    assert_eq!(scan(1, Some(&good), "ann"), accepted, "not settled yet");
    assert_eq!(scan(1, Some(&good), "bob"), Scanned::Used);
    sessions.settle(uid(1));
    assert_eq!(scan(1, Some(&good), "ann"), Scanned::Repeated);
    advance(120 * SECOND).await;
    assert_eq!(scan(2, Some(&good), "ann"), Scanned::Expired);
    assert_eq!(sessions.view(uid(2)).unwrap().0.state, State::Expired);
    assert_eq!(sessions.view(uid(1)).unwrap().0.state, State::Done);
}

#[tokio::test(start_paused = true)]
async fn a_session_lives_while_held_and_for_its_grace() {
    let sessions = sessions();
    let good = ticket("t");
    sessions.issue(new_session(1));
    sessions.issue(new_session(2));
    sessions.hold(claim(1, &good, None), 0);
    advance(180 * SECOND).await;
    sessions.expire();
    assert!(sessions.view(uid(2)).is_none(), "code over, grace over");
    assert!(sessions.view(uid(1)).is_some(), "held");
    advance(10_000 * SECOND).await;
    sessions.release(uid(1), 0);
    advance(59 * SECOND).await;
    sessions.expire();
    assert!(sessions.view(uid(1)).is_some(), "within its grace");
    sessions.hold(claim(1, &good, None), 0);
    advance(60 * SECOND).await;
    sessions.expire();
    assert_eq!(
        sessions.expiry.next_due(),
        None,
        "a held one needs no entry"
    );
    sessions.release(uid(1), 0);
    advance(60 * SECOND).await;
    sessions.expire();
    assert!(sessions.view(uid(1)).is_none());
    assert_eq!(sessions.census(), Census::default());
}

#[tokio::test(start_paused = true)]
async fn issuing_again_renews_or_conflicts() {
    let sessions = sessions();
    let key = Some(Key::new([1; 16]));
    assert_eq!(
        sessions.issue(NewSession {
            key,
            ..new_session(1)
        }),
        Issued::Created
    );
    advance(100 * SECOND).await;
    assert_eq!(sessions.issue(new_session(1)), Issued::Renewed(key));
    advance(100 * SECOND).await;
    assert_eq!(sessions.view(uid(1)).unwrap().0.state, State::Waiting);
    let other = NewSession {
        ticket: ticket("x"),
        ..new_session(1)
    };
    assert_eq!(sessions.issue(other), Issued::Conflict);
}

#[tokio::test]
async fn ending_tells_the_holders_and_forgets() {
    let sessions = sessions();
    sessions.issue(new_session(1));
    sessions.hold(claim(1, &ticket("t"), None), 4);
    let told = RefCell::new(Vec::new());
    assert!(sessions.end(uid(1), |node| told.borrow_mut().push(node)));
    assert_eq!(told.into_inner(), [4]);
    sessions.release(uid(1), 4);
    assert!(!sessions.end(uid(1), |_| {}));
    assert_eq!(publish(&sessions, &event(1, "t")), Published::Unknown);
}
