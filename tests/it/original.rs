//! The original's page and the original's backend, byte for byte: what they wrote for the process
//! that this gateway replaces must go on to work.

use std::time::Duration;

use crate::support::{Code, Gateway, Platform, Request, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_binds_with_the_reply_of_qrcode_and_gets_what_the_backend_pushes() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| platform.serves(config)).await;
    let mut page = gateway.page().await;
    page.says(r#"{"cmd":"ping"}"#).await;

    // jQuery asks with this Accept; typed as JSON it would hand the page an object.
    let ask = Request::get("/qrcode")
        .header("Accept", "*/*")
        .header("X-Requested-With", "XMLHttpRequest");
    let reply = gateway.answers(ask).await;
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let json = reply.json();
    assert_eq!(json["expire_seconds"], 120);
    let code = Code::from_reply(reply.text());

    page.says(reply.text()).await;
    page.hears(reply.text()).await;

    let mut backend = gateway.backend().await;
    for event in [
        code.event(r#""cmd":"scan""#),
        code.event(r#""cmd":"login","token":"t""#),
        code.event(r#""token":"IYUU1Tabc""#),
    ] {
        assert_eq!(backend.say(&event).await, "ok");
        page.hears(&event).await;
    }
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_pass_unchanged_whatever_their_spelling() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    let Code { uid, ticket, .. } = &code;
    let slashed = ticket.replace('/', "\\/");
    for event in [
        format!(r#"{{ "ticket" : "{ticket}",  "uid":{uid} , "n": 1.0e+2, "text":"扫码成功" }}"#),
        format!(r#"{{"uid":"{uid}","ticket":"{slashed}","text":"\u626b\u7801"}}"#),
        format!(r#"{{"z":null,"a":[1,2.50,{{}}],"uid":{uid},"ticket":"{ticket}","b":"é😀"}}"#),
        format!(r#"  {{"uid":{uid},"ticket":"{ticket}"}} "#),
        format!("{{\"uid\":{uid},\"ticket\":\"{ticket}\",\t\"tab\":true}}"),
    ] {
        assert_eq!(backend.say(&event).await, "ok", "{event}");
        page.hears(&event).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_original_ignored_is_ignored() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    let Code { uid, ticket, .. } = &code;
    for nothing in [
        String::new(),
        "hello".to_owned(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "42".to_owned(),
        "{}".to_owned(),
        r#"{"ticket":"gQ"}"#.to_owned(),
        r#"{"cmd":"login","user":"me"}"#.to_owned(),
        r#"{"cmd":"sms"}"#.to_owned(),
        r#"{"cmd":"mail"}"#.to_owned(),
        r#"{"cmd":"whatever"}"#.to_owned(),
        // With a cmd it is no bind, whatever else it says.
        format!(r#"{{"cmd":"bind","uid":{uid},"ticket":"{ticket}"}}"#),
    ] {
        page.says(&nothing).await;
        page.hears_nothing().await;
    }
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_backend_that_issues_its_own_codes_the_first_bind_registers() {
    let gateway = Gateway::with(|config| config.bind.register = true).await;
    let code = Code::foreign(1_735_536_450, "gQH47zwAAAAAAAAAAS5odHRwOi8v");
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(0)).await, "fail");

    let mut page = gateway.page().await;
    page.binds(&code).await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;

    let thief = Code::foreign(code.uid, "gQsomethingElse");
    assert_eq!(backend.say(&thief.nth(2)).await, "fail");
    let mut other = gateway.page().await;
    other.says(&thief.text).await;
    other.is_refused("ticket_mismatch").await;

    let mut second_tab = gateway.page().await;
    second_tab.binds(&code).await;
    assert_eq!(backend.say(&code.nth(3)).await, "ok");
    page.hears(&code.nth(3)).await;
    second_tab.hears(&code.nth(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_uid_lives_as_long_as_its_page_and_the_grace() {
    let gateway = Gateway::with(|config| {
        config.bind.register = true;
        config.session.life = Duration::from_secs(1);
        config.session.grace = Duration::from_millis(200);
    })
    .await;
    let mut backend = gateway.backend().await;
    let held = Code::foreign(7, "gQheld");
    let left = Code::foreign(8, "gQleft");
    let mut page = gateway.page().await;
    page.binds(&held).await;
    let mut other = gateway.page().await;
    other.binds(&left).await;

    other.leaves().await;
    assert_eq!(backend.say(&left.nth(1)).await, "queued");
    eventually(
        "the push to the uid that was left",
        "fail".to_owned(),
        async || backend.say(&left.nth(2)).await,
    )
    .await;
    // Much more than life and grace have passed for the one that is held.
    assert_eq!(backend.say(&held.nth(1)).await, "ok");
    page.hears(&held.nth(1)).await;

    let anew = Code::foreign(8, "gQanew");
    let mut newcomer = gateway.page().await;
    newcomer.binds(&anew).await;
    assert_eq!(backend.say(&left.nth(3)).await, "fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_register_a_foreign_code_is_unknown() {
    let gateway = Gateway::start().await;
    let mut page = gateway.page().await;
    page.says(&Code::foreign(9, "gQforeign").text).await;
    page.is_refused("uid_unknown").await;
    page.hears_nothing().await;
}
