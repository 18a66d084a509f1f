//! `publish`: verified, retained and carried in one step, once for each push id.

use std::time::Duration;

use bytes::Bytes;
use scangate::broker::Published;
use scangate::message::{Event, PushId};
use scangate::session::EventId;
use tokio::time::Instant;

use super::Heard;
use super::stage::{PUSH_IDS, Stage, event, frame_of, fresh_uid, holds, publish, stranger, ticket};

super::on_both!(
    an_event_reaches_every_holder_as_it_came,
    an_event_for_nobody_is_queued_or_refused,
    an_event_needs_uid_and_ticket,
    events_arrive_in_the_order_of_their_ids,
    a_uid_hears_nothing_of_another,
    a_push_id_is_accepted_once,
    a_push_id_belongs_to_its_uid_and_kind,
    the_newest_push_ids_are_remembered,
    one_push_id_from_two_nodes_at_once_is_one_event,
    a_refused_push_leaves_no_push_id,
    an_event_of_a_scan_brings_its_age,
);

async fn an_event_reaches_every_holder_as_it_came(stage: Stage) {
    let uid = stage.session().await;
    holds(&stage.a, uid).await;
    holds(&stage.b, uid).await;
    let event = Event {
        text: Bytes::from("{ \"odd\" :\t\"\u{fc}\\u0000 ended\" }"),
        ..event(uid, 0, "")
    };
    let (id, nodes) = publish(&stage.a, &event).await;
    assert_eq!(nodes, 2);
    let heard = Heard::Event(uid, id, frame_of(&event));
    assert_eq!(stage.ears_a.hears().await, heard);
    assert_eq!(stage.ears_b.hears().await, heard);
}

async fn an_event_for_nobody_is_queued_or_refused(stage: Stage) {
    let uid = stage.session().await;
    assert_eq!(publish(&stage.a, &event(uid, 0, "")).await.1, 0);
    let refused = stage.a.publish(&event(uid, 1, ""), false).await.unwrap();
    assert_eq!(refused, Published::NotHeld);
    holds(&stage.b, uid).await;
    let taken = stage.a.publish(&event(uid, 2, ""), false).await.unwrap();
    assert!(matches!(taken, Published::Yes { nodes: 1, .. }));
    let replay = stage.a.replay(uid, EventId::START, 9).await.unwrap();
    let kept: Vec<_> = replay.events.iter().map(|event| &event.frame).collect();
    assert_eq!(
        kept,
        [&frame_of(&event(uid, 0, "")), &frame_of(&event(uid, 2, ""))]
    );
}

async fn an_event_needs_uid_and_ticket(stage: Stage) {
    let uid = stage.session().await;
    let wrong = Event {
        ticket: stranger(),
        ..event(uid, 0, "")
    };
    let answer = stage.a.publish(&wrong, true).await.unwrap();
    assert_eq!(answer, Published::Mismatch);
    let nobody = event(fresh_uid(), 0, "");
    let answer = stage.a.publish(&nobody, true).await.unwrap();
    assert_eq!(answer, Published::Unknown);
    let replay = stage.b.replay(uid, EventId::START, 9).await.unwrap();
    assert!(replay.events.is_empty());
}

async fn events_arrive_in_the_order_of_their_ids(stage: Stage) {
    let uid = stage.session().await;
    holds(&stage.a, uid).await;
    holds(&stage.b, uid).await;
    let from = async |broker| {
        let mut ids = Vec::new();
        for n in 0..100 {
            ids.push(publish(broker, &event(uid, n, "")).await.0);
        }
        assert!(ids.is_sorted());
        ids
    };
    let (one, two) = tokio::join!(from(&stage.a), from(&stage.b));
    let mut published = [one, two].concat();
    published.sort_unstable();
    published.dedup();
    assert_eq!(published.len(), 200);
    for ears in [&stage.ears_a, &stage.ears_b] {
        for id in &published {
            assert_eq!(ears.hears_event().await.0, *id);
        }
        ears.hears_nothing().await;
    }
}

async fn a_uid_hears_nothing_of_another(stage: Stage) {
    let mut uids = Vec::new();
    for n in 0..40 {
        let uid = stage.session().await;
        let (holder, ears) = match n % 2 {
            0 => (&stage.a, &stage.ears_a),
            _ => (&stage.b, &stage.ears_b),
        };
        holds(holder, uid).await;
        uids.push((uid, ears));
    }
    for (uid, ears) in uids {
        let event = event(uid, 0, "");
        let (id, nodes) = publish(&stage.a, &event).await;
        assert_eq!(nodes, 1);
        let heard = Heard::Event(uid, id, frame_of(&event));
        assert_eq!(ears.hears().await, heard);
    }
    stage.ears_a.hears_nothing().await;
    stage.ears_b.hears_nothing().await;
}

