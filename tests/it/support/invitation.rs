//! What a person is sent to confirm a scan, and what they do with it.

use serde_json::Value;

use super::{Code, Gateway, Page, Phone, Request, Response};

/// A link out of the chat, and the number that the page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// `/confirm/` and the secret.
    pub path: String,
    /// Two digits.
    pub number: String,
}

impl Invitation {
    /// Somebody scans a code whose action has to be confirmed, and `page` hears of it.
    pub async fn by_scan(phone: &Phone, code: &Code, page: &mut Page) -> Invitation {
        let answer = phone.scans(code).await;
        let path = Invitation::path(phone, &answer);
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        let number = Invitation::number(code, &page.next().await);
        Invitation { path, number }
    }

    /// The path of the link in a chat text.
    pub fn path(phone: &Phone, answer: &Response) -> String {
        let text = phone.reads(answer).expect("a text");
        let (_, link) = text.split_once("<a href=\"http").expect(&text);
        let (link, _) = link.split_once('"').unwrap();
        let path = &link[link.find("/confirm/").expect(&text)..];
        assert_eq!(path.len(), "/confirm/".len() + 32, "{text}");
        path.to_owned()
    }

    /// The number in the event that brings it.
    pub fn number(code: &Code, event: &str) -> String {
        let json: Value = serde_json::from_str(event).unwrap();
        let number = json["number"].as_str().expect(event).to_owned();
        let seconds = &json["expire_seconds"];
        let members = format!(r#""cmd":"confirm","number":"{number}","expire_seconds":{seconds}"#);
        assert_eq!(event, code.event(&members));
        number
    }

    /// The page of the link.
    pub async fn opened_at(&self, gateway: &Gateway) -> Response {
        gateway.answers(self.look()).await
    }

    /// The request for it.
    pub fn look(&self) -> Request {
        Request::get(&self.path).header("Accept-Language", "en-GB,en;q=0.9")
    }

    /// The form with this choice, as a browser sends it.
    pub fn choice(&self, choice: &str) -> Request {
        Request::post(&self.path, format!("choice={choice}"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Sec-Fetch-Site", "same-origin")
    }

    /// Chooses; the page is then at its own address again.
    pub async fn chosen_at(&self, gateway: &Gateway, choice: &str) {
        let answer = gateway.answers(self.choice(choice)).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let secret = self.path.strip_prefix("/confirm/");
        assert_eq!(answer.header("location"), secret);
    }

    /// A number that is to choose from, but not the page's.
    pub async fn wrong_number(&self, gateway: &Gateway) -> String {
        let page = self.opened_at(gateway).await;
        let choices = choices(page.text());
        choices
            .into_iter()
            .find(|choice| *choice != self.number && choice != "decline")
            .unwrap()
    }
}

/// What the page gives to choose, in order.
pub fn choices(html: &str) -> Vec<String> {
    let values = html.split("name=\"choice\" value=\"").skip(1);
    let value = |rest: &str| rest.split('"').next().unwrap().to_owned();
    values.map(value).collect()
}
