//! Moments for people: a line each, with the time, how long after the first, the node, a sentence.

use crate::clock::local_minute;
use crate::timeline::{Entry, Moment};

/// The lines.
pub(super) fn tale(moments: &[Entry], truncated: bool) -> String {
    let Some(first) = moments.first() else {
        return "Nothing is remembered of this session.\n".to_owned();
    };
    let mut text = String::new();
    if truncated {
        text.push_str("What came before is remembered no more.\n");
    }
    let after = |entry: &Entry| format!("+{:.3} ms", entry.at - first.at);
    let width = |columns: &dyn Fn(&Entry) -> usize| moments.iter().map(columns).max();
    let after_width = width(&|entry| after(entry).len()).unwrap_or_default();
    let node_width = width(&|entry| entry.node.chars().count()).unwrap_or_default();
    for entry in moments {
        let (time, after, node) = (time(entry.at), after(entry), &entry.node);
        let sentence = sentence(&entry.moment);
        text.push_str(&format!(
            "{time}  {after:>after_width$}  {node:<node_width$}  {sentence}"
        ));
        if entry.ms > 0.0 {
            text.push_str(&format!(" ({} ms)", entry.ms));
        }
        text.push('\n');
    }
    text
}

/// `2026-11-23 03:05:06.789`, in UTC.
fn time(at: f64) -> String {
    let (seconds, millis) = (at as u64 / 1000, at as u64 % 1000);
    format!(
        "{}:{:02}.{millis:03}Z",
        local_minute(seconds, 0),
        seconds % 60
    )
}

fn sentence(moment: &Moment) -> String {
    match moment {
        Moment::Issued {
            action,
            seconds,
            renewed,
        } => {
            let verb = if *renewed { "renewed" } else { "issued" };
            match action {
                Some(action) => format!("{verb} for {action}, to be scanned within {seconds} s"),
                None => format!("{verb} by another system, for {seconds} s"),
            }
        }
        Moment::Bound => "bound: a page holds it".to_owned(),
        Moment::Refused { code } => format!("a page was refused: {code}"),
        Moment::Left { why } => format!("a page left: {why}"),
        Moment::Scanned { result } => format!("scanned and verified: {result}"),
        Moment::Asked => "the person was asked to confirm".to_owned(),
        Moment::Decided { result } => format!("the confirmation is decided: {result}"),
        Moment::Settled {
            action,
            result,
            scan_ms,
        } => {
            let action = action.as_ref().map(|action| format!("{action} "));
            let action = action.unwrap_or_default();
            format!("settled: {action}{result}, {scan_ms} ms after the scan")
        }
        Moment::Published {
            event,
            door,
            result,
            reason,
            nodes,
            ..
        } => {
            let event = event.map_or("an event".to_owned(), |id| format!("event {id}"));
            let reason = reason.as_ref().map(|reason| format!(", {reason}"));
            let reason = reason.unwrap_or_default();
            let nodes = match nodes {
                0 => String::new(),
                1 => " for 1 node".to_owned(),
                many => format!(" for {many} nodes"),
            };
            format!("published {event} through {door}: {result}{reason}{nodes}")
        }
        Moment::Written { event, scan_ms } => {
            let scan = scan_ms.map(|ms| format!(", {ms} ms after the scan"));
            format!(
                "event {event} written to a page{}",
                scan.unwrap_or_default()
            )
        }
        Moment::Replayed { events: 1, event } => {
            format!("event {event} written to a page that had missed it")
        }
        Moment::Replayed { events, event } => {
            format!("{events} events up to {event} written to a page that had missed them")
        }
        Moment::Gap => "a page was told of a gap".to_owned(),
        Moment::Expired => "the code has expired".to_owned(),
        Moment::Ended => "ended".to_owned(),
        Moment::Unknown => "something that this version does not know".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let moments = [
            r#"{"at":951782399007.0,"node":"a","moment":"issued","action":"login","seconds":120,"renewed":false}"#,
            r#"{"at":951782400207.25,"node":"a:2","ms":0.8,"moment":"published","event":"5-0","door":"push","result":"ok","nodes":1}"#,
            r#"{"at":951782400209.0,"node":"b:22","ms":0.04,"moment":"written","event":"5-0","scan_ms":12.5}"#,
            r#"{"at":951782400210.0,"node":"b:22","moment":"published","door":"api","result":"fail","reason":"ticket_mismatch","nodes":0}"#,
        ];
        let moments = moments.map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(
            tale(&moments, false),
            "\
2000-02-28 23:59:59.007Z     +0.000 ms  a     issued for login, to be scanned within 120 s
2000-02-29 00:00:00.207Z  +1200.250 ms  a:2   published event 5-0 through push: ok for 1 node (0.8 ms)
2000-02-29 00:00:00.209Z  +1202.000 ms  b:22  event 5-0 written to a page, 12.5 ms after the scan (0.04 ms)
2000-02-29 00:00:00.210Z  +1203.000 ms  b:22  published an event through api: fail, ticket_mismatch
"
        );
        assert!(tale(&moments, true).starts_with("What came before"));
        assert_eq!(tale(&[], false), "Nothing is remembered of this session.\n");
    }
}
