//! What becomes of a message, whatever the platform does.

use scangate::config::Config;

use super::{Stage, is_refused};
use crate::support::stories::messages::report;
use crate::support::{Call, Fault, Gateway, Platform, Request, broker, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_report_is_the_last_word() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    for (n, (status, state, reason)) in [
        ("success", "delivered", None),
        ("failed:user block", "failed", Some("refused")),
        ("failed: system failed", "failed", Some("wechat")),
    ]
    .into_iter()
    .enumerate()
    {
        let id = stage.sent(&token, &format!("text={n}")).await;
        stage.becomes(&token, &id, "sent", None).await;
        let answer = ann.sends(&report(&ann, n, status)).await;
        assert_eq!((answer.status, answer.text()), (200, "success"));
        stage.becomes(&token, &id, state, reason).await;
        // What has come to its end stays there.
        ann.sends(&report(&ann, n, "success")).await;
        stage.becomes(&token, &id, state, reason).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_overtakes_the_answer_is_not_lost() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    ann.sends(&report(&ann, 0, "success")).await;
    let id = stage.sent(&token, "text=x").await;
    stage.becomes(&token, &id, "delivered", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_tried_again_and_is_one_message() {
    let stage = Stage::opens().await;
    let token = stage.token_of(&stage.phone("ann")).await;
    // More than one attempt of ours makes by itself, so that a later one has to.
    for fault in [
        Fault::Errcode(-1),
        Fault::HangUp,
        Fault::Status(502),
        Fault::Errcode(-1),
    ] {
        stage.platform.next(Call::Template, fault);
    }
    let id = stage.sent(&token, "text=x").await;
    stage.becomes(&token, &id, "sent", None).await;
    let heard = stage.platform.heard(Call::Template);
    assert!(heard.len() > 4, "{}", heard.len());
    assert!(heard.iter().all(|card| card["client_msg_id"] == id));
    assert_eq!(stage.platform.messages(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_outlives_the_node() {
    let (broker, _data) = broker().await;
    let platform = Platform::start().await;
    let gateway = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let mut stage = Stage { gateway, platform };
    let token = stage.token_of(&stage.phone("ann")).await;
    stage.platform.always(Call::Template, Fault::Errcode(-1));
    let id = stage.sent(&token, "text=x").await;
    let failed = r#"scangate_wechat_calls_total{endpoint="template_send",result="retry"}"#;
    stage.gateway.has(failed, 3.0).await;
    stage.gateway.is_told_to_go();
    stage.gateway.is_gone().await;
    assert_eq!(stage.platform.messages(), 0);
    stage.platform.recovers();
    let serves = |config: &mut Config| stage.platform.serves(config);
    stage.gateway = Gateway::joins(&broker, "b", serves).await;
    stage.becomes(&token, &id, "sent", None).await;
    assert_eq!(stage.platform.messages(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_access_token_is_replaced() {
    let stage = Stage::opens().await;
    let token = stage.token_of(&stage.phone("ann")).await;
    stage.platform.revokes_its_token();
    let id = stage.sent(&token, "text=x").await;
    stage.becomes(&token, &id, "sent", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_not_tried_again() {
    for (errcode, reason) in [
        (40003, "refused"),
        (43101, "refused"),
        (47003, "settings"),
        (47001, "wechat"),
        (99999, "wechat"),
    ] {
        let stage = Stage::opens().await;
        let token = stage.token_of(&stage.phone("ann")).await;
        stage.platform.next(Call::Template, Fault::Errcode(errcode));
        let id = stage.sent(&token, "text=x").await;
        stage.becomes(&token, &id, "failed", Some(reason)).await;
        assert_eq!(stage.platform.heard(Call::Template).len(), 1, "{errcode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_must_mend_waits_for_the_operator() {
    let stage = Stage::opens().await;
    let token = stage.token_of(&stage.phone("ann")).await;
    for errcode in [40037, 45009] {
        stage.platform.next(Call::Template, Fault::Errcode(errcode));
    }
    let id = stage.sent(&token, "text=x").await;
    let refused = r#"scangate_wechat_calls_total{endpoint="template_send",result="fix_settings"}"#;
    stage.gateway.has(refused, 1.0).await;
    // For the time being the platform is spared.
    let other = stage.sent(&token, "text=y").await;
    for id in [id, other] {
        stage.becomes(&token, &id, "queued", None).await;
    }
    assert_eq!(stage.platform.heard(Call::Template).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_turns_out_not_to_follow_is_written_to_no_more() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    stage.platform.next(Call::Template, Fault::Errcode(43004));
    stage.sent(&token, "text=x").await;
    eventually("the token's status", 404, async || {
        stage.sends(&token, "text=y").await.status
    })
    .await;
    let series = r#"scangate_message_states_total{state="not_following"}"#;
    stage.gateway.has(series, 1.0).await;
    // Whoever scans again has another token.
    assert_ne!(stage.token_of(&ann).await, token);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_its_owners_business_alone() {
    let stage = Stage::opens().await;
    let (ann, bob) = (stage.phone("ann"), stage.phone("bob"));
    let (hers, his) = (stage.token_of(&ann).await, stage.token_of(&bob).await);
    let id = stage.sent(&hers, "text=x").await;
    let other = Request::get(&format!("/{his}.send/{id}"));
    is_refused(&stage.gateway.answers(other).await, 404, "message_unknown");
    let bearer =
        Request::get(&format!("/send/{id}")).header("Authorization", &format!("Bearer {hers}"));
    let told = stage.gateway.answers(bearer).await.json()["data"].clone();
    assert_eq!(told["msgid"], id);
    let (since, until) = (told["accepted_at"].as_u64(), told["page_ends_at"].as_u64());
    assert_eq!(until.unwrap() - since.unwrap(), 7 * 24 * 3600);
}
