//! What a person can do: scan a code, follow, leave, write. Each tells the gateway and hears its answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::callback::{self, Event, Tamper, What};
use crate::chat::Said;
use crate::codes::{self, Code};
use crate::courier::{self, Outcome};
use crate::people::Person;
use crate::reader;
use crate::state::{Sandbox, now};

/// A scan, as a test or the phone orders it.
///
/// `{"scene":"1735536450","person":"mei","form":"auto","tamper":"none"}`
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The code by its ticket…
    pub ticket: Option<String>,
    /// …by its scene, text or number; with no such code one is made up…
    pub scene: Option<serde_json::Value>,
    /// …or by the last part of its url.
    pub code: Option<String>,
    /// Who scans: id or openid.
    pub person: String,
    /// Which event tells it.
    #[serde(default)]
    pub form: Form,
    /// How the callback is falsified.
    #[serde(default)]
    pub tamper: Tamper,
    /// Wait until the code has expired, and tell the scan all the same.
    #[serde(default)]
    pub late: bool,
}

/// Which event tells a scan.
#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `SCAN` for a follower, else `subscribe`.
    #[default]
    Auto,
    Scan,
    Subscribe,
}

/// What the gateway answered.
#[derive(Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What the person saw in the chat, if anything.
    pub reply: Option<Said>,
    /// Why the platform would show its fault notice instead.
    pub fault: Option<String>,
}

/// Why nothing was sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    UnknownPerson,
    UnknownCode,
    /// The platform sends nothing for an expired code; the phone shows a notice.
    Expired,
    /// A code without an end cannot be scanned late.
    NeverEnds,
}

/// Scans.
///
/// # Errors
/// [`Refused`] when the platform would send nothing.
pub async fn scan(sandbox: &Sandbox, order: Order) -> Result<Report, Refused> {
    let code = find(sandbox, &order)?;
    if order.late {
        let end = code.expires_at().ok_or(Refused::NeverEnds)?;
        let wait = (end + 1).saturating_sub(now());
        tokio::time::sleep(Duration::from_secs(wait)).await;
    } else if code.is_expired(now()) {
        if let Some(person) = sandbox.state().people.find(&order.person) {
            person.chat.add(Said::note("code_expired", code.scene));
        }
        return Err(Refused::Expired);
    }
    let event = happen(sandbox, &order.person, |person| {
        let subscribes = match order.form {
            Form::Auto => person.following_since.is_none(),
            Form::Scan => false,
            Form::Subscribe => true,
        };
        let note = if subscribes {
            person.following_since = Some(now());
            person.came_by.clone_from(&code.scene);
            "scanned_followed"
        } else {
            "scanned"
        };
        person.allow_after_scan(now());
        person.chat.add(Said::note(note, &code.scene));
        What::Scan {
            scene: code.scene,
            ticket: code.ticket.clone(),
            subscribes,
        }
    })?;
    let same = |known: &Code| known.ticket == code.ticket;
    if let Some(code) = sandbox.state().codes.find(same) {
        code.scans += 1;
    }
    Ok(tell(sandbox, &event, order.tamper).await)
}

/// Follows without a code.
///
/// # Errors
/// [`Refused::UnknownPerson`].
pub async fn follow(sandbox: &Sandbox, name: &str) -> Result<Report, Refused> {
    let event = happen(sandbox, name, |person| {
        person.following_since = Some(now());
        person.allow_after_scan(now());
        person.chat.add(Said::note("followed", ""));
        What::Follow
    })?;
    Ok(tell(sandbox, &event, Tamper::None).await)
}

/// Leaves.
///
/// # Errors
/// [`Refused::UnknownPerson`].
pub async fn unfollow(sandbox: &Sandbox, name: &str) -> Result<Report, Refused> {
    let event = happen(sandbox, name, |person| {
        person.following_since = None;
        person.chat.add(Said::note("unfollowed", ""));
        What::Unfollow
    })?;
    Ok(tell(sandbox, &event, Tamper::None).await)
}

