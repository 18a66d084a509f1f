//! The page that a message opens.

use super::Stage;
use crate::support::{Request, Response};

async fn page(stage: &Stage, id: &str) -> Response {
    stage
        .gateway
        .answers(Request::get(&format!("/m/{id}")))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_the_text_and_can_do_nothing_else() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    let title = "%3Cb%3E%26%22";
    let desp =
        "%23+Hi%0A%0A%3Cscript%3Ealert(1)%3C%2Fscript%3E%0A%0A%5Bx%5D(javascript%3Aalert(1))";
    let id = stage
        .sent(&token, &format!("text={title}&desp={desp}"))
        .await;
    let shown = page(&stage, &id).await;
    assert_eq!(shown.status, 200);
    assert_eq!(
        shown.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = shown.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';"),
        "{policy}"
    );
    assert!(shown.header("x-robots-tag").unwrap().contains("noindex"));
    assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
    let text = shown.text();
    assert!(text.contains("<h1>&lt;b&gt;&amp;&quot;</h1>"), "{text}");
    assert!(
        text.contains("<h1>Hi</h1>") && text.contains("&lt;script&gt;"),
        "{text}"
    );
    assert!(
        !text.contains("<script") && !text.contains("javascript:"),
        "{text}"
    );
    assert!(
        !text.contains(&ann.openid) && !text.contains(&token),
        "{text}"
    );
    let style = stage
        .gateway
        .answers(Request::get("/assets/message.css"))
        .await;
    assert_eq!(
        style.header("content-type"),
        Some("text/css; charset=utf-8")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_no_other_address() {
    let stage = Stage::opens().await;
    let token = stage.token_of(&stage.phone("ann")).await;
    let id = stage.sent(&token, "text=x").await;
    for other in [
        "",
        "0",
        &id[1..],
        &id.to_uppercase(),
        &"0".repeat(32),
        "..%2Fx",
    ] {
        let answer = page(&stage, other).await;
        assert_eq!(answer.status, 404, "{other}");
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(answer.header("x-robots-tag").is_some());
    }
    let path = format!("/m/{id}");
    let head = stage.gateway.answers(Request::new("HEAD", &path)).await;
    assert_eq!(head.status, 200);
    stage
        .gateway
        .answers(Request::post(&path, "x"))
        .await
        .error(405);
}
