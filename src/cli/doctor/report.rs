//! What the doctor found, for people and for machines.

use std::fmt::Write;

use serde::Serialize;

use crate::config::wrapped;

/// How a check ended, the better ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// As it should be.
    Ok,
    /// Not looked at; what was seen says why.
    Skipped,
    /// It works, but not as well or as safely as it could.
    Warn,
    /// It does not work, or will not for long.
    Fail,
}

/// One check: what was seen, and what to do about it.
///
/// `{"id":"redis.eviction","status":"fail","seen":"…","fix":"…"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub id: &'static str,
    pub status: Status,
    pub seen: String,
    /// Null where there is nothing to do.
    pub fix: Option<String>,
}

impl Finding {
    pub fn ok(id: &'static str, seen: impl Into<String>) -> Self {
        Self::new(id, Status::Ok, seen.into(), None)
    }

    pub fn warn(id: &'static str, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(id, Status::Warn, seen.into(), Some(fix.into()))
    }

    pub fn fail(id: &'static str, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(id, Status::Fail, seen.into(), Some(fix.into()))
    }

    pub fn skipped(id: &'static str, why: impl Into<String>) -> Self {
        Self::new(id, Status::Skipped, why.into(), None)
    }

    /// Skipped, with what to look at by hand.
    pub fn by_hand(id: &'static str, why: impl Into<String>, look: impl Into<String>) -> Self {
        Self::new(id, Status::Skipped, why.into(), Some(look.into()))
    }

    fn new(id: &'static str, status: Status, seen: String, fix: Option<String>) -> Self {
        Self {
            id,
            status,
            seen,
            fix,
        }
    }
}

/// Skips them all for one reason.
pub(super) fn skip_all(ids: &[&'static str], why: &str) -> Vec<Finding> {
    ids.iter().map(|id| Finding::skipped(id, why)).collect()
}

/// Everything that was found.
#[derive(Debug)]
pub(super) struct Report(pub Vec<Finding>);

impl Report {
    pub fn has_failed(&self) -> bool {
        self.count(Status::Fail) > 0
    }

    /// `{"version":"0.1.0","ok":false,"checks":[…]}`
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Json<'a> {
            version: &'static str,
            ok: bool,
            checks: &'a [Finding],
        }
        let report = Json {
            version: env!("CARGO_PKG_VERSION"),
            ok: !self.has_failed(),
            checks: &self.0,
        };
        let text = serde_json::to_string_pretty(&report);
        text.expect("texts and switches make JSON") + "\n"
    }

    /// Aligned text. Checks that were skipped for one reason, one after the other, are told together.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut rest = self.0.as_slice();
        while let Some(first) = rest.first() {
            let alike = rest.iter().take_while(|next| first.is_skipped_like(next));
            let (told, others) = rest.split_at(alike.count().max(1));
            write(&mut text, first, &names(told));
            rest = others;
        }
        let _ = writeln!(
            text,
            "\n{} checks: {} ok, {} warn, {} fail, {} skipped",
            self.0.len(),
            self.count(Status::Ok),
            self.count(Status::Warn),
            self.count(Status::Fail),
            self.count(Status::Skipped),
        );
        text
    }

    fn count(&self, status: Status) -> usize {
        let found = self.0.iter().filter(|finding| finding.status == status);
        found.count()
    }
}

impl Finding {
    /// `redis` of `redis.role`.
    fn family(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }

    fn is_skipped_like(&self, other: &Self) -> bool {
        let skipped = self.status == Status::Skipped && other.status == Status::Skipped;
        let told = (self.family(), &self.seen, &self.fix);
        skipped && told == (other.family(), &other.seen, &other.fix)
    }
}

/// The names of what is told together: each, or for many of one family `redis.* (13)`.
fn names(told: &[Finding]) -> Vec<String> {
    const MANY: usize = 5;
    match told {
        [first, ..] if told.len() >= MANY => vec![format!("{}.* ({})", first.family(), told.len())],
        _ => told.iter().map(|finding| finding.id.to_owned()).collect(),
    }
}

/// Two columns: names on the left, what is told on the right.
fn write(text: &mut String, finding: &Finding, names: &[String]) {
    const COLUMNS: usize = 72;
    let mut lines = wrapped(&finding.seen, COLUMNS);
    if let Some(fix) = &finding.fix {
        lines.extend(wrapped(&format!("-> {fix}"), COLUMNS));
    }
    for n in 0..lines.len().max(names.len()) {
        let status = if n == 0 { finding.status.word() } else { "" };
        let name = names.get(n).map_or("", String::as_str);
        let line = lines.get(n).map_or("", String::as_str);
        let row = format!("{status:<4}  {name:<20}  {line}");
        let _ = writeln!(text, "{}", row.trim_end());
    }
}

impl Status {
    /// At most four columns; what fails can be seen from afar.
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skip",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Report {
        let mut findings = vec![
            Finding::ok("a.first", "fine"),
            Finding::fail("a.second", "broken ".repeat(20), "Mend it."),
        ];
        findings.extend(skip_all(&["b.one", "b.two"], "not there"));
        findings.push(Finding::by_hand("b.three", "hidden", "Look."));
        Report(findings)
    }

    #[test]
    fn text_is_aligned_and_folds_what_was_skipped_alike() {
        let text = report().to_text();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "ok    a.first               fine");
        assert!(lines[1].starts_with("FAIL  a.second              broken broken"));
        assert!(lines[2].starts_with("                            broken"));
        assert_eq!(lines[3], "                            -> Mend it.");
        assert_eq!(lines[4], "skip  b.one                 not there");
        assert_eq!(lines[5], "      b.two");
        assert_eq!(lines[6], "skip  b.three               hidden");
        let many = Report(skip_all(
            &["c.one", "c.two", "c.three", "c.four", "c.five"],
            "off",
        ));
        assert!(
            many.to_text()
                .starts_with("skip  c.* (5)               off\n")
        );
        let summary = "5 checks: 1 ok, 0 warn, 1 fail, 3 skipped";
        assert_eq!(lines.last(), Some(&summary));
        assert!(lines.iter().all(|line| line.len() <= 100), "{text}");
    }

    #[test]
    fn json_has_every_check_with_all_its_members() {
        let read: serde_json::Value = serde_json::from_str(&report().to_json()).unwrap();
        assert_eq!(read["ok"], false);
        assert_eq!(read["checks"].as_array().unwrap().len(), 5);
        let expected =
            json!({"id": "b.one", "status": "skipped", "seen": "not there", "fix": null});
        assert_eq!(read["checks"][2], expected);
        assert_eq!(read["checks"][1]["fix"], "Mend it.");
    }
}
