//! Plain, compatible, safe: the mode is the gateway's own, whatever the request says.

use scangate::config::Mode;

use crate::support::{Gateway, Phone, Platform, encrypts, now};

async fn gateway(platform: &Platform, mode: Mode) -> Gateway {
    Gateway::with(|config| {
        platform.serves(config);
        encrypts(config, mode);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_arrives_in_each_mode_and_is_answered_in_it() {
    let platform = Platform::start().await;
    for mode in [Mode::Plain, Mode::Compat, Mode::Safe] {
        let gateway = gateway(&platform, mode).await;
        let code = gateway.qrcode("token").await;
        let mut page = gateway.page().await;
        page.binds(&code).await;
        let ann = Phone::of(&gateway, "ann").in_mode(mode);
        let answer = ann.scans(&code).await;
        ann.reads(&answer);
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        // A text in the chat, so that the answer is one that must be sealed.
        let bob = Phone::of(&gateway, "bob").in_mode(mode);
        let answer = bob.scans(&code).await;
        assert!(bob.reads(&answer).is_some(), "{mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mode_is_refused() {
    let platform = Platform::start().await;
    for (set, sent) in [
        (Mode::Plain, Mode::Compat),
        (Mode::Plain, Mode::Safe),
        (Mode::Compat, Mode::Plain),
        (Mode::Safe, Mode::Plain),
    ] {
        let gateway = gateway(&platform, set).await;
        let code = gateway.qrcode("token").await;
        let mut page = gateway.page().await;
        page.binds(&code).await;
        let answer = Phone::of(&gateway, "ann").in_mode(sent).scans(&code).await;
        assert_eq!(
            (answer.status, answer.text()),
            (403, ""),
            "{set:?} {sent:?}"
        );
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_the_mode_is_safe() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        encrypts(config, Mode::Safe);
        config.wechat.mode = None;
    })
    .await;
    let code = gateway.qrcode("token").await;
    let plain = Phone::of(&gateway, "ann");
    assert_eq!(plain.scans(&code).await.status, 403);
    assert_eq!(plain.in_mode(Mode::Safe).scans(&code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_message_that_was_changed_is_refused() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform, Mode::Safe).await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann").in_mode(Mode::Safe);
    let scan = ann.scan(code.uid, &code.ticket);
    let sealed = ann.envelope(&scan, now());
    for (what, from, to) in [
        ("the text", "<Encrypt><![CDATA[", "<Encrypt><![CDATA[AAAA"),
        (
            "the signature of the text",
            "&msg_signature=",
            "&msg_signature=0",
        ),
        ("the type", "&encrypt_type=aes", "&encrypt_type=des"),
        ("the type's absence", "&encrypt_type=aes", ""),
    ] {
        let answer = gateway.answers(sealed.replacing(from, to)).await;
        assert_eq!((answer.status, answer.text()), (403, ""), "{what}");
    }
    page.hears_nothing().await;
    assert_eq!(gateway.answers(sealed).await.status, 200);
    page.hears(&code.event(r#""cmd":"scan""#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_plain_mode_the_platform_may_say_that_it_is_plain() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| platform.serves(config)).await;
    let code = gateway.qrcode("token").await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.envelope(&ann.scan(code.uid, &code.ticket), now());
    let raw = scan.replacing("&nonce=", "&encrypt_type=raw&nonce=");
    assert_eq!(gateway.answers(raw).await.status, 200);
}
