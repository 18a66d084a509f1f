//! `POST /cgi-bin/message/template/send` and `POST /cgi-bin/message/custom/send`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Reply;
use crate::chat::{Row, Said};
use crate::scan;
use crate::state::{Sandbox, State, now};

/// Length of a template id.
const TEMPLATE_ID: usize = 43;
/// Characters of a field that the card shows.
const SHOWN: usize = 20;
/// How long the same `client_msg_id` is delivered once only, seconds.
const SAME_MESSAGE: u64 = 600;
/// Messages remembered for it.
const REMEMBERED: usize = 1000;

/// Sends a template message: a card in the chat now, a report to the gateway a moment later.
pub fn send_template(body: &Value, sandbox: &Arc<Sandbox>) -> Reply {
    let template = body["template_id"].as_str().unwrap_or_default();
    if template.len() != TEMPLATE_ID {
        return Err(40036);
    }
    if template != sandbox.settings.template_id {
        return Err(40037);
    }
    let rows = rows(body["data"].as_object().ok_or(47001)?)?;
    let touser = body["touser"].as_str().unwrap_or_default();
    let client_id = body["client_msg_id"].as_str().unwrap_or_default();

    let mut state = sandbox.state();
    let person = state.people.find(touser).ok_or(40003)?;
    if person.following_since.is_none() {
        return Err(43004);
    }
    let openid = person.openid;
    if let Some(msg_id) = earlier(&mut state, openid, client_id) {
        return Ok(json!({"errcode": 0, "errmsg": "ok", "msgid": msg_id}));
    }
    let words = body["data"].to_string();
    let limits = sandbox.settings.limits;
    state.quota.take(limits, openid, &words, now())?;
    let msg_id = state.next_msg_id();
    remember(&mut state, openid, client_id, msg_id);
    let card = Said::Card {
        template: template.to_owned(),
        rows,
        url: body["url"].as_str().unwrap_or_default().to_owned(),
    };
    let person = state.people.find(openid).ok_or(40003)?;
    // Who lets nothing in is told of to the account only afterwards.
    let status = if person.is_mute {
        "failed:user block"
    } else {
        person.chat.add(card);
        "success"
    };
    drop(state);
    let sandbox = sandbox.clone();
    tokio::spawn(async move { scan::report_template(&sandbox, openid, msg_id, status).await });
    Ok(json!({"errcode": 0, "errmsg": "ok", "msgid": msg_id}))
}

/// Sends a text, while the person's last deed allows it.
pub fn send_custom(body: &Value, sandbox: &Sandbox) -> Reply {
    let text = match (body["msgtype"].as_str(), body["text"]["content"].as_str()) {
        (Some("text"), Some(text)) if !text.is_empty() => text.to_owned(),
        (Some("text"), _) => return Err(47001),
        _ => return Err(40008),
    };
    let mut state = sandbox.state();
    let touser = body["touser"].as_str().unwrap_or_default();
    let person = state.people.find(touser).ok_or(40003)?;
    person.spend(now())?;
    person.chat.add(Said::Text { text });
    Ok(json!({"errcode": 0, "errmsg": "ok"}))
}

/// The fields as the card shows them. The former head and tail of a template are dropped, as since 2023-05-04.
fn rows(data: &Map<String, Value>) -> Result<Vec<Row>, i64> {
    let mut rows = Vec::new();
    for (name, field) in data {
        let value = field["value"].as_str().ok_or(47003)?;
        if !fits(name.trim_end_matches(|c: char| c.is_ascii_digit()), value) {
            return Err(47003);
        }
        if name != "first" && name != "remark" {
            let shown = value.chars().filter(|c| !c.is_control()).take(SHOWN);
            rows.push(Row {
                name: name.clone(),
                value: shown.collect(),
            });
        }
    }
    Ok(rows)
}

/// Whether a value is of its field's type. Too long a text is no fault: it is cut when shown.
fn fits(kind: &str, value: &str) -> bool {
    let all = |fits: fn(&char) -> bool| value.chars().all(|c| fits(&c));
    let length = value.chars().count();
    !value.trim().is_empty()
        && match kind {
            "character_string" => length <= 32 && value.is_ascii(),
            "number" => length <= 32 && value.parse::<f64>().is_ok(),
            "letter" => length <= 32 && all(char::is_ascii_alphabetic),
            "symbol" => length <= 5,
            "phone_number" => length <= 17 && all(|c| c.is_ascii_digit() || "+- ".contains(*c)),
            "car_number" => length <= 8,
            "phrase" => length <= 5,
            "time" | "date" | "amount" => value.contains(|c: char| c.is_ascii_digit()),
            _ => true,
        }
}

/// The number that the same message got a few minutes ago.
fn earlier(state: &mut State, openid: &str, client_id: &str) -> Option<u64> {
    let now = now();
    state.sent.retain(|sent| sent.3 + SAME_MESSAGE > now);
    let same = |sent: &&(String, String, u64, u64)| sent.0 == openid && sent.1 == client_id;
    state.sent.iter().find(same).map(|sent| sent.2)
}

fn remember(state: &mut State, openid: &str, client_id: &str, msg_id: u64) {
    if client_id.is_empty() {
        return;
    }
    if state.sent.len() == REMEMBERED {
        state.sent.pop_front();
    }
    let sent = (openid.to_owned(), client_id.to_owned(), msg_id, now());
    state.sent.push_back(sent);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_types() {
        for (kind, value) in [
            ("thing", "汉"),
            ("time", "2026年11月22日 20:35"),
            ("number", "-1.5"),
            ("character_string", "A-1"),
            ("amount", "¥3"),
            ("keyword", "anything"),
        ] {
            assert!(fits(kind, value), "{kind} {value}");
        }
        for (kind, value) in [
            ("thing", " "),
            ("time", "soon"),
            ("number", "one"),
            ("character_string", "汉"),
            ("letter", "a1"),
            ("phrase", "一二三四五六"),
        ] {
            assert!(!fits(kind, value), "{kind} {value}");
        }
    }

    #[test]
    fn a_card_cuts_long_texts_and_drops_head_and_tail() {
        let data = json!({
            "first": {"value": "hello"}, "thing1": {"value": "汉\n".repeat(30)}, "remark": {"value": "bye"},
        });
        let rows = rows(data.as_object().unwrap()).unwrap();
        assert_eq!(
            (rows.len(), rows[0].value.as_str()),
            (1, "汉".repeat(20).as_str())
        );
    }
}
