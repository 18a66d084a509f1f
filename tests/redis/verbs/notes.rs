//! Notes: a word under a name, for a while.

use std::time::Duration;

use super::stage::{LONG, Stage};
use crate::support::{becomes, passes};

super::on_both!(
    a_note_is_every_members,
    a_note_is_made_once,
    a_note_lives_its_life,
    a_note_written_anew_lives_anew,
    only_what_was_read_is_forgotten,
    of_many_at_once_one_is_first,
    every_member_counts_on,
    a_count_begins_anew_after_its_life,
);

async fn a_note_is_every_members(stage: Stage) {
    assert_eq!(stage.a.noted("name").await.unwrap(), None);
    stage.a.note("name", "", LONG).await.unwrap();
    assert_eq!(stage.b.noted("name").await.unwrap().as_deref(), Some(""));
    stage.b.note("name", "w\u{f6}rd {x}", LONG).await.unwrap();
    let noted = stage.a.noted("name").await.unwrap();
    assert_eq!(noted.as_deref(), Some("w\u{f6}rd {x}"));
    assert_eq!(stage.a.noted("nam").await.unwrap(), None);
}

async fn a_note_is_made_once(stage: Stage) {
    assert!(stage.a.note_once("name", "1", LONG).await.unwrap());
    assert!(!stage.b.note_once("name", "2", LONG).await.unwrap());
    assert_eq!(stage.b.noted("name").await.unwrap().as_deref(), Some("1"));
    stage.b.note("name", "3", LONG).await.unwrap();
    assert!(!stage.a.note_once("name", "4", LONG).await.unwrap());
    assert_eq!(stage.a.noted("name").await.unwrap().as_deref(), Some("3"));
}

async fn a_note_lives_its_life(stage: Stage) {
    let life = Duration::from_millis(300);
    assert!(stage.a.note_once("name", "1", life).await.unwrap());
    let question = async || stage.b.noted("name").await.unwrap();
    let lived = becomes(LONG, "its end", question, Option::is_none).await;
    assert!(lived > life / 2 && lived < 3 * life, "{lived:?}");
    assert!(stage.b.note_once("name", "2", LONG).await.unwrap());
}

async fn a_note_written_anew_lives_anew(stage: Stage) {
    let life = Duration::from_millis(300);
    stage.a.note("longer", "1", life).await.unwrap();
    stage.a.note("longer", "2", LONG).await.unwrap();
    stage.a.note("shorter", "1", LONG).await.unwrap();
    stage.a.note("shorter", "2", life).await.unwrap();
    // Who comes too late changes nothing, not even the life.
    stage.a.note("same", "1", life).await.unwrap();
    assert!(!stage.a.note_once("same", "2", LONG).await.unwrap());
    passes(2 * life).await;
    assert_eq!(stage.b.noted("longer").await.unwrap().as_deref(), Some("2"));
    assert_eq!(stage.b.noted("shorter").await.unwrap(), None);
    assert_eq!(stage.b.noted("same").await.unwrap(), None);
}

async fn only_what_was_read_is_forgotten(stage: Stage) {
    stage.a.note("name", "1", LONG).await.unwrap();
    stage.b.forget("name", "2").await.unwrap();
    assert_eq!(stage.a.noted("name").await.unwrap().as_deref(), Some("1"));
    stage.b.forget("name", "1").await.unwrap();
    assert_eq!(stage.a.noted("name").await.unwrap(), None);
    stage.b.forget("name", "1").await.unwrap();
}

async fn of_many_at_once_one_is_first(stage: Stage) {
    for n in 0..30 {
        let name = n.to_string();
        let (one, two) = tokio::join!(
            stage.a.note_once(&name, "a", LONG),
            stage.b.note_once(&name, "b", LONG)
        );
        assert!(one.unwrap() != two.unwrap(), "{n}");
    }
}

async fn every_member_counts_on(stage: Stage) {
    let first = stage.a.count("name", LONG).await.unwrap();
    assert_eq!((first.count, first.remaining), (1, LONG));
    let mut counts = Vec::new();
    for _ in 0..10 {
        let (one, two) = tokio::join!(stage.a.count("name", LONG), stage.b.count("name", LONG));
        for counted in [one.unwrap(), two.unwrap()] {
            assert!(counted.remaining <= LONG && counted.remaining > LONG / 2);
            counts.push(counted.count);
        }
    }
    counts.sort_unstable();
    assert_eq!(counts, (2..=21).collect::<Vec<_>>());
    assert_eq!(stage.a.count("other", LONG).await.unwrap().count, 1);
}

async fn a_count_begins_anew_after_its_life(stage: Stage) {
    let life = Duration::from_millis(300);
    for count in 1..=3 {
        assert_eq!(stage.a.count("name", life).await.unwrap().count, count);
    }
    let question = async || stage.b.count("name", life).await.unwrap().count;
    // To count on renews nothing.
    let lived = becomes(LONG, "its end", question, |&count| count == 1).await;
    assert!(lived > life / 2 && lived < 3 * life, "{lived:?}");
}
