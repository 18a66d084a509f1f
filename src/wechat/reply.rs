//! What we answer into the chat, as the body of the HTTP response to a callback.
//!
//! `success` means that there is nothing to say. Everything else is XML with the two addresses swapped, and in
//! compatible and safe mode an encrypted envelope round it. Source: the platform's page 被动回复用户消息.

use crate::wechat::cipher::Cipher;
use crate::wechat::signature;
use crate::wechat::xml::is_char;

/// The body that says: received, nothing to say. Never encrypted.
pub const SUCCESS: &str = "success";

/// What to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing. Also what an empty text becomes: the platform shows a fault notice for one.
    Success,
    /// A text, in which `<a href="…">` is a link and a line break is one. About 2048 bytes are shown.
    Text(String),
    /// Articles with pictures: one in answer to a message, up to eight in answer to an event.
    News(Vec<Article>),
    /// Hand the person over to human customer service, to this agent (`name@account`) or to any.
    Transfer(Option<String>),
}

/// One article of [`Reply::News`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// Headline.
    pub title: String,
    /// A line or two below it.
    pub description: String,
    /// Address of the picture.
    pub picture_url: String,
    /// Where a tap leads.
    pub url: String,
}

/// What must be new in each reply.
#[derive(Debug, Clone, Copy)]
pub struct Fresh<'n> {
    /// Our clock, unix seconds.
    pub now_unix: u64,
    /// Any short text: the request's nonce or one of ours.
    pub nonce: &'n str,
    /// The random start of the encrypted frame.
    pub random: [u8; 16],
}

impl Reply {
    /// The XML that says it: `to` is the person's openid, `from` the account's original id, `create_time` unix
    /// seconds. `None` when there is nothing to say.
    pub fn render(&self, to: &str, from: &str, create_time: u64) -> Option<String> {
        let (msg_type, rest) = match self {
            Reply::Success => return None,
            Reply::Text(text) if text.trim().is_empty() => return None,
            Reply::Text(text) => ("text", element("Content", text)),
            Reply::News(articles) if articles.is_empty() => return None,
            Reply::News(articles) => ("news", news(articles)),
            Reply::Transfer(agent) => ("transfer_customer_service", transfer(agent.as_deref())),
        };
        Some(format!(
            "<xml>{}{}<CreateTime>{create_time}</CreateTime>{}{rest}</xml>",
            element("ToUserName", to),
            element("FromUserName", from),
            element("MsgType", msg_type),
        ))
    }
}

/// Encrypts a rendered reply and signs it.
///
/// Mind the capitals: a reply says `MsgSignature`, `TimeStamp`, `Nonce` where a request says `msg_signature`,
/// `timestamp`, `nonce`.
pub fn envelope(xml: &str, cipher: &Cipher, token: &str, fresh: Fresh<'_>) -> String {
    let Fresh { nonce, random, .. } = fresh;
    let encrypt = cipher.encrypt(xml, random);
    let stamp = fresh.now_unix.to_string();
    let signature = signature::sign(&[token, &stamp, nonce, &encrypt]);
    format!(
        "<xml>{}{}<TimeStamp>{stamp}</TimeStamp>{}</xml>",
        element("Encrypt", &encrypt),
        element("MsgSignature", &signature),
        element("Nonce", nonce),
    )
}

/// `<name>` round `text` in a CDATA section that the text cannot end.
pub fn element(name: &str, text: &str) -> String {
    let text: String = text.chars().filter(|c| is_char(*c)).collect();
    let safe = text.replace("]]>", "]]]]><![CDATA[>");
    format!("<{name}><![CDATA[{safe}]]></{name}>")
}

fn news(articles: &[Article]) -> String {
    let items: String = articles
        .iter()
        .map(|article| {
            format!(
                "<item>{}{}{}{}</item>",
                element("Title", &article.title),
                element("Description", &article.description),
                element("PicUrl", &article.picture_url),
                element("Url", &article.url),
            )
        })
        .collect();
    let count = articles.len();
    format!("<ArticleCount>{count}</ArticleCount><Articles>{items}</Articles>")
}

fn transfer(agent: Option<&str>) -> String {
    agent.map_or_else(String::new, |agent| {
        format!("<TransInfo>{}</TransInfo>", element("KfAccount", agent))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::xml;

    #[test]
    fn a_text_cannot_leave_its_element() {
        let text = "a]]>b]]]]>>\u{1}<MsgType>news</MsgType>";
        let xml = Reply::Text(text.to_owned())
            .render("o1", "gh_1", 7)
            .unwrap();
        let fields = xml::fields(xml.as_bytes()).unwrap();
        assert_eq!(
            fields.get("Content"),
            Some("a]]>b]]]]>><MsgType>news</MsgType>")
        );
        assert_eq!(fields.get("MsgType"), Some("text"));
    }

    #[test]
    fn nothing_to_say_is_no_xml() {
        for reply in [
            Reply::Success,
            Reply::Text(" \n".to_owned()),
            Reply::News(Vec::new()),
        ] {
            assert_eq!(reply.render("o1", "gh_1", 7), None);
        }
    }
}