async fn a_push_id_is_accepted_once(stage: Stage) {
    let uid = stage.session().await;
    let first = event(uid, 0, r#","push_id":"p 1""#);
    let answer = stage.a.publish(&first, true).await.unwrap();
    let Published::Yes {
        id,
        nodes: 0,
        is_new: true,
    } = answer
    else {
        panic!("{answer:?}");
    };
    holds(&stage.a, uid).await;
    // Answered as the first time, though somebody holds it now and the text is another.
    let again = event(uid, 1, r#","push_id":"p 1""#);
    let known = Published::Yes {
        id,
        nodes: 0,
        is_new: false,
    };
    assert_eq!(stage.b.publish(&again, true).await.unwrap(), known);
    assert_eq!(stage.a.publish(&again, false).await.unwrap(), known);
    stage.ears_a.hears_nothing().await;
    let replay = stage.a.replay(uid, EventId::START, 9).await.unwrap();
    assert_eq!(replay.events.len(), 1);
}

async fn a_push_id_belongs_to_its_uid_and_kind(stage: Stage) {
    let (uid, other) = (stage.session().await, stage.session().await);
    let own = Event {
        push_id: Some(PushId::Own("scan")),
        ..event(uid, 0, "")
    };
    let mut ids = Vec::new();
    for event in [
        &own,
        &event(uid, 1, r#","push_id":"scan""#),
        &event(uid, 2, r#","push_id":"o:scan""#),
        &event(other, 3, r#","push_id":"scan""#),
    ] {
        ids.push(publish(&stage.a, event).await);
        assert_eq!(publish(&stage.b, event).await, *ids.last().unwrap());
    }
    let replay = stage.a.replay(uid, EventId::START, 9).await.unwrap();
    assert_eq!(replay.events.len(), 3);
}

async fn an_event_of_a_scan_brings_its_age(stage: Stage) {
    let uid = stage.session().await;
    holds(&stage.b, uid).await;
    let age = Duration::from_secs(7);
    let told = Event {
        push_id: Some(PushId::Own("scan")),
        scanned: Instant::now().checked_sub(age),
        ..event(uid, 0, "")
    };
    publish(&stage.a, &told).await;
    assert_eq!(stage.ears_b.hears_event().await.1, frame_of(&told));
    let arrival = stage.ears_b.arrival();
    let told = arrival.at - arrival.scanned.expect("it has one");
    // Redis is told whole milliseconds.
    let least = age - Duration::from_millis(1);
    assert!(least <= told && told < 2 * age, "{told:?}");
    assert!(arrival.travelled < age, "{:?}", arrival.travelled);
    // No other event has one.
    for other in [
        event(uid, 1, ""),
        event(uid, 2, r#","push_id":"scan""#),
        Event {
            push_id: Some(PushId::Own("result")),
            ..event(uid, 3, "")
        },
        Event {
            push_id: Some(PushId::Own("scan")),
            ..event(stage.session().await, 4, "")
        },
    ] {
        if other.uid != uid {
            holds(&stage.b, other.uid).await;
        }
        publish(&stage.a, &other).await;
        assert_eq!(stage.ears_b.hears_event().await.1, frame_of(&other));
        assert!(stage.ears_b.arrival().scanned.is_none());
    }
}

async fn the_newest_push_ids_are_remembered(stage: Stage) {
    let uid = stage.session().await;
    let numbered = |n: usize| event(uid, n, &format!(r#","push_id":"{n}""#));
    let mut answers = Vec::new();
    for n in 0..=PUSH_IDS {
        answers.push(publish(&stage.a, &numbered(n)).await);
        // Whatever was remembered before it, the newest as many as promised are.
        let oldest = (n + 1).saturating_sub(PUSH_IDS);
        for (known, answer) in answers.iter().enumerate().skip(oldest) {
            assert_eq!(publish(&stage.b, &numbered(known)).await, *answer);
        }
    }
}

async fn one_push_id_from_two_nodes_at_once_is_one_event(stage: Stage) {
    let uid = stage.session().await;
    holds(&stage.a, uid).await;
    for n in 0..50 {
        let event = event(uid, n, &format!(r#","push_id":"{n}""#));
        let (one, two) = tokio::join!(publish(&stage.a, &event), publish(&stage.b, &event));
        assert_eq!(one, two);
        assert_eq!(stage.ears_a.hears_event().await.0, one.0);
    }
    stage.ears_a.hears_nothing().await;
}

async fn a_refused_push_leaves_no_push_id(stage: Stage) {
    let uid = stage.session().await;
    let right = event(uid, 0, r#","push_id":"p""#);
    let wrong = Event {
        ticket: stranger(),
        ..right.clone()
    };
    let refused = stage.a.publish(&wrong, true).await.unwrap();
    assert_eq!(refused, Published::Mismatch);
    let refused = stage.a.publish(&right, false).await.unwrap();
    assert_eq!(refused, Published::NotHeld);
    assert_eq!(right.ticket, ticket());
    publish(&stage.a, &right).await;
    let wrong = stage.a.publish(&wrong, true).await.unwrap();
    assert_eq!(wrong, Published::Mismatch, "a known push id is no ticket");
}