/// Writes a text.
///
/// # Errors
/// [`Refused::UnknownPerson`].
pub async fn say(sandbox: &Sandbox, name: &str, text: &str) -> Result<Report, Refused> {
    let msg_id = sandbox.state().next_msg_id();
    let event = happen(sandbox, name, |person| {
        person.allow_after_text(now());
        person.chat.add(Said::Mine {
            text: text.to_owned(),
        });
        What::Say {
            content: text.to_owned(),
            msg_id,
        }
    })?;
    Ok(tell(sandbox, &event, Tamper::None).await)
}

/// Reports what became of a template message, a moment after it was accepted.
pub async fn report_template(sandbox: &Sandbox, openid: &str, msg_id: u64, status: &'static str) {
    const MOMENT: Duration = Duration::from_millis(300);
    tokio::time::sleep(MOMENT).await;
    let job = What::TemplateJob { msg_id, status };
    if let Ok(event) = happen(sandbox, openid, |_| job) {
        tell(sandbox, &event, Tamper::None).await;
    }
}

/// Lets something happen to a person, in a second of its own.
fn happen(
    sandbox: &Sandbox,
    name: &str,
    deed: impl FnOnce(&mut Person) -> What,
) -> Result<Event, Refused> {
    let mut state = sandbox.state();
    let person = state.people.find(name).ok_or(Refused::UnknownPerson)?;
    let what = deed(person);
    let (openid, create_time) = (person.openid, person.event_second(now()));
    Ok(Event {
        openid,
        create_time,
        what,
    })
}

/// Tells the gateway, and puts its answer into the chat.
async fn tell(sandbox: &Sandbox, event: &Event, tamper: Tamper) -> Report {
    let letter = callback::compose(&sandbox.settings, event, tamper, now());
    let mut outcome = courier::deliver(sandbox, &letter).await;
    if tamper == Tamper::Replay {
        outcome = courier::deliver(sandbox, &letter).await;
    }
    let (reply, fault) = match outcome.status {
        // Who has left hears nothing any more, and a card is no question.
        _ if matches!(event.what, What::Unfollow | What::TemplateJob { .. }) => (None, None),
        Some(200) => match reader::read(&sandbox.settings, &outcome.body) {
            Ok(reply) => (reply, None),
            Err(fault) => (None, Some(fault)),
        },
        Some(status) => (None, Some(format!("HTTP {status}"))),
        None => (None, Some(outcome.body.clone())),
    };
    if let Some(person) = sandbox.state().people.find(event.openid) {
        if let Some(said) = &reply {
            person.chat.add(said.clone());
        }
        if let Some(fault) = &fault {
            person.chat.add(Said::note("fault", fault));
        }
    }
    Report {
        outcome,
        reply,
        fault,
    }
}

fn find(sandbox: &Sandbox, order: &Order) -> Result<Code, Refused> {
    let scene = order.scene.as_ref().map(|scene| match scene.as_str() {
        Some(text) => text.to_owned(),
        None => scene.to_string(),
    });
    let wanted = |code: &Code| {
        order
            .ticket
            .as_ref()
            .is_none_or(|ticket| *ticket == code.ticket)
            && order.code.as_ref().is_none_or(|id| *id == code.id)
            && scene.as_ref().is_none_or(|scene| *scene == code.scene)
    };
    if let Some(code) = sandbox.state().codes.find(wanted) {
        return Ok(code.clone());
    }
    let scene = scene.ok_or(Refused::UnknownCode)?;
    let made_up = || codes::ticket("http://weixin.qq.com/q/nobody", now(), 60);
    Ok(Code {
        id: String::new(),
        ticket: order.ticket.clone().unwrap_or_else(made_up),
        url: String::new(),
        scene,
        created_at: now(),
        expire_seconds: None,
        scans: 0,
    })
}
