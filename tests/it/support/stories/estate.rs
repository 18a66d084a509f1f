//! Everything that must outlive whatever keeps it: made at one node, found at another that has never
//! heard of it.

use scangate::config::Config;
use serde_json::{Value, json};

use super::super::{
    Call, Code, Fault, Gateway, Invitation, Phone, Platform, Request, Sender, eventually,
};
use super::messages::report;

/// What is left behind.
pub struct Estate {
    ann: String,
    sender: Sender,
    /// The API's answers by their paths.
    told: Vec<(String, Value)>,
    /// A message that the platform said had arrived, as its sender was told of it.
    delivered: Value,
    /// One that is still on its way.
    queued: String,
    /// A login that the site's backend has not verified yet.
    login: Value,
    /// A scan that waits for its person.
    asked: (Code, Invitation),
}

const POINTS: &str = "/api/v1/accounts/alice/points";
const GIFT: &str = r#"{"id":"gift","change":7}"#;

/// Renewals have to be confirmed; messages go out.
pub fn settings(config: &mut Config) {
    config.confirm.actions = vec!["renew".parse().unwrap()];
}

impl Estate {
    /// Somebody uses a node for everything, which has these [`settings`]. At the end the platform takes
    /// no messages.
    pub async fn left_at(node: &Gateway, platform: &Platform) -> Estate {
        let ann = Phone::of(node, "ann");
        let sender = Sender::by_scan(node, &ann).await;
        let delivered = sender.sends(node, "text=arrived&desp=*words*").await;
        sender.hears(node, &delivered, "sent", None).await;
        ann.sends(&report(&ann, 0, "success")).await;
        sender.hears(node, &delivered, "delivered", None).await;

        for action in ["bind", "points"] {
            let code = node.code_about(action, "alice").await;
            ann.scans(&code).await;
        }
        let gift = node.tells(Request::post(POINTS, GIFT)).await;
        assert_eq!(gift.json()["balance"], 8, "{}", gift.text());

        let code = node.qrcode("login").await;
        let mut page = node.page().await;
        page.binds(&code).await;
        ann.scans(&code).await;
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        let login: Value = serde_json::from_str(&page.next().await).unwrap();

        let code = node.qrcode("renew").await;
        page.binds(&code).await;
        let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
        page.leaves().await;

        platform.always(Call::Template, Fault::Errcode(-1));
        let queued = sender.sends(node, "text=late").await;
        let failed = r#"scangate_wechat_calls_total{endpoint="template_send",result="retry"}"#;
        node.has(failed, 3.0).await;

        // The platform is asked for it after a scan.
        let person = format!("/api/v1/people/{}", ann.openid);
        let unionid = json!(format!("union-{}", ann.openid));
        eventually("the unionid", unionid, async || {
            node.tells(Request::get(&person)).await.json()["unionid"].clone()
        })
        .await;
        let mut told = Vec::new();
        for path in [&*person, "/api/v1/accounts/alice", POINTS] {
            let answer = node.tells(Request::get(path)).await.json();
            told.push((path.to_owned(), answer));
        }
        Estate {
            delivered: sender.is_told(node, &delivered).await,
            ann: ann.openid,
            sender,
            told,
            queued,
            login: login["token"].clone(),
            asked: (code, invitation),
        }
    }

    /// All of it is there at a node, and what waited for the platform is sent.
    pub async fn is_found_at(&self, node: &Gateway, platform: &Platform) {
        for (path, before) in &self.told {
            let now = node.tells(Request::get(path)).await.json();
            assert_eq!(now, *before, "{path}");
        }
        assert_eq!(self.told[0].1["account"], "alice");
        assert_eq!(self.told[1].1["points"], 8);
        // Known by its id: it is not given again.
        let gift = node.tells(Request::post(POINTS, GIFT)).await;
        assert_eq!(gift.json()["balance"], 8, "{}", gift.text());

        let id = self.delivered["msgid"].as_str().unwrap();
        assert_eq!(self.sender.is_told(node, id).await, self.delivered);
        assert_eq!(self.delivered["state"], "delivered");
        let page = node.answers(Request::get(&format!("/m/{id}"))).await;
        assert!(page.text().contains("<em>words</em>"), "{}", page.text());

        assert_eq!(platform.messages(), 1);
        platform.recovers();
        self.sender.hears(node, &self.queued, "sent", None).await;
        assert_eq!(platform.messages(), 2);
        // And the number that it got finds it.
        let ann = Phone::of(node, "ann");
        ann.sends(&report(&ann, 1, "success")).await;
        self.sender
            .hears(node, &self.queued, "delivered", None)
            .await;

        let body = json!({"token": self.login}).to_string();
        let verify = Request::post("/api/v1/login/verify", body);
        let who = node.tells(verify.clone()).await.json();
        let whose = (&who["openid"], &who["account"]);
        assert_eq!(whose, (&json!(self.ann), &json!("alice")));
        assert!(node.tells(verify).await.status >= 400);
    }

    /// The scan that waits for its person still does: the right number is taken, and the page finds
    /// everything.
    // Not every broker keeps sessions.
    #[allow(dead_code)]
    pub async fn is_confirmed_at(&self, node: &Gateway) {
        let (code, invitation) = &self.asked;
        invitation.chosen_at(node, &invitation.number).await;
        let mut page = node.page().await;
        page.binds_since(code, "").await;
        let mut last = String::new();
        for members in [
            Some(r#""cmd":"scan""#),
            None,
            Some(r#""cmd":"confirmed""#),
            None,
        ] {
            (last, _) = page.next_with_id().await;
            if let Some(members) = members {
                assert_eq!(last, code.event(members));
            }
        }
        let renewed = Sender::of(&last);
        assert!(renewed.stands(node).await && !self.sender.stands(node).await);
    }

    /// The scan that waits for its person does so no more, because its session is gone.
    pub async fn is_too_late_to_confirm_at(&self, node: &Gateway) {
        let (_, invitation) = &self.asked;
        invitation.chosen_at(node, &invitation.number).await;
        let shown = invitation.opened_at(node).await;
        assert!(shown.text().contains("Expired"), "{}", shown.text());
        assert!(self.sender.stands(node).await);
    }
}
