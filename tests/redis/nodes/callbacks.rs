//! A callback that the platform repeats while a node is at it, or after one has failed.

use std::time::Duration;

use scangate::wechat::event::Push;

use crate::support::{Phone, Platform, Server, becomes, joins_with};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_node_was_at_is_taken_once_its_note_has_ended() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let node = joins_with(&redis.url(), |config| platform.serves(config)).await;
    let code = node.qrcode("token").await;
    let mut page = node.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&node, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    let push = Push::parse(scan.as_bytes()).unwrap();
    let note = format!("scangate:note:callback:{}", push.dedup_key());
    redis.say(&["SET", &note, "under way elsewhere"]).await;
    for _ in 0..2 {
        let busy = ann.sends(&scan).await;
        assert_eq!((busy.status, busy.text()), (503, ""));
    }
    page.hears_nothing().await;
    // Nobody else's note is taken back.
    assert_eq!(redis.say(&["EXISTS", &note]).await.number(), 1);

    redis.say(&["PEXPIRE", &note, "200"]).await;
    let status = async || ann.sends(&scan).await.status;
    becomes(SOON, "the answer", status, |status| *status == 200).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""token":"#));
    assert_eq!(ann.sends(&scan).await.text(), "success");
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_at_one_node_is_taken_by_the_other_at_once() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let join = async || joins_with(&url, |config| platform.serves(config)).await;
    let [a, b] = [join().await, join().await];
    let code = a.qrcode("token").await;
    let mut page = b.page().await;
    page.binds(&code).await;
    let (one, two) = (Phone::of(&a, "ann"), Phone::of(&b, "ann"));
    let scan = one.scan(code.uid, &code.ticket);
    let record = format!("scangate:record:person:{}", one.openid);
    // What is on record of her cannot be read.
    redis.say(&["HSET", &record, "v", "1", "t", "torn"]).await;
    let failed = one.sends(&scan).await;
    assert_eq!((failed.status, failed.text()), (503, ""));
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let refused = r#""cmd":"refused","code":"action_failed""#;
    page.hears(&code.event(refused)).await;
    redis.say(&["DEL", &record]).await;
    assert!(two.reads(&two.sends(&scan).await).is_some());
    assert!(page.next().await.contains(r#""token":"#));
    for phone in [&one, &two] {
        assert_eq!(phone.sends(&scan).await.text(), "success");
    }
    page.hears_nothing().await;
}
