//! A hook that hangs over one uid holds up no other.

use scangate::config::HookEvent;

use crate::support::{Code, Gateway, Page, Reaction, Request, Site};

async fn page_of(gateway: &Gateway, uid: u32) -> (Code, Page) {
    let body = format!(r#"{{"uid":{uid},"ticket":"t"}}"#);
    let reply = gateway.tells(Request::post("/api/v1/sessions", body)).await;
    let code = Code::from_reply(reply.text());
    let mut page = gateway.page().await;
    page.binds(&code).await;
    (code, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_uid_waits_for_another() {
    let mut site = Site::start().await;
    let gateway = Gateway::with(|config| {
        site.listens(config, &[HookEvent::Command]);
        // Longer than anybody waits here.
        config.hook.timeout = std::time::Duration::from_secs(60);
    })
    .await;
    // Uids that have most in common.
    let (_, mut hanging) = page_of(&gateway, 16).await;
    site.next(Reaction::Hang);
    for n in 0..3 {
        hanging.says(&format!(r#"{{"cmd":"n","n":{n}}}"#)).await;
    }
    assert_eq!(site.hears().await.data()["uid"], 16);
    for uid in [32, 48, 16_000_000, 4_294_967_280] {
        let (code, mut page) = page_of(&gateway, uid).await;
        site.next(Reaction::Answer(200, r#"{"event":{"n":1}}"#));
        page.says(r#"{"cmd":"n"}"#).await;
        page.hears(&code.event(r#""n":1"#)).await;
        assert_eq!(site.hears().await.data()["uid"], uid);
    }
    // What the same uid said after it still waits for it.
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_uids_are_told_of_at_a_time_and_the_rest_in_turn() {
    let mut site = Site::start().await;
    let gateway = Gateway::with(|config| site.listens(config, &[HookEvent::Command])).await;
    let mut pages = Vec::new();
    for n in 1..=40 {
        pages.push(page_of(&gateway, n * 16).await.1);
    }
    for round in 0..3 {
        for page in &mut pages {
            page.says(&format!(r#"{{"cmd":"n","n":{round}}}"#)).await;
        }
    }
    let mut next = std::collections::HashMap::new();
    for _ in 0..120 {
        let data = site.hears().await.data();
        let turn = next.entry(data["uid"].as_u64()).or_insert(0);
        assert_eq!(data["message"]["n"], *turn);
        *turn += 1;
    }
    assert_eq!(next.len(), 40);
    site.hears_nothing();
}
