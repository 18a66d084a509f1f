//! What happened to a session: remembered within bounds, told without secrets.

use scangate::config::Secret;
use serde_json::json;

use crate::support::{
    Code, Gateway, Platform, Process, Request, a_life_is_told, a_push_is_followed, a_scan_is_timed,
    broker, kinds, last_moments_are_kept, lives_to, moments, scangate, timeline,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_at_one_node_is_timed_to_the_screen_at_the_other() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let b = Gateway::joins(&broker, "b", |config| platform.serves(config)).await;
    a_scan_is_timed(&a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_tell_one_life_in_its_order() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let b = Gateway::joins(&broker, "b", |config| platform.serves(config)).await;
    a_life_is_told(&a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_followed_from_the_door_to_the_socket() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    a_push_is_followed(&a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_saw_at_last_is_remembered() {
    let (broker, _data) = broker().await;
    let going = Gateway::joins(&broker, "going", |_| {}).await;
    let staying = Gateway::joins(&broker, "staying", |_| {}).await;
    last_moments_are_kept(going, &staying).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_refusals_and_the_end_are_told() {
    let gateway = Gateway::start().await;
    let code = gateway.code_with_key().await;
    let mut backend = gateway.backend().await;
    backend.say(&code.nth(0)).await;
    backend.say(&Code::foreign(code.uid, "gQ").nth(1)).await;
    let mut page = gateway.page().await;
    page.says(&Code::foreign(code.uid, &code.ticket).text).await;
    page.is_refused("ticket_mismatch").await;
    page.binds_since(&code, "9-0").await;
    let (_, id) = page.next_with_id().await;
    page.says(&code.text).await;
    page.hears(&code.text).await;
    let path = format!("/api/v1/sessions/{}", code.uid);
    gateway.tells(Request::new("DELETE", &path)).await;
    page.is_closed_with(4401).await;
    let life = lives_to(&gateway, code.uid, "left", 2).await;
    let expected = [
        "issued",
        "published",
        "published",
        "refused",
        "bound",
        "replayed",
        "left",
        "bound",
        "ended",
        "left",
    ];
    assert_eq!(kinds(&life), expected, "{life:#}");
    let told: Vec<_> = moments(&life).collect();
    assert_eq!(told[0]["seconds"], 120);
    assert_eq!(
        (&told[1]["result"], &told[1]["nodes"]),
        (&json!("queued"), &json!(0))
    );
    assert_eq!(
        (&told[2]["result"], &told[2]["reason"]),
        (&json!("fail"), &json!("ticket_mismatch"))
    );
    assert_eq!(told[3]["code"], "ticket_mismatch");
    assert_eq!(
        (&told[5]["events"], &told[5]["event"]),
        (&json!(1), &json!(id))
    );
    assert_eq!(
        (&told[6]["why"], &told[9]["why"]),
        (&json!("rebound"), &json!("withdrawn"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_moments_are_remembered() {
    let gateway = Gateway::with(|config| config.timeline.entries = 5).await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    for n in 0..8 {
        backend.say(&code.nth(n)).await;
    }
    let last = backend.ask(&code.nth(8)).await["id"].clone();
    gateway
        .has(
            r#"scangate_timeline_moments_total{result="recorded"}"#,
            10.0,
        )
        .await;
    let life = timeline(&gateway, code.uid).await;
    assert_eq!(kinds(&life), ["published"; 5]);
    assert_eq!(moments(&life).last().unwrap()["event"], last);
    assert_eq!(life["truncated"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_remembered_where_that_is_off_or_the_uid_unknown() {
    let gateway = Gateway::with(|config| config.timeline.entries = 0).await;
    let code = gateway.code().await;
    let life = timeline(&gateway, code.uid).await;
    assert_eq!(
        life,
        json!({"uid": code.uid, "moments": [], "truncated": false})
    );
    for path in ["7", "x", "0"] {
        let path = format!("/api/v1/sessions/{path}/timeline");
        gateway.tells(Request::get(&path)).await.error(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_comes_often_each_second_has_its_share() {
    let gateway = Gateway::with(|config| config.timeline.per_second = 2).await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    for n in 0..100 {
        assert_eq!(backend.say(&code.nth(n)).await, "queued");
    }
    let series = |result| format!("scangate_timeline_moments_total{{result=\"{result}\"}}");
    let left_out = gateway.metric(&series("sampled_out")).await.unwrap();
    // A hundred pushes take less than a minute.
    assert!(left_out >= 1.0, "{left_out}");
    gateway.has(&series("recorded"), 101.0 - left_out).await;
    gateway.has(&series("dropped"), 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_line_says_how_many_were_left_out() {
    let gateway = Process::serves(&[
        ("SCANGATE_LOG_LEVEL", "info,scangate::timeline=debug"),
        ("SCANGATE_LOG_PER_SECOND", "1"),
    ])
    .await;
    let code = Code::registered(gateway.ops, "").await;
    gateway.prints("a code was issued").await;
    let mut backend = crate::support::Backend::at(gateway.push).await;
    let mut n = 0;
    while !gateway.said().contains("left_out=") {
        backend.say(&code.nth(n)).await;
        n += 1;
    }
    let line = gateway.prints("left_out=").await;
    for word in [
        "push",
        &format!("uid={}", code.uid),
        "event=",
        "door=push",
        "result=queued",
    ] {
        assert!(line.contains(word), "{word} in {line}");
    }
    assert!(!gateway.said().contains(&code.ticket));
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_prints_a_life() {
    let key = "open-sesame";
    let gateway = Gateway::with(|config| {
        config.push.secret = None;
        config.ops.api_key = Some(Secret::new(key));
    })
    .await;
    let body = r#"{"uid":1735536450,"ticket":"gQH4+/x"}"#;
    let bearer = format!("Bearer {key}");
    let register = Request::post("/api/v1/sessions", body).header("Authorization", &bearer);
    assert_eq!(gateway.tells(register).await.status, 201);
    let mut page = gateway.page().await;
    page.says(body).await;
    page.hears(body).await;
    page.hears_nothing().await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(body).await, "ok");
    gateway
        .has(r#"scangate_timeline_moments_total{result="recorded"}"#, 4.0)
        .await;
    let ops = gateway.ops().to_string();
    let secret = [("SCANGATE_OPS_API_KEY", key)];
    let explain = async |uid: &str, more: &[&str], variables: &[(&str, &str)]| {
        let words = [&["explain", uid, "--ops", &ops], more].concat();
        let output = scangate(&words, variables).await;
        let printed = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), printed, complaint)
    };
    let (exit, printed, _) = explain("1735536450", &[], &secret).await;
    assert_eq!(exit, 0);
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), 4, "{printed}");
    for (line, words) in lines.iter().zip([
        ["+0.000 ms", "issued by another system, for 120 s"],
        [" ms", "bound: a page holds it"],
        [" through push: ok for 1 node", "published event "],
        [" written to a page", "event "],
    ]) {
        for word in words {
            assert!(line.contains(word), "{word} in {line}");
        }
    }
    let (exit, printed, _) = explain("1735536450", &["--json"], &secret).await;
    assert_eq!(exit, 0);
    let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(kinds(&json), ["issued", "bound", "published", "written"]);

    let (exit, _, complaint) = explain("7", &[], &secret).await;
    assert_eq!(
        (exit, complaint.contains("nothing is known")),
        (1, true),
        "{complaint}"
    );
    let (exit, _, complaint) = explain("1735536450", &[], &[]).await;
    assert_eq!(
        (exit, complaint.contains("SCANGATE_OPS_API_KEY")),
        (2, true),
        "{complaint}"
    );
    let words = ["explain", "7", "--ops", "http://127.0.0.1:1"];
    assert_eq!(scangate(&words, &[]).await.status.code(), Some(2));
    assert_eq!(scangate(&["explain"], &[]).await.status.code(), Some(64));
}
