//! `replay`: what was retained, in order, and whether some of it is gone.

use scangate::session::{EventId, Uid};

use super::stage::{EVENTS, Stage, event, frame_of, fresh_uid, holds, publish};

super::on_both!(
    events_come_back_in_order_and_in_pieces,
    only_what_is_gone_makes_a_gap,
    what_nobody_knows_has_no_events,
    an_overflow_does_not_hide_the_newest,
);

async fn publishes(stage: &Stage, uid: Uid, many: usize) -> Vec<EventId> {
    let mut ids = Vec::new();
    for n in 0..many {
        ids.push(publish(&stage.a, &event(uid, n, "")).await.0);
    }
    ids
}

async fn events_come_back_in_order_and_in_pieces(stage: Stage) {
    let uid = stage.session().await;
    let ids = publishes(&stage, uid, EVENTS).await;
    let after = async |id, limit| {
        let replay = stage.b.replay(uid, id, limit).await.unwrap();
        assert!(!replay.gap);
        let mut numbers = Vec::new();
        for retained in replay.events {
            let n = ids.iter().position(|id| *id == retained.id).unwrap();
            assert_eq!(retained.frame, frame_of(&event(uid, n, "")));
            numbers.push(n);
        }
        numbers
    };
    assert_eq!(after(EventId::START, 99).await, [0, 1, 2, 3]);
    assert_eq!(after(EventId::START, 3).await, [0, 1, 2]);
    assert_eq!(after(ids[0], 2).await, [1, 2]);
    assert_eq!(after(ids[2], 99).await, [3]);
    assert!(after(ids[3], 99).await.is_empty());
    let between = EventId {
        sequence: ids[1].sequence + 1,
        ..ids[1]
    };
    let rest = after(between, 99).await;
    assert!(rest == [2, 3] || (ids[2] == between && rest == [3]));
}

async fn only_what_is_gone_makes_a_gap(stage: Stage) {
    let uid = stage.session().await;
    let ids = publishes(&stage, uid, EVENTS + 2).await;
    let gap = async |after| {
        let replay = stage.b.replay(uid, after, 99).await.unwrap();
        assert!(replay.events.len() <= EVENTS);
        replay.gap
    };
    assert!(gap(EventId::START).await);
    assert!(gap(ids[0]).await, "the second is gone");
    assert!(!gap(ids[1]).await, "what is gone was seen");
    assert!(!gap(ids[5]).await);
}

async fn what_nobody_knows_has_no_events(stage: Stage) {
    let uid = fresh_uid();
    let replay = stage.a.replay(uid, EventId::START, 9).await.unwrap();
    assert!(replay.events.is_empty() && !replay.gap);
    let session = stage.session().await;
    let replay = stage.a.replay(session, EventId::START, 9).await.unwrap();
    assert!(replay.events.is_empty() && !replay.gap);
}

async fn an_overflow_does_not_hide_the_newest(stage: Stage) {
    let uid = stage.session().await;
    let ids = publishes(&stage, uid, 3 * EVENTS).await;
    assert_eq!(holds(&stage.b, uid).await, ids[3 * EVENTS - 1]);
    let replay = stage.b.replay(uid, EventId::START, 99).await.unwrap();
    let kept: Vec<_> = replay.events.iter().map(|event| event.id).collect();
    assert_eq!(kept, ids[2 * EVENTS..]);
}
