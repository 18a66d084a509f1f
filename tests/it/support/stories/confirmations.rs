//! Scans at two nodes that their person has to confirm.

use std::time::Duration;

use scangate::broker::{Broker, Queue};
use scangate::config::Config;
use scangate::confirm::{Confirmation, Standing};
use scangate::records::{self, Change};
use scangate::session::Action;
use serde_json::{Value, json};

use super::super::{Code, Gateway, Invitation, Page, Phone, Request, Sender};

/// Every action has to be confirmed.
pub fn everything_is_confirmed(config: &mut Config) {
    config.confirm.actions = Action::ALL.to_vec();
}

/// A code for an action, about the account `alice` where it is about one.
async fn code(node: &Gateway, action: Action) -> Code {
    match action.needs_account() {
        true => node.code_about(action.word(), "alice").await,
        false => node.qrcode(action.word()).await,
    }
}

/// A code of one node on a page at the other, scanned with a phone: what its person is sent.
async fn asked(shows: &Gateway, page_at: &Gateway, phone: &Phone) -> (Code, Page, Invitation) {
    let code = shows.qrcode("login").await;
    let mut page = page_at.page().await;
    page.binds(&code).await;
    let invitation = Invitation::by_scan(phone, &code, &mut page).await;
    (code, page, invitation)
}

async fn state(node: &Gateway, code: &Code) -> Value {
    let path = format!("/api/v1/sessions/{}", code.uid);
    node.tells(Request::get(&path)).await.json()["state"].clone()
}

/// What a login's event is worth: whose it is.
async fn verified(node: &Gateway, event: &str) -> Value {
    let event: Value = serde_json::from_str(event).unwrap();
    assert_eq!(event["cmd"], "login", "{event}");
    let body = json!({"token": event["token"]}).to_string();
    let verify = Request::post("/api/v1/login/verify", body);
    node.tells(verify).await.json()["openid"].clone()
}

/// What a person and the account `alice` have.
async fn belongings(node: &Gateway, openid: &str) -> [Value; 4] {
    let ask = async |path: String| node.tells(Request::get(&path)).await.json();
    let person = ask(format!("/api/v1/people/{openid}")).await;
    let account = ask("/api/v1/accounts/alice".to_owned()).await;
    let has_token = person["has_token"].as_bool().unwrap_or_default();
    [
        has_token.into(),
        person["account"].clone(),
        account["openid"].clone(),
        account["points"].clone(),
    ]
}

