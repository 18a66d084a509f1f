//! Whose callbacks are believed, and what the rest is told: a status, and not one word more.

use scangate::wechat::signature;

use crate::support::{Gateway, ORIGINAL_ID, Page, Phone, Platform, Request, TOKEN, now};

async fn stage() -> (Platform, Gateway) {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.wechat.original_id = Some(ORIGINAL_ID.to_owned());
    })
    .await;
    (platform, gateway)
}

/// Sends this request; it must be refused with this status and an empty body, and the page not
/// hear of it.
async fn is_refused(gateway: &Gateway, page: &mut Page, request: Request, status: u16, what: &str) {
    let answer = gateway.answers(request).await;
    assert_eq!((answer.status, answer.text()), (status, ""), "{what}");
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_check_is_answered_with_the_echo_and_nothing_else() {
    let (_platform, gateway) = stage().await;
    // The platform's own example is years old: the clock does not matter here.
    for (timestamp, nonce) in [("1714036504", "1514711492"), ("1", "9")] {
        let signed = signature::sign(&[TOKEN, timestamp, nonce]);
        let query = format!("signature={signed}&timestamp={timestamp}&nonce={nonce}");
        let path = format!("/wechat?{query}&echostr=43758%2B%3Cb%3E");
        let answer = gateway.answers(Request::get(&path)).await;
        assert_eq!((answer.status, answer.text()), (200, "43758+<b>"));
        let kind = answer.header("content-type").unwrap();
        assert!(kind.starts_with("text/plain"), "{kind}");
    }
    for query in [
        "signature=0000000000000000000000000000000000000000&timestamp=1&nonce=9&echostr=1",
        "timestamp=1&nonce=9&echostr=1",
        "echostr=1",
        "",
    ] {
        let answer = gateway
            .answers(Request::get(&format!("/wechat?{query}")))
            .await;
        assert_eq!((answer.status, answer.text()), (403, ""), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_the_token_is_refused() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    let stamp = now().to_string();
    let signed = signature::sign(&["another", &stamp, "9"]);
    let right = signature::sign(&[TOKEN, &stamp, "9"]);
    for (what, query) in [
        (
            "another token",
            format!("signature={signed}&timestamp={stamp}&nonce=9"),
        ),
        ("no signature", format!("timestamp={stamp}&nonce=9")),
        ("no timestamp", format!("signature={right}&nonce=9")),
        (
            "another nonce",
            format!("signature={right}&timestamp={stamp}&nonce=8"),
        ),
        (
            "upper case",
            format!(
                "signature={}&timestamp={stamp}&nonce=9",
                right.to_uppercase()
            ),
        ),
        ("no query", String::new()),
    ] {
        let request = Request::post(&format!("/wechat?{query}"), scan.clone());
        is_refused(&gateway, &mut page, request, 403, what).await;
    }
    let twice = format!("signature={signed}&signature={right}&timestamp={stamp}&nonce=9");
    let answer = gateway
        .answers(Request::post(&format!("/wechat?{twice}"), scan))
        .await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_or_from_the_future_is_refused() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    for stamp in [0, now() - 310, now() + 310] {
        let request = ann.envelope(&scan, stamp);
        is_refused(&gateway, &mut page, request, 403, &stamp.to_string()).await;
    }
    let late = ann.envelope(&scan, now() - 290);
    assert_eq!(gateway.answers(late).await.status, 200);
    page.hears(&code.event(r#""cmd":"scan""#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_refused() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    let entity = r#"<!DOCTYPE xml [<!ENTITY key SYSTEM "file:///etc/passwd">]>"#;
    for (what, xml) in [
        ("nothing", String::new()),
        ("JSON", "{}".to_owned()),
        ("cut", scan[..scan.len() - 3].to_owned()),
        ("a DOCTYPE", format!("<!DOCTYPE xml>{scan}")),
        ("an entity", format!("{entity}{scan}")),
        (
            "an unknown entity",
            scan.replace("<xml>", "<xml><A>&key;</A>"),
        ),
        ("two roots", format!("{scan}{scan}")),
        ("something behind it", format!("{scan}x")),
        ("another root", scan.replace("xml>", "html>")),
        (
            "a field twice",
            scan.replace("</xml>", "<EventKey>1</EventKey></xml>"),
        ),
        ("no sender", scan.replace("FromUserName", "From")),
        ("no time", scan.replace("CreateTime", "Time")),
        (
            "a time that is none",
            scan.replace("<CreateTime>", "<CreateTime>-"),
        ),
        ("NUL", scan.replace("</xml>", "<A>\0</A></xml>")),
    ] {
        let request = ann.envelope(&xml, now());
        is_refused(&gateway, &mut page, request, 400, what).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_announced_or_not() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let padding = format!("<A>{}</A></xml>", "x".repeat(65536));
    let large = ann.scan(code.uid, &code.ticket).replace("</xml>", &padding);
    let request = ann.envelope(&large, now());
    is_refused(&gateway, &mut page, request.clone(), 413, "announced").await;

    let mut wire = crate::support::Wire::connect(gateway.public()).await;
    let chunked = request.chunked(&wire.host);
    // The answer may come before all of it is sent.
    let _ = wire.tries_to_send(chunked).await;
    let answer = crate::support::Response::read(&mut wire, "POST").await;
    let answer = answer.expect("an answer");
    assert_eq!((answer.status, answer.text()), (413, ""));
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_to_another_account_are_refused() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    let other = scan.replace(ORIGINAL_ID, "gh_ffffffffffff");
    let answer = ann.sends(&other).await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    page.hears_nothing().await;
    assert_eq!(ann.sends(&scan).await.status, 200);
    page.hears(&code.event(r#""cmd":"scan""#)).await;
}
