//! Everything twice: callbacks, scans, choices, nodes.

use std::time::Duration;

use scangate::broker::{Broker, Queue};
use scangate::confirm::{Confirmation, Standing};
use scangate::records::{self, Change};

use super::{logs_in, stage, state};
use crate::support::{Gateway, Invitation, Phone, Platform, Request, broker, nobody};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_scans_again_gets_the_same_link_and_the_page_nothing() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    for _ in 0..3 {
        let answer = ann.scans(&code).await;
        assert_eq!(Invitation::path(&ann, &answer), invitation.path);
    }
    let bob = Phone::of(&gateway, "bob");
    let answer = bob.reads(&bob.scans(&code).await).expect("a text");
    assert!(!answer.contains("/confirm/"), "{answer}");
    page.hears_nothing().await;
    invitation.chosen_at(&gateway, &invitation.number).await;
    page.hears(&code.event(r#""cmd":"confirmed""#)).await;
    assert_eq!(logs_in(&gateway, &mut page).await, ann.openid);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_codes_have_two_links() {
    let (_platform, gateway, code, mut page) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let first = Invitation::by_scan(&ann, &code, &mut page).await;
    let other = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&other).await;
    let second = Invitation::by_scan(&ann, &other, &mut page).await;
    assert_ne!(first.path, second.path);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_choices_at_once_at_two_nodes_one_counts() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let join = async |name| {
        Gateway::joins(&broker, name, |config| {
            platform.serves(config);
            config.confirm.actions = vec!["login".parse().unwrap()];
        })
        .await
    };
    let (a, b) = (join("a").await, join("b").await);
    for _ in 0..10 {
        let code = a.qrcode("login").await;
        let mut page = b.page().await;
        page.binds(&code).await;
        let ann = Phone::of(&a, "ann");
        let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
        tokio::join!(
            invitation.chosen_at(&a, &invitation.number),
            invitation.chosen_at(&b, "decline"),
            invitation.chosen_at(&b, &invitation.number),
            invitation.chosen_at(&a, "decline"),
        );
        if page.next().await == code.event(r#""cmd":"confirmed""#) {
            assert_eq!(logs_in(&b, &mut page).await, ann.openid);
            assert_eq!(state(&a, &code).await, "done");
        } else {
            assert_eq!(state(&a, &code).await, "declined");
        }
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_decided_before_it_died_is_carried_out_by_another() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let gateway = Gateway::joins(&broker, "b", |config| {
        platform.serves(config);
        config.confirm.actions = vec!["login".parse().unwrap()];
    })
    .await;
    let code = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;

    // The last that the dead node did.
    let dead = Broker::Embedded(broker.join("a", nobody()));
    let token = invitation.path.strip_prefix("/confirm/").unwrap();
    let hash = scangate::accounts::hash(token.as_bytes());
    let id = scangate::session::hex(&hash);
    records::change(&dead, &id, |known: Option<Confirmation>| {
        let mut known = known.unwrap();
        known.standing = Standing::Confirmed;
        (Change::Write(known), ())
    })
    .await
    .unwrap();
    dead.postpone(Queue::Confirmations, &id, Duration::ZERO)
        .await
        .unwrap();

    page.hears(&code.event(r#""cmd":"confirmed""#)).await;
    assert_eq!(logs_in(&gateway, &mut page).await, ann.openid);
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_without_its_session_it_has_expired() {
    let data = tempfile::TempDir::new().unwrap();
    let platform = Platform::start().await;
    let start = async || {
        Gateway::with(|config| {
            platform.serves(config);
            config.data.dir = data.path().to_owned();
            config.confirm.actions = vec!["login".parse().unwrap()];
        })
        .await
    };
    let mut gateway = start().await;
    let code = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    page.leaves().await;
    gateway.is_told_to_go();
    gateway.is_gone().await;
    drop(gateway);

    let gateway = start().await;
    invitation.chosen_at(&gateway, &invitation.number).await;
    let shown = invitation.opened_at(&gateway).await;
    assert!(shown.text().contains("Expired"), "{}", shown.text());
    let gone = Request::get(&format!("/api/v1/sessions/{}", code.uid));
    assert_eq!(gateway.tells(gone).await.status, 404);
}
