//! Reads what the gateway answers to a callback, as strictly as the platform does.

use scangate::wechat::callback::Mode;
use scangate::wechat::signature;
use scangate::wechat::xml::{self, Fields};

use crate::chat::{Article, Said};
use crate::settings::Settings;

/// What the person sees in the chat for the answer `body`: nothing, or a line.
///
/// # Errors
/// Why the platform would show its fault notice (该公众号提供的服务出现故障) instead.
pub fn read(settings: &Settings, body: &str) -> Result<Option<Said>, String> {
    if body.is_empty() || body == "success" {
        return Ok(None);
    }
    let fields = fields(body)?;
    let Some(encrypt) = fields.get("Encrypt") else {
        if settings.mode == Mode::Safe {
            return Err("a plain reply in safe mode".to_owned());
        }
        return said(&fields, body).map(Some);
    };
    let part = |name| fields.get(name).ok_or(format!("{name} is missing"));
    let signed = [&settings.token, part("TimeStamp")?, part("Nonce")?, encrypt];
    if !signature::matches(&signed, part("MsgSignature")?) {
        return Err("the MsgSignature does not match".to_owned());
    }
    let message = settings
        .cipher()
        .decrypt(encrypt)
        .map_err(|fault| format!("the reply does not decrypt: {fault}"))?;
    said(&self::fields(&message)?, &message).map(Some)
}

fn said(fields: &Fields, message: &str) -> Result<Said, String> {
    for name in ["ToUserName", "FromUserName", "CreateTime"] {
        if fields.get(name).is_none_or(str::is_empty) {
            return Err(format!("{name} is missing"));
        }
    }
    match fields.get("MsgType") {
        Some("text") => match fields.get("Content") {
            None | Some("") => Err("a text without Content".to_owned()),
            Some(text) => Ok(Said::Text {
                text: text.to_owned(),
            }),
        },
        Some("news") => Ok(Said::News {
            articles: articles(message)?,
        }),
        Some("transfer_customer_service") => Ok(Said::note("transferred", "")),
        other => Err(format!("MsgType {other:?} is not known")),
    }
}

/// Each `<item>`, read as a document of its own: the reader below knows flat documents only.
fn articles(message: &str) -> Result<Vec<Article>, String> {
    let items = message.split("<item>").skip(1);
    items
        .map(|item| {
            let (item, _) = item.split_once("</item>").ok_or("an item is not closed")?;
            let fields = fields(&format!("<xml>{item}</xml>"))?;
            let text = |name| fields.get(name).unwrap_or_default().to_owned();
            Ok(Article {
                title: text("Title"),
                description: text("Description"),
                url: text("Url"),
            })
        })
        .collect()
}

fn fields(body: &str) -> Result<Fields, String> {
    xml::fields(body.as_bytes()).map_err(|fault| fault.to_string())
}

#[cfg(test)]
mod tests {
    use scangate::wechat::reply::{self, Fresh, Reply};

    use super::*;

    fn rendered(reply: &Reply) -> String {
        reply.render("o1", "gh_1", 7).unwrap()
    }

    fn sealed(xml: &str, settings: &Settings, token: &str) -> String {
        let fresh = Fresh {
            now_unix: 7,
            nonce: "n",
            random: [1; 16],
        };
        reply::envelope(xml, &settings.cipher(), token, fresh)
    }

    #[test]
    fn replies_are_heard() {
        let settings = Settings::sample();
        let text = sealed(
            &rendered(&Reply::Text("hi".to_owned())),
            &settings,
            &settings.token,
        );
        assert!(matches!(read(&settings, &text), Ok(Some(Said::Text { text })) if text == "hi"));
        assert!(matches!(read(&settings, "success"), Ok(None)));
        let article = reply::Article {
            title: "T".to_owned(),
            description: "D".to_owned(),
            picture_url: String::new(),
            url: "http://x".to_owned(),
        };
        let news = rendered(&Reply::News(vec![article.clone(), article]));
        let heard = read(&settings, &sealed(&news, &settings, &settings.token));
        assert!(matches!(heard, Ok(Some(Said::News { articles })) if articles.len() == 2));
    }

    #[test]
    fn what_the_platform_would_not_show_is_a_fault() {
        let settings = Settings::sample();
        let plain = rendered(&Reply::Text("hi".to_owned()));
        for body in [
            "ok",
            "{}",
            plain.as_str(),
            &sealed(&plain, &settings, "another"),
            &sealed("<xml/>", &settings, &settings.token),
        ] {
            assert!(read(&settings, body).is_err(), "{body}");
        }
    }
}
