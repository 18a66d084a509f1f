//! What still holds of a token that is void, and what a late farewell voids.

use super::{Stage, is_ok, is_refused};
use crate::support::{Call, Fault, Gateway, Phone, Platform, Request, broker};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_has_sent_it_can_still_ask_about() {
    let stage = Stage::opens().await;
    let (ann, bob) = (stage.phone("ann"), stage.phone("bob"));
    let (hers, his) = (stage.token_of(&ann).await, stage.token_of(&bob).await);
    let other = stage.sent(&his, "text=x").await;
    stage.becomes(&his, &other, "sent", None).await;
    stage.platform.next(Call::Template, Fault::Errcode(43004));
    let id = stage.sent(&hers, "text=x").await;
    stage
        .becomes(&hers, &id, "failed", Some("not_following"))
        .await;
    is_refused(&stage.sends(&hers, "text=y").await, 404, "token_unknown");

    let asks = async |token: &str, id: &str| {
        let request = Request::get(&format!("/send/{id}"));
        let request = request.header("Authorization", &format!("Bearer {token}"));
        stage.gateway.answers(request).await
    };
    assert_eq!(asks(&hers, &id).await.json()["data"]["state"], "failed");
    // Of nothing else.
    is_refused(&asks(&hers, &other).await, 404, "token_unknown");
    is_refused(&asks(&hers, &id[1..]).await, 404, "token_unknown");
    is_refused(&asks(&his, &id).await, 404, "message_unknown");
    // Who scans again reads it with the new token, too.
    let again = stage.token_of(&ann).await;
    assert_ne!(again, hers);
    for token in [&hers, &again] {
        is_ok(&asks(token, &id).await);
    }
    let path = format!("/{hers}.send/{id}");
    let posted = stage.gateway.answers(Request::post(&path, "text=x")).await;
    is_refused(&posted, 405, "method");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_revoked_can_be_asked_about() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    for _ in 0..3 {
        stage.platform.next(Call::Template, Fault::Errcode(-1));
    }
    let id = stage.sent(&token, "text=x").await;
    let failed = r#"scangate_wechat_calls_total{endpoint="template_send",result="retry"}"#;
    stage.gateway.has(failed, 3.0).await;
    ann.writes("revoke").await;
    stage.becomes(&token, &id, "failed", Some("revoked")).await;
    assert_eq!(stage.platform.messages(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_farewell_from_before_the_scan_voids_nothing() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let first = stage.token_of(&ann).await;
    // She leaves, but the platform finds nobody; she comes back, and scans.
    let farewell = ann.event("unsubscribe", "", "");
    ann.sends(&ann.event("subscribe", "", "")).await;
    let token = stage.token_of(&ann).await;
    assert_eq!(token, first);
    let answer = ann.sends(&farewell).await;
    assert_eq!((answer.status, answer.text()), (200, "success"));
    is_ok(&stage.sends(&token, "text=x").await);

    // The same where she had it renewed.
    let farewell = ann.event("unsubscribe", "", "");
    ann.writes("renew").await;
    ann.sends(&farewell).await;
    let token = stage.token_of(&ann).await;
    is_ok(&stage.sends(&token, "text=y").await);
    ann.sends(&ann.event("unsubscribe", "", "")).await;
    is_refused(&stage.sends(&token, "text=z").await, 404, "token_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_template_leaves_messages_to_others() {
    let (broker, _data) = broker().await;
    let platform = Platform::start().await;
    let joins = async |name: &str, template: bool| {
        Gateway::joins(&broker, name, |config| {
            platform.serves(config);
            config.wechat.template_id = template.then(|| "template".to_owned());
        })
        .await
    };
    let mut first = joins("first", true).await;
    let ann = Phone::of(&first, "ann");
    let code = first.qrcode("renew").await;
    let mut page = first.page().await;
    page.binds(&code).await;
    ann.scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let json: serde_json::Value = serde_json::from_str(&page.next().await).unwrap();
    let token = json["token"].as_str().unwrap().to_owned();
    page.leaves().await;
    platform.always(Call::Template, Fault::Errcode(-1));
    let sent = first.answers(Request::get(&format!("/{token}.send?text=x")));
    let id = sent.await.json()["data"]["msgid"]
        .as_str()
        .unwrap()
        .to_owned();
    let failed = r#"scangate_wechat_calls_total{endpoint="template_send",result="retry"}"#;
    first.has(failed, 3.0).await;
    first.is_told_to_go();
    first.is_gone().await;
    platform.recovers();

    let other = scangate::broker::Broker::Embedded(broker.join("o", crate::support::nobody()));
    let queue = scangate::broker::Queue::Messages;
    other
        .postpone(queue, &id, std::time::Duration::ZERO)
        .await
        .unwrap();
    let mut without = joins("without", false).await;
    assert_eq!(without.answers(Request::get("/qrcode")).await.status, 200);
    without.is_told_to_go();
    without.is_gone().await;
    assert_eq!(platform.messages(), 0);

    let gateway = joins("last", true).await;
    let stage = Stage { gateway, platform };
    stage.becomes(&token, &id, "sent", None).await;
    assert_eq!(stage.platform.messages(), 1);
}
