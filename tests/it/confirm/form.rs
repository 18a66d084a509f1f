//! The page of the link: what it shows, and whom it believes.

use super::{stage, state};
use crate::support::{Invitation, Phone, Request, choices};

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_site_purpose_and_three_numbers_and_has_no_effect() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    for _ in 0..2 {
        let shown = invitation.opened_at(&gateway).await;
        assert_eq!(shown.status, 200);
        let html = shown.text();
        for part in ["<html lang=\"en\">", "Tea &amp; Cake", "sign in", "UTC+8"] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        let choices = choices(html);
        assert_eq!(choices.len(), 4);
        assert_eq!(choices[3], "decline");
        assert!(choices[..3].contains(&invitation.number));
        assert!(!html.contains("<script"));
        let policy = shown.header("content-security-policy").unwrap();
        for rule in [
            "default-src 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert_eq!(shown.header("cache-control"), Some("no-store"));
        assert_eq!(shown.header("x-robots-tag"), Some("noindex"));
        assert_eq!(shown.header("referrer-policy"), Some("same-origin"));
    }
    page.hears_nothing().await;
    assert_eq!(state(&gateway, &code).await, "confirming");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_the_language_of_the_phone() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    for (accepted, lang) in [
        ("zh-CN,zh;q=0.9", "zh-CN"),
        ("en", "en"),
        // The operator's.
        ("fr", "zh-CN"),
        ("", "zh-CN"),
    ] {
        let look = Request::get(&invitation.path).header("Accept-Language", accepted);
        let shown = gateway.answers(look).await;
        let lang = format!("<html lang=\"{lang}\">");
        assert!(shown.text().contains(&lang), "{accepted}: {}", shown.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_another_page_decides_nothing() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    let body = format!("choice={}", invitation.number);
    let form = || Request::post(&invitation.path, body.as_str());
    for foreign in [
        form().header("Sec-Fetch-Site", "cross-site"),
        form().header("Sec-Fetch-Site", "none"),
        form().header("Origin", "https://evil.example"),
        form().header("Origin", "null"),
        form()
            .header("Sec-Fetch-Site", "cross-site")
            .header("Origin", &format!("http://{}", gateway.public())),
    ] {
        let answer = gateway.answers(foreign).await;
        assert_eq!(answer.error(403), "origin_not_allowed");
    }
    page.hears_nothing().await;
    // Its own, of a browser that says no more than that.
    let own = form().header("Origin", &format!("http://{}", gateway.public()));
    assert_eq!(gateway.answers(own).await.status, 303);
    page.hears(&code.event(r#""cmd":"confirmed""#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_choice_decides_nothing() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    let number = &invitation.number;
    for choice in [
        "",
        "0",
        "100",
        "-1",
        "%2B4",
        "4x",
        "Decline",
        &format!("{number}&choice=decline"),
    ] {
        let answer = gateway.answers(invitation.choice(choice)).await;
        assert_eq!(answer.error(400), "bad_choice", "{choice}");
    }
    let long = invitation.choice(&"4".repeat(1000));
    assert_eq!(gateway.answers(long).await.error(413), "too_large");
    let other = Request::new("PUT", &invitation.path);
    assert_eq!(
        gateway.answers(other).await.error(405),
        "method_not_allowed"
    );
    page.hears_nothing().await;
    assert_eq!(state(&gateway, &code).await, "confirming");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_nobody_was_sent_leads_nowhere() {
    let (_platform, gateway, _code, _page) = stage().await;
    for path in [
        "/confirm/",
        "/confirm/0",
        "/confirm/00000000000000000000000000000000",
        "/confirm/00000000000000000000000000000000/x",
        "/confirm/%3Cscript%3E",
    ] {
        let unknown = Invitation {
            path: path.to_owned(),
            number: "42".to_owned(),
        };
        let shown = unknown.opened_at(&gateway).await;
        assert_eq!(shown.status, 404, "{path}");
        assert!(shown.text().contains("not valid"), "{}", shown.text());
        let chosen = gateway.answers(unknown.choice("42")).await;
        assert_eq!(chosen.status, 404, "{path}");
    }
}
