//! One decision: the right number, a wrong one, no, or nothing in time.

use std::time::Duration;

use super::{logs_in, stage, state};
use crate::support::{Gateway, Invitation, Phone, Platform, Request, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_login_waits_for_the_number_that_the_page_shows() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    page.hears_nothing().await;
    assert_eq!(state(&gateway, &code).await, "confirming");

    invitation.chosen_at(&gateway, &invitation.number).await;
    page.hears(&code.event(r#""cmd":"confirmed""#)).await;
    assert_eq!(logs_in(&gateway, &mut page).await, ann.openid);
    assert_eq!(state(&gateway, &code).await, "done");
    let shown = invitation.opened_at(&gateway).await;
    assert!(shown.text().contains("Confirmed"), "{}", shown.text());

    // It is decided.
    for choice in ["decline", &invitation.number] {
        invitation.chosen_at(&gateway, choice).await;
    }
    page.hears_nothing().await;
    let series = |result| format!("scangate_confirmations_total{{result=\"{result}\"}}");
    for (result, times) in [("asked", 1.0), ("confirmed", 1.0), ("declined", 0.0)] {
        assert_eq!(gateway.metric(&series(result)).await, Some(times));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_declines_and_there_is_no_second_try() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    let wrong = invitation.wrong_number(&gateway).await;
    invitation.chosen_at(&gateway, &wrong).await;
    page.hears(&code.event(r#""cmd":"declined""#)).await;
    invitation.chosen_at(&gateway, &invitation.number).await;
    page.hears_nothing().await;
    assert_eq!(state(&gateway, &code).await, "declined");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_not_offered_declines_too() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    invitation.chosen_at(&gateway, "00").await;
    page.hears(&code.event(r#""cmd":"declined""#)).await;
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_declines_is_not_logged_in() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    invitation.chosen_at(&gateway, "decline").await;
    page.hears(&code.event(r#""cmd":"declined""#)).await;
    page.hears_nothing().await;
    assert_eq!(state(&gateway, &code).await, "declined");
    let shown = invitation.opened_at(&gateway).await;
    assert!(shown.text().contains("Declined"), "{}", shown.text());
    // Another scan of the same code changes nothing either.
    assert!(ann.reads(&ann.scans(&code).await).is_some());
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_confirmed_in_time_expires() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.confirm.actions = vec!["token".parse().unwrap()];
        config.confirm.life = Duration::from_secs(1);
    })
    .await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    page.hears(&code.event(r#""cmd":"expired""#)).await;
    invitation.chosen_at(&gateway, &invitation.number).await;
    page.hears_nothing().await;
    assert_eq!(state(&gateway, &code).await, "expired");
    let shown = invitation.opened_at(&gateway).await;
    assert!(shown.text().contains("Expired"), "{}", shown.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_withdrawn_cannot_be_confirmed() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    let end = Request::new("DELETE", &format!("/api/v1/sessions/{}", code.uid));
    assert_eq!(gateway.tells(end).await.status, 204);
    page.is_closed_with(4401).await;
    invitation.chosen_at(&gateway, &invitation.number).await;
    let shown = invitation.opened_at(&gateway).await;
    assert!(shown.text().contains("Expired"), "{}", shown.text());
    let confirmed = "scangate_confirmations_total{result=\"confirmed\"}";
    assert_eq!(gateway.metric(confirmed).await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_away_finds_number_and_decision() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    page.leaves().await;
    invitation.chosen_at(&gateway, &invitation.number).await;
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    let mut cmds = Vec::new();
    for _ in 0..4 {
        let (event, _) = page.next_with_id().await;
        let event: serde_json::Value = serde_json::from_str(&event).unwrap();
        cmds.push(event["cmd"].as_str().unwrap().to_owned());
    }
    assert_eq!(cmds, ["scan", "confirm", "confirmed", "login"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_named_has_to_be_confirmed() {
    let (_platform, gateway, _, _page) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    Phone::of(&gateway, "ann").scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""token":"#));
    eventually("the state", "done".to_owned(), async || {
        state(&gateway, &code).await
    })
    .await;
}
