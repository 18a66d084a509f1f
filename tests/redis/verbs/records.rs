//! Records, and the secret that all members share.

use std::time::Duration;

use super::stage::{LONG, Stage};
use crate::support::becomes;

super::on_both!(
    a_record_is_every_members,
    only_the_version_that_was_read_is_written_over,
    a_removed_record_never_has_an_old_version_again,
    a_record_lives_its_life,
    of_many_at_once_one_writes,
    all_members_share_one_secret,
);

async fn a_record_is_every_members(stage: Stage) {
    assert_eq!(stage.a.read("name").await.unwrap(), None);
    assert!(stage.a.write("name", 0, Some(""), None).await.unwrap());
    let record = stage.b.read("name").await.unwrap().unwrap();
    assert_eq!(record.text, "");
    let text = "w\u{f6}rd {x}\n\0";
    let written = stage.b.write("name", record.version, Some(text), None);
    assert!(written.await.unwrap());
    assert_eq!(stage.a.read("name").await.unwrap().unwrap().text, text);
    assert_eq!(stage.a.read("nam").await.unwrap(), None);
}

async fn only_the_version_that_was_read_is_written_over(stage: Stage) {
    assert!(!stage.a.write("name", 7, Some("1"), None).await.unwrap());
    assert!(stage.a.write("name", 0, Some("1"), None).await.unwrap());
    assert!(!stage.b.write("name", 0, Some("2"), None).await.unwrap());
    let first = stage.b.read("name").await.unwrap().unwrap();
    assert_eq!(first.text, "1");
    let write = async |text| {
        stage
            .b
            .write("name", first.version, text, None)
            .await
            .unwrap()
    };
    assert!(write(Some("3")).await);
    assert!(!write(Some("4")).await);
    assert!(!write(None).await);
    let second = stage.a.read("name").await.unwrap().unwrap();
    assert!(second.version > first.version);
    assert_eq!(second.text, "3");
}

async fn a_removed_record_never_has_an_old_version_again(stage: Stage) {
    let mut versions = Vec::new();
    for _ in 0..3 {
        assert!(stage.a.write("name", 0, Some("1"), None).await.unwrap());
        let version = stage.b.read("name").await.unwrap().unwrap().version;
        versions.push(version);
        assert!(stage.b.write("name", version, None, None).await.unwrap());
        assert_eq!(stage.a.read("name").await.unwrap(), None);
        assert!(
            !stage
                .a
                .write("name", version, Some("2"), None)
                .await
                .unwrap()
        );
    }
    assert!(
        versions.is_sorted_by(|one, next| one < next),
        "{versions:?}"
    );
}

async fn a_record_lives_its_life(stage: Stage) {
    let life = Duration::from_millis(300);
    let write = async |name: &str, life| {
        let known = stage.a.read(name).await.unwrap();
        let known = known.map_or(0, |record| record.version);
        assert!(stage.a.write(name, known, Some("1"), life).await.unwrap());
    };
    write("longer", Some(life)).await;
    write("longer", Some(LONG)).await;
    write("for ever", Some(life)).await;
    write("for ever", None).await;
    write("shorter", None).await;
    write("shorter", Some(life)).await;
    let question = async || stage.b.read("shorter").await.unwrap();
    let lived = becomes(LONG, "its end", question, Option::is_none).await;
    assert!(lived > life / 2 && lived < 3 * life, "{lived:?}");
    assert!(stage.b.read("longer").await.unwrap().is_some());
    assert!(stage.b.read("for ever").await.unwrap().is_some());
    assert!(stage.b.write("shorter", 0, Some("2"), None).await.unwrap());
}

async fn of_many_at_once_one_writes(stage: Stage) {
    for n in 0..20 {
        let name = n.to_string();
        let (one, two) = tokio::join!(
            stage.a.write(&name, 0, Some("a"), None),
            stage.b.write(&name, 0, Some("b"), None)
        );
        assert!(one.unwrap() != two.unwrap(), "{n}");
    }
}

async fn all_members_share_one_secret(stage: Stage) {
    let (one, two) = tokio::join!(stage.a.installation_secret(), stage.b.installation_secret());
    let secret = one.unwrap();
    assert_eq!(secret, two.unwrap());
    assert_ne!(secret, [0; 32]);
    assert_eq!(stage.b.installation_secret().await.unwrap(), secret);
}
