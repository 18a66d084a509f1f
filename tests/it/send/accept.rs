//! What is taken, from wherever it comes, and what is not.

use super::{Stage, is_ok, is_refused};
use crate::support::{Call, Gateway, Platform, Request, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_title_reaches_the_person_by_the_template() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    let answer = stage.sends(&token, "text=Backup+done&desp=**14**+GB").await;
    is_ok(&answer);
    let data = answer.json()["data"].clone();
    let id = data["msgid"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(data["url"], format!("https://www.iyuu.cn/m/{id}"));
    stage.becomes(&token, id, "sent", None).await;
    let heard = stage.platform.heard(Call::Template);
    assert_eq!(heard.len(), 1);
    let card = &heard[0];
    assert_eq!(card["touser"], ann.openid);
    assert_eq!(card["template_id"], "template");
    assert_eq!(card["url"], data["url"]);
    assert_eq!(card["client_msg_id"], id);
    assert_eq!(card["data"]["thing1"]["value"], "Backup done");
    let time = card["data"]["time2"]["value"].as_str().unwrap();
    assert_eq!((time.len(), &time[4..5], &time[13..14]), (16, "-", ":"));
    assert_eq!(card["data"].as_object().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_long_is_cut_where_people_can_see_that_it_was() {
    let stage = Stage::with(|config| config.send.body_field = Some("thing3".to_owned())).await;
    let token = stage.token_of(&stage.phone("ann")).await;
    let title = "%E6%B1%89".repeat(30);
    stage
        .sent(
            &token,
            &format!("text={title}&desp=%23%20One%20*two*%0A%0Athree"),
        )
        .await;
    let sent = async || stage.platform.heard(Call::Template).len();
    eventually("a message", 1, sent).await;
    let data = stage.platform.heard(Call::Template)[0]["data"].clone();
    assert_eq!(data["thing1"]["value"], "汉".repeat(19) + "…");
    assert_eq!(data["thing3"]["value"], "One two three");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_json_queries_and_a_header_are_all_good() {
    let stage = Stage::opens().await;
    let token = stage.token_of(&stage.phone("ann")).await;
    let path = format!("/{token}.send");
    let form = "application/x-www-form-urlencoded";
    let requests = [
        Request::get(&format!("{path}?text=0")),
        Request::get(&format!("{path}?title=1&content=x&unheard=of")),
        Request::post(&path, "text=2&desp=x\n").header("Content-Type", form),
        Request::post(&path, "text=3"),
        Request::post(&path, r#"{"text":"4","desp":"汉","more":[]}"#)
            .header("Content-Type", "application/json; charset=utf-8"),
        Request::post(&format!("{path}?text=5&desp=x"), ""),
        Request::post(&format!("{path}?text=no&desp=x"), "text=6").header("Content-Type", form),
        Request::post("/send", "text=7").header("Authorization", &format!("Bearer {token}")),
        Request::get("/send?text=8").header("Authorization", &format!("Bearer {token}")),
    ];
    for request in &requests {
        is_ok(&stage.gateway.answers(request.clone()).await);
    }
    let expected: Vec<_> = (0..requests.len()).map(|n| n.to_string()).collect();
    eventually("the titles", expected, async || {
        let heard = stage.platform.heard(Call::Template);
        let title = |card: &serde_json::Value| card["data"]["thing1"]["value"].clone();
        let mut titles: Vec<_> = heard
            .iter()
            .map(|card| title(card).as_str().unwrap().to_owned())
            .collect();
        titles.sort_unstable();
        titles
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_refused_and_says_why() {
    let stage = Stage::opens().await;
    let token = stage.token_of(&stage.phone("ann")).await;
    let path = format!("/{token}.send");
    let json = |body: &str| {
        Request::post(&path, body.to_owned()).header("Content-Type", "application/json")
    };
    for (request, status, word) in [
        (Request::get(&path), 400, "no_text"),
        (Request::get(&format!("{path}?desp=x")), 400, "no_text"),
        (Request::get(&format!("{path}?text=+%0A")), 400, "no_text"),
        (
            Request::get(&format!("{path}?text={}", "x".repeat(257))),
            400,
            "text_too_long",
        ),
        (Request::get(&format!("{path}?text=%FF")), 400, "malformed"),
        (
            Request::get(&format!("{path}?text=1&text=2")),
            400,
            "malformed",
        ),
        (json("{"), 400, "malformed"),
        (json("[]"), 400, "malformed"),
        (json(r#"{"text":1}"#), 400, "malformed"),
        (json("{}"), 400, "no_text"),
        (
            Request::post(&path, b"text=\xff".to_vec()),
            400,
            "malformed",
        ),
        (
            Request::post(&path, "x").header("Content-Type", "multipart/form-data; boundary=x"),
            400,
            "malformed",
        ),
        (Request::post(&path, "x".repeat(65_537)), 413, "too_large"),
        (Request::new("PUT", &path), 405, "method"),
        (
            Request::get(&format!("{path}?text=x")).header("Sec-Purpose", "prefetch;prerender"),
            403,
            "prefetch",
        ),
        (Request::get("/SG00.send?text=x"), 404, "token_unknown"),
        (Request::get("/.send?text=x"), 404, "token_unknown"),
        (Request::get("/send?text=x"), 404, "token_unknown"),
        (
            Request::get("/send?text=x").header("Authorization", "Basic QTpC"),
            404,
            "token_unknown",
        ),
        (
            Request::get(&format!("{path}/{}", "0".repeat(32))),
            404,
            "message_unknown",
        ),
        (Request::get(&format!("{path}/..")), 404, "message_unknown"),
        (Request::post(&format!("{path}/0"), "text=x"), 405, "method"),
    ] {
        is_refused(&stage.gateway.answers(request).await, status, word);
    }
    let head = Request::new("HEAD", &format!("{path}?text=x"));
    assert_eq!(stage.gateway.answers(head).await.status, 405);
    let allowed = stage.gateway.answers(Request::new("PUT", &path)).await;
    assert_eq!(allowed.header("allow"), Some("GET, POST"));
    assert!(stage.platform.heard(Call::Template).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_or_a_template_nothing_is_sent() {
    let bare = Gateway::start().await;
    let answer = bare.answers(Request::get("/SG00.send?text=x")).await;
    is_refused(&answer, 503, "not_configured");
    let stage = Stage::with(|config| config.wechat.template_id = None).await;
    let token = stage.token_of(&stage.phone("ann")).await;
    is_refused(&stage.sends(&token, "text=x").await, 503, "not_configured");
    is_refused(&stage.sends("SG00", "text=x").await, 404, "token_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_are_one_message_for_a_while() {
    let stage = Stage::opens().await;
    let (ann, bob) = (stage.phone("ann"), stage.phone("bob"));
    let (hers, his) = (stage.token_of(&ann).await, stage.token_of(&bob).await);
    let first = stage.sent(&hers, "text=a&desp=b").await;
    stage.becomes(&hers, &first, "sent", None).await;
    assert_eq!(stage.sent(&hers, "desp=b&title=a").await, first);
    let many = std::array::from_fn::<_, 8, _>(|_| stage.sent(&hers, "text=at+once"));
    let mut ids = futures_util::future::join_all(many).await;
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_ne!(stage.sent(&hers, "text=a").await, first);
    assert_ne!(stage.sent(&his, "text=a&desp=b").await, first);
    let sent = async || stage.platform.messages();
    eventually("messages", 4, sent).await;
    let platform: &Platform = &stage.platform;
    assert_eq!(platform.heard(Call::Template).len(), 4);
}
