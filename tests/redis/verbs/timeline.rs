//! `remember` and `remembered`: what happened to a session, for a while.

use std::time::Duration;

use scangate::broker::TimelineBounds;

use super::stage::{GRACE, LONG, Stage, fresh_uid, new_session};
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

async fn moments_are_every_members(stage: Stage) {
    let (uid, other) = (stage.session().await, stage.session().await);
    let empty = stage.b.remembered(uid, BOUNDS).await.unwrap().unwrap();
    assert_eq!((empty.moments.len(), empty.truncated), (0, false));
    let (one, more) = (moments(&["w\u{f6}rd {x}"]), moments(&["2", "3"]));
    assert!(stage.a.remember(uid, one, BOUNDS).await.unwrap());
    assert!(stage.b.remember(uid, more, BOUNDS).await.unwrap());
    let told = stage.a.remembered(uid, BOUNDS).await.unwrap().unwrap();
    assert_eq!(told.moments, ["w\u{f6}rd {x}", "2", "3"]);
    assert!(!told.truncated);
    let told = stage.a.remembered(other, BOUNDS).await.unwrap().unwrap();
    assert!(told.moments.is_empty());
}

async fn the_newest_are_kept(stage: Stage) {
    let uid = stage.session().await;
    for texts in [&["1", "2"][..], &["3", "4"], &["5", "6", "7", "8", "9"]] {
        stage.a.remember(uid, moments(texts), BOUNDS).await.unwrap();
    }
    let told = stage.b.remembered(uid, BOUNDS).await.unwrap().unwrap();
    assert_eq!(
        (told.moments, told.truncated),
        (moments(&["7", "8", "9"]), true)
    );
}

async fn nothing_is_remembered_of_nobody(stage: Stage) {
    let uid = fresh_uid();
    assert!(
        !stage
            .a
            .remember(uid, moments(&["1"]), BOUNDS)
            .await
            .unwrap()
    );
    assert!(stage.b.remembered(uid, BOUNDS).await.unwrap().is_none());
}

async fn a_timeline_outlives_its_session_and_ends(stage: Stage) {
    let session = new_session(Duration::from_millis(1));
    let uid = session.uid;
    stage.a.issue(session).await.unwrap();
    let bounds = TimelineBounds {
        life: 4 * GRACE,
        ..BOUNDS
    };
    assert!(
        stage
            .a
            .remember(uid, moments(&["1"]), bounds)
            .await
            .unwrap()
    );
    stage.a.end(uid).await.unwrap();
    // Still known: more can be added, and its life begins anew.
    assert!(
        stage
            .b
            .remember(uid, moments(&["2"]), bounds)
            .await
            .unwrap()
    );
    let told = stage.a.remembered(uid, bounds).await.unwrap().unwrap();
    assert_eq!(told.moments, ["1", "2"]);
    let question = async || stage.a.remembered(uid, bounds).await.unwrap();
    let lived = becomes(LONG, "its end", question, Option::is_none).await;
    assert!(lived > bounds.life / 2, "{lived:?}");
}