/// Each action: declined, nothing has happened; confirmed, it happens once, however often the person
/// chooses again, or scans again.
pub async fn each_action_waits_for_its_person(a: &Gateway, b: &Gateway) {
    let (here, there) = (Phone::of(a, "ann"), Phone::of(b, "ann"));
    let openid = json!(here.openid);
    let mut token = None::<Sender>;
    let nothing = [json!(false), Value::Null, Value::Null, json!(0)];
    assert_eq!(belongings(b, &here.openid).await, nothing);
    for (action, after) in [
        (
            Action::Token,
            [json!(true), Value::Null, Value::Null, json!(0)],
        ),
        (
            Action::Renew,
            [json!(true), Value::Null, Value::Null, json!(0)],
        ),
        (
            Action::Login,
            [json!(true), Value::Null, Value::Null, json!(0)],
        ),
        (
            Action::Bind,
            [json!(true), json!("alice"), openid.clone(), json!(0)],
        ),
        (
            Action::Points,
            [json!(true), json!("alice"), openid.clone(), json!(1)],
        ),
        (
            Action::Unbind,
            [json!(true), Value::Null, Value::Null, json!(1)],
        ),
    ] {
        let before = belongings(a, &here.openid).await;
        for right in [false, true] {
            let code = code(a, action).await;
            let mut page = b.page().await;
            page.binds(&code).await;
            let invitation = Invitation::by_scan(&here, &code, &mut page).await;
            page.hears_nothing().await;
            assert_eq!(
                belongings(b, &here.openid).await,
                before,
                "{action:?} asked"
            );
            assert_eq!(state(b, &code).await, "confirming");
            if !right {
                invitation.chosen_at(b, "decline").await;
                page.hears(&code.event(r#""cmd":"declined""#)).await;
                invitation.chosen_at(a, &invitation.number).await;
                page.hears_nothing().await;
                assert_eq!(
                    belongings(a, &here.openid).await,
                    before,
                    "{action:?} declined"
                );
                assert_eq!(state(a, &code).await, "declined");
                if let Some(token) = &token {
                    assert!(token.stands(a).await, "{action:?} declined");
                }
                continue;
            }
            invitation.chosen_at(b, &invitation.number).await;
            page.hears(&code.event(r#""cmd":"confirmed""#)).await;
            let result = page.next().await;
            for (node, choice) in [(a, &*invitation.number), (b, "decline")] {
                invitation.chosen_at(node, choice).await;
            }
            there.scans(&code).await;
            page.hears_nothing().await;
            match action {
                Action::Token => token = Some(Sender::of(&result)),
                Action::Renew => {
                    let renewed = Sender::of(&result);
                    let old = token.replace(renewed.clone()).expect("one before");
                    assert!(!old.stands(a).await && renewed.stands(a).await);
                }
                Action::Login => assert_eq!(verified(a, &result).await, openid),
                Action::Bind | Action::Unbind => {
                    let members = format!(r#""cmd":"{}","account":"alice""#, action.word());
                    assert_eq!(result, code.event(&members));
                }
                Action::Points => {
                    let members = r#""cmd":"points","account":"alice","points":1,"balance":1"#;
                    assert_eq!(result, code.event(members));
                }
            }
            assert_eq!(
                belongings(a, &here.openid).await,
                after,
                "{action:?} confirmed"
            );
            assert_eq!(state(a, &code).await, "done");
        }
    }
}

/// A wrong number, chosen at another node than the one that asked, declines for good.
pub async fn a_wrong_number_declines(a: &Gateway, b: &Gateway) {
    let ann = Phone::of(a, "ann");
    let (code, mut page, invitation) = asked(a, b, &ann).await;
    let wrong = invitation.wrong_number(b).await;
    invitation.chosen_at(b, &wrong).await;
    page.hears(&code.event(r#""cmd":"declined""#)).await;
    for node in [a, b] {
        invitation.chosen_at(node, &invitation.number).await;
        assert_eq!(state(node, &code).await, "declined");
    }
    page.hears_nothing().await;
    let series = r#"scangate_confirmations_total{result="wrong_number"}"#;
    assert_eq!(b.metric(series).await, Some(1.0));
}

/// A session that is withdrawn while its person has the choice cannot be confirmed any more.
pub async fn what_was_withdrawn_is_not_confirmed(a: &Gateway, b: &Gateway) {
    let ann = Phone::of(a, "ann");
    let (code, mut page, invitation) = asked(a, b, &ann).await;
    let end = Request::new("DELETE", &format!("/api/v1/sessions/{}", code.uid));
    assert_eq!(a.tells(end).await.status, 204);
    page.is_closed_with(4401).await;
    for node in [b, a] {
        invitation.chosen_at(node, &invitation.number).await;
        let shown = invitation.opened_at(node).await;
        assert!(shown.text().contains("Expired"), "{}", shown.text());
        let confirmed = r#"scangate_confirmations_total{result="confirmed"}"#;
        assert_eq!(node.metric(confirmed).await, Some(0.0));
    }
}

/// A node that is gone wrote the person's choice down, and had no time to carry it out: `dead` is
/// what is left of it at the broker.
pub async fn what_a_dead_node_decided_is_carried_out(a: &Gateway, b: &Gateway, dead: &Broker) {
    for (standing, word) in [
        (Standing::Confirmed, "confirmed"),
        (Standing::Declined, "declined"),
    ] {
        let ann = Phone::of(a, "ann");
        let (code, mut page, invitation) = asked(a, b, &ann).await;
        let token = invitation.path.strip_prefix("/confirm/").unwrap();
        let id = scangate::session::hex(&scangate::accounts::hash(token.as_bytes()));
        records::change(dead, &id, |known: Option<Confirmation>| {
            let mut known = known.expect("it was asked");
            known.standing = standing;
            (Change::Write(known), ())
        })
        .await
        .unwrap();
        let now = Duration::ZERO;
        dead.postpone(Queue::Confirmations, &id, now).await.unwrap();
        // Has a node look, which each does by itself every few seconds.
        let (_, another, _) = asked(a, b, &Phone::of(a, "bob")).await;
        another.leaves().await;
        page.hears(&code.event(&format!(r#""cmd":"{word}""#))).await;
        if standing == Standing::Confirmed {
            assert_eq!(verified(b, &page.next().await).await, ann.openid);
        }
        page.hears_nothing().await;
    }
}
