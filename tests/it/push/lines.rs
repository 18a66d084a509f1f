//! Lines on the wire: pipelined, cut anywhere, ended either way, too long, or never ended.

use crate::support::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_lines_are_answered_and_delivered_in_order() {
    const ROUNDS: usize = 50;
    let gateway = Gateway::start().await;
    let (held, left) = (gateway.code().await, gateway.code().await);
    let mut page = gateway.page().await;
    page.binds(&held).await;
    let mut backend = gateway.backend().await;
    let mut lines = String::new();
    for n in 0..ROUNDS {
        lines += &format!("{}\nnonsense\n{}\n", held.nth(n), left.nth(n));
    }
    backend.writes(&lines).await;
    for n in 0..ROUNDS {
        assert_eq!(backend.reply().await, "ok", "line {n}");
        assert_eq!(backend.reply().await, "fail", "line {n}");
        assert_eq!(backend.reply().await, "queued", "line {n}");
    }
    for n in 0..ROUNDS {
        page.hears(&held.nth(n)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_may_come_in_any_pieces() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    let lines = format!("{}\r\n{}\n", code.nth(0), code.event(r#""text":"扫码""#));
    for byte in lines.as_bytes() {
        backend.wire.sends([*byte]).await;
    }
    assert_eq!(backend.reply().await, "ok");
    assert_eq!(backend.reply().await, "ok");
    page.hears(&code.nth(0)).await;
    page.hears(&code.event(r#""text":"扫码""#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carriage_return_belongs_to_the_line_end_and_empty_lines_are_ignored() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    backend
        .writes(&format!("\n\r\n\n{}\r\n\n\r\nnonsense\r\n", code.nth(0)))
        .await;
    assert_eq!(backend.reply().await, "ok");
    assert_eq!(backend.reply().await, "fail");
    page.hears(&code.nth(0)).await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_line_passes_and_a_longer_one_closes() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    let padding = 65535 - code.event(r#""pad":"""#).len();
    let long = code.event(&format!(r#""pad":"{}""#, "x".repeat(padding)));
    assert_eq!(long.len(), 65535);
    assert_eq!(backend.say(&long).await, "ok");
    page.hears(&long).await;

    let longer = long.replace("pad", "padd+");
    assert_eq!(backend.say(&longer).await, "fail");
    backend.is_closed().await;
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_never_ends_is_cut_off() {
    let gateway = Gateway::start().await;
    let mut backend = gateway.backend().await;
    // It may be closed before all of it is sent.
    let _ = backend.wire.tries_to_send(vec![b'x'; 70_000]).await;
    assert_eq!(backend.reply().await, "fail");
    backend.is_closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_before_one_that_is_too_long_get_their_replies() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let mut lines = format!("{}\n{}\n", code.nth(0), code.nth(1));
    lines.push_str(&"x".repeat(70_000));
    lines.push('\n');
    let _ = backend.wire.tries_to_send(lines).await;
    assert_eq!(backend.reply().await, "queued");
    assert_eq!(backend.reply().await, "queued");
    assert_eq!(backend.reply().await, "fail");
    backend.is_closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_said_all_still_gets_the_replies() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let lines: String = (0..20).map(|n| code.nth(n) + "\n").collect();
    backend.writes(&lines).await;
    backend.wire.sends_no_more().await;
    for _ in 0..20 {
        assert_eq!(backend.reply().await, "queued");
    }
    backend.is_closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_do_not_wait_for_each_other() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut hesitant = gateway.backend().await;
    let (start, rest) = ("{\"uid\":", "1}\n");
    hesitant.writes(start).await;
    let mut brisk = gateway.backend().await;
    assert_eq!(brisk.say(&code.nth(0)).await, "queued");
    hesitant.writes(rest).await;
    assert_eq!(hesitant.reply().await, "fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_goes_without_reading_harms_nobody() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let mut rude = gateway.backend().await;
    rude.writes(&format!("{}\n", code.nth(0))).await;
    page.hears(&code.nth(0)).await;
    drop(rude);
    let mut polite = gateway.backend().await;
    assert_eq!(polite.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_backend_more_than_may_be_there_is_closed_at_once() {
    let gateway = Gateway::with(|config| config.push.connections = 1).await;
    let code = gateway.code().await;
    let mut first = gateway.backend().await;
    assert_eq!(first.say(&code.nth(0)).await, "queued");
    gateway.backend().await.is_closed().await;
    let series = r#"scangate_accept_refusals_total{listener="push"}"#;
    gateway.has(series, 1.0).await;
    assert_eq!(first.say(&code.nth(1)).await, "queued");
}
