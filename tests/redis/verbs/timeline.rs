//! `remember` and `remembered`: what happened to a session, for a while.

use scangate::broker::{Broker, TimelineBounds};
use scangate::session::Uid;

use super::stage::{GRACE, LONG, Stage, fresh_uid};
use crate::support::becomes;

super::on_both!(
    moments_are_every_members,
    the_newest_are_kept,
    nothing_is_remembered_of_nobody,
    a_timeline_outlives_its_session_and_ends,
);

const BOUNDS: TimelineBounds = TimelineBounds {
    entries: 3,
    life: LONG,
};

fn moments(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Says that this happened to a uid; whether it is remembered.
async fn adds(member: &Broker, uid: Uid, texts: &[&str], bounds: TimelineBounds) -> bool {
    let added = member.remember(uid, moments(texts), false, bounds);
    added.await.unwrap()
}

async fn moments_are_every_members(stage: Stage) {
    let (uid, other) = (stage.session().await, stage.session().await);
    let empty = stage.b.remembered(uid, BOUNDS).await.unwrap().unwrap();
    assert_eq!((empty.moments.len(), empty.truncated), (0, false));
    assert!(adds(&stage.a, uid, &["w\u{f6}rd {x}"], BOUNDS).await);
    assert!(adds(&stage.b, uid, &["2", "3"], BOUNDS).await);
    let told = stage.a.remembered(uid, BOUNDS).await.unwrap().unwrap();
    assert_eq!(told.moments, ["w\u{f6}rd {x}", "2", "3"]);
    assert!(!told.truncated);
    let told = stage.a.remembered(other, BOUNDS).await.unwrap().unwrap();
    assert!(told.moments.is_empty());
}

async fn the_newest_are_kept(stage: Stage) {
    let uid = stage.session().await;
    for texts in [&["1", "2"][..], &["3", "4"], &["5", "6", "7", "8", "9"]] {
        assert!(adds(&stage.a, uid, texts, BOUNDS).await);
    }
    let told = stage.b.remembered(uid, BOUNDS).await.unwrap().unwrap();
    let newest = moments(&["7", "8", "9"]);
    assert_eq!((told.moments, told.truncated), (newest, true));
}

async fn nothing_is_remembered_of_nobody(stage: Stage) {
    let uid = fresh_uid();
    assert!(!adds(&stage.a, uid, &["1"], BOUNDS).await);
    assert!(stage.b.remembered(uid, BOUNDS).await.unwrap().is_none());
    // But of somebody who has gone, where the moments show it.
    let shown = stage.a.remember(uid, moments(&["2"]), true, BOUNDS);
    assert!(shown.await.unwrap());
    let told = stage.b.remembered(uid, BOUNDS).await.unwrap().unwrap();
    assert_eq!(told.moments, ["2"]);
}

async fn a_timeline_outlives_its_session_and_ends(stage: Stage) {
    let uid = stage.session().await;
    let bounds = TimelineBounds {
        life: 4 * GRACE,
        ..BOUNDS
    };
    assert!(adds(&stage.a, uid, &["1"], bounds).await);
    stage.a.end(uid).await.unwrap();
    // Still known: more can be added, and its life begins anew.
    assert!(adds(&stage.b, uid, &["2"], bounds).await);
    let told = stage.a.remembered(uid, bounds).await.unwrap().unwrap();
    assert_eq!(told.moments, ["1", "2"]);
    let question = async || stage.a.remembered(uid, bounds).await.unwrap();
    let lived = becomes(LONG, "its end", question, Option::is_none).await;
    assert!(lived > bounds.life / 2, "{lived:?}");
}
