//! What two nodes make of one token: messages that only one of them can send, a farewell that comes late.

use serde_json::Value;

use std::time::Duration;

use crate::support::{Call, Fault, Gateway, Phone, Platform, Request, Server, becomes, joins_with};

const LONG: Duration = Duration::from_secs(20);

async fn token_of(node: &Gateway, phone: &Phone) -> String {
    let code = node.qrcode("token").await;
    let mut page = node.page().await;
    page.binds(&code).await;
    phone.scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let json: Value = serde_json::from_str(&page.next().await).unwrap();
    json["token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_template_leaves_messages_to_the_other() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let joins = async |template: bool| {
        joins_with(&url, |config| {
            platform.serves(config);
            config.wechat.template_id = template.then(|| "template".to_owned());
        })
        .await
    };
    let (with, _without) = (joins(true).await, joins(false).await);
    let token = token_of(&with, &Phone::of(&with, "ann")).await;
    let mut paths = Vec::new();
    for n in 0..8 {
        // Each is tried again later, when both nodes look for what is due.
        for _ in 0..3 {
            platform.next(Call::Template, Fault::Errcode(-1));
        }
        let sent = with.answers(Request::get(&format!("/{token}.send?text={n}")));
        let id = sent.await.json()["data"]["msgid"].clone();
        paths.push(format!("/{token}.send/{}", id.as_str().unwrap()));
    }
    for path in paths {
        let state = async || {
            let told = with.answers(Request::get(&path)).await.json();
            told["data"]["state"].clone()
        };
        becomes(LONG, "the message", state, |state| *state == "sent").await;
    }
    assert_eq!(platform.messages(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_farewell_that_comes_late_to_another_node_voids_nothing() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let join = async || joins_with(&url, |config| platform.serves(config)).await;
    let [a, b] = [join().await, join().await];
    let (one, two) = (Phone::of(&a, "ann"), Phone::of(&b, "ann"));
    token_of(&a, &one).await;
    let farewell = one.event("unsubscribe", "", "");
    let token = token_of(&b, &one).await;
    assert_eq!(two.sends(&farewell).await.text(), "success");
    let path = format!("/{token}.send?text=x");
    assert_eq!(a.answers(Request::get(&path)).await.status, 200);
    two.sends(&two.event("unsubscribe", "", "")).await;
    assert_eq!(a.answers(Request::get(&path)).await.status, 404);
}
