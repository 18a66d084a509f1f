//! A token that one node shows is good at all; one takes the message, another may deliver it, and a
//! third hears what became of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Call, Fault, Gateway, Phone, Platform, Request, Sender, Server, becomes, joins_with,
};

const LONG: Duration = Duration::from_secs(20);

async fn token_of(node: &Gateway, phone: &Phone) -> String {
    Sender::by_scan(node, phone).await.token
}

/// The status, and what was answered.
async fn asks(node: &Gateway, path: &str) -> (u16, Value) {
    let answer = node.answers(Request::get(path)).await;
    (answer.status, answer.json())
}

async fn becomes_state(node: &Gateway, path: &str, state: &str) {
    let told = async || asks(node, path).await.1["data"]["state"].clone();
    becomes(LONG, "the message", told, |told| *told == json!(state)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_tokens_messages_and_what_became_of_them() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let join = async || joins_with(&url, |config| platform.serves(config)).await;
    let [a, b, c] = [join().await, join().await, join().await];
    let token = token_of(&a, &Phone::of(&b, "ann")).await;
    let (status, answer) = asks(&b, &format!("/{token}.send?text=x&desp=*y*")).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["data"]["msgid"].as_str().unwrap();
    let path = format!("/{token}.send/{id}");
    becomes_state(&c, &path, "sent").await;
    let page = a.answers(Request::get(&format!("/m/{id}"))).await;
    assert!(page.text().contains("<em>y</em>"), "{}", page.text());

    let ann = Phone::of(&c, "ann");
    let number = Platform::number(0);
    let report = ann.message(&format!(
        "<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event>\
         <MsgID>{number}</MsgID><Status>success</Status>"
    ));
    ann.sends(&report).await;
    becomes_state(&a, &path, "delivered").await;
    assert_eq!(platform.heard(Call::Template).len(), 1);

    ann.sends(&ann.event("unsubscribe", "", "")).await;
    let another = format!("/{token}.send?text=y");
    for node in [&a, &b, &c] {
        let (status, answer) = asks(node, &another).await;
        assert_eq!((status, &answer["errmsg"]), (404, &json!("token_unknown")));
        // What became of the one before is told still, and only that.
        assert_eq!(asks(node, &path).await.1["data"]["state"], "delivered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_at_two_nodes_at_once_are_one_message() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let join = async || joins_with(&url, |config| platform.serves(config)).await;
    let [a, b] = [join().await, join().await];
    let token = token_of(&a, &Phone::of(&a, "ann")).await;
    for n in 0..10 {
        let path = format!("/{token}.send?text={n}");
        let ((_, one), (_, two)) = tokio::join!(asks(&a, &path), asks(&b, &path));
        assert!(one["data"]["msgid"].is_string(), "{one}");
        assert_eq!(one["data"]["msgid"], two["data"]["msgid"]);
    }
    let sent = async || platform.messages();
    becomes(LONG, "messages", sent, |&sent| sent == 10).await;
    assert_eq!(platform.heard(Call::Template).len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_those_of_all_nodes_together() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let join = async || {
        joins_with(&url, |config| {
            platform.serves(config);
            config.send.per_minute = 10;
        })
        .await
    };
    let [a, b] = [join().await, join().await];
    let token = token_of(&a, &Phone::of(&a, "ann")).await;
    let mut taken = 0;
    for n in 0..10 {
        let path = format!("/{token}.send?text={n}");
        let other = format!("{path}b");
        let ((one, _), (two, _)) = tokio::join!(asks(&a, &path), asks(&b, &other));
        taken += [one, two].iter().filter(|&&status| status == 200).count();
    }
    assert_eq!(taken, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_took_another_delivers() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let join = async || joins_with(&url, |config| platform.serves(config)).await;
    let mut a = join().await;
    let token = token_of(&a, &Phone::of(&a, "ann")).await;
    platform.always(Call::Template, Fault::Status(502));
    let (_, answer) = asks(&a, &format!("/{token}.send?text=x")).await;
    let id = answer["data"]["msgid"].as_str().unwrap();
    let called = async || platform.heard(Call::Template).len();
    becomes(LONG, "calls", called, |&calls| calls >= 3).await;
    a.is_told_to_go();
    a.is_gone().await;
    platform.recovers();
    let b = join().await;
    becomes_state(&b, &format!("/{token}.send/{id}"), "sent").await;
    assert_eq!(platform.messages(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_is_remembered_for_as_long_as_its_timestamp_is_believed() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let node = joins_with(&redis.url(), |config| platform.serves(config)).await;
    Phone::of(&node, "ann").writes("token").await;
    let notes = redis.say(&["KEYS", "*callback:*"]).await;
    let [note] = notes.list() else {
        panic!("{notes:?}");
    };
    // Its time may be five minutes ahead of ours, and is believed for five minutes after.
    let left = redis.say(&["PTTL", note.text()]).await.number();
    assert!(left > 600_000, "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_lost_everything_gets_the_secret_back_from_which_tokens_derive() {
    let platform = Platform::start().await;
    let mut redis = Server::start().await;
    let url = redis.url();
    let node = joins_with(&url, |config| platform.serves(config)).await;
    token_of(&node, &Phone::of(&node, "ann")).await;
    let question = ["GET", "scangate:secret"];
    let before = redis.say(&question).await;
    assert!(!before.text().is_empty());
    redis.dies().await;
    redis.returns().await;
    let secret = async || redis.say(&question).await;
    becomes(LONG, "the secret", secret, |secret| *secret == before).await;
}
