//! Plain bodies, their repetitions, and passive replies.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scangate::wechat::event::{Kind, Push, PushError};
use scangate::wechat::reply::{Article, Reply};
use scangate::wechat::{refusal::Refusal, xml};
use serde_json::Value;

use crate::{covers, each_case, text_of};

#[test]
fn event_xml() {
    each_case("event-xml", "cases", 63, |case| {
        let body = body(case);
        let expect = &case["expect"];
        match Push::parse(&body) {
            Ok(push) => {
                assert_eq!(expect["ok"], true);
                let is_message = matches!(push.kind, Kind::Text { .. } | Kind::Message { .. });
                assert_eq!(is_message, text_of(expect, "kind") == "message");
                same_scan(&push.kind, &expect["scan"]);
                same_fields(&body, case);
            }
            Err(fault) => {
                let refusal = Refusal::Push(fault);
                assert_eq!(expect["ok"], false, "{refusal}");
                assert!(
                    covers(text_of(expect, "error"), refusal.label()),
                    "{}",
                    refusal.label()
                );
                let too_large = refusal.label() == "too_large";
                assert_eq!(refusal.status(), if too_large { 413 } else { 400 });
            }
        }
    });
}

fn body(case: &Value) -> Vec<u8> {
    if let Some(text) = case["body"].as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(base64) = case["body_b64"].as_str() {
        return STANDARD.decode(base64).unwrap();
    }
    let parts = case["body_parts"].as_array().unwrap().iter();
    let body: String = parts
        .map(|part| text_of(part, "text").repeat(part["times"].as_u64().unwrap_or(1) as usize))
        .collect();
    assert_eq!(body.len(), case["body_len"]);
    body.into_bytes()
}

fn same_scan(kind: &Kind, expect: &Value) {
    let Kind::Scan {
        scene,
        ticket,
        subscribed,
    } = kind
    else {
        assert!(expect.is_null());
        return;
    };
    assert_eq!(scene, text_of(expect, "key"));
    assert_eq!(ticket.as_deref(), expect["ticket"].as_str());
    assert_eq!(*subscribed, text_of(expect, "via") == "subscribe");
}

fn same_fields(body: &[u8], case: &Value) {
    let fields = xml::fields(body).unwrap();
    let expect = case["expect"]["fields"].as_object().unwrap();
    for (name, text) in expect {
        assert_eq!(fields.get(name), text.as_str(), "{name}");
    }
    // The bodies in parts leave their long field out of the list.
    let unlisted = usize::from(!case["body_parts"].is_null());
    assert_eq!(fields.iter().count(), expect.len() + unlisted);
}

#[test]
fn dedup() {
    each_case("dedup", "cases", 8, |case| {
        let mut seen = HashSet::new();
        for step in case["steps"].as_array().unwrap() {
            let push = Push::parse(text_of(step, "body").as_bytes()).unwrap();
            assert_eq!(seen.insert(push.dedup_key().to_owned()), step["effect"]);
        }
    });
}

#[test]
fn passive_replies() {
    each_case("replies", "cases", 8, |case| {
        let input = &case["input"];
        let reply = match text_of(input, "type") {
            "text" => Reply::Text(text_of(input, "content").to_owned()),
            "news" => Reply::News(articles(input)),
            "transfer_customer_service" => {
                Reply::Transfer(input["kf_account"].as_str().map(str::to_owned))
            }
            other => panic!("reply {other}"),
        };
        let created = input["create_time"].as_u64().unwrap();
        let xml = reply
            .render(text_of(input, "to"), text_of(input, "from_"), created)
            .unwrap();
        let fields = xml::fields(xml.as_bytes()).unwrap();
        let mut flat = 0;
        for (name, text) in case["expect_parsed"].as_object().unwrap() {
            if let Some(text) = text.as_str() {
                assert_eq!(fields.get(name), Some(text), "{name}");
                flat += 1;
            } else {
                same_items(&xml, text);
            }
        }
        assert_eq!(fields.iter().count(), flat);
        if let Some(agent) = input["kf_account"].as_str() {
            assert!(xml.contains(agent));
        }
    });
}

fn articles(input: &Value) -> Vec<Article> {
    let articles = input["articles"].as_array().unwrap().iter();
    articles
        .map(|article| Article {
            title: text_of(article, "title").to_owned(),
            description: text_of(article, "description").to_owned(),
            picture_url: text_of(article, "image").to_owned(),
            url: text_of(article, "url").to_owned(),
        })
        .collect()
}

/// The one `<item>`, read as a document of its own.
fn same_items(xml: &str, articles: &Value) {
    let (_, rest) = xml.split_once("<item>").unwrap();
    let (item, rest) = rest.split_once("</item>").unwrap();
    assert!(rest.starts_with("</Articles>"));
    let fields = xml::fields(format!("<xml>{item}</xml>").as_bytes()).unwrap();
    let expect = articles["item"].as_object().unwrap();
    assert_eq!(fields.iter().count(), expect.len());
    for (name, text) in expect {
        assert_eq!(fields.get(name), text.as_str(), "{name}");
    }
}

#[test]
fn a_push_error_is_a_refusal() {
    let refusal = Refusal::from(PushError::MissingField("Event"));
    assert_eq!((refusal.status(), refusal.label()), (400, "missing_field"));
}
