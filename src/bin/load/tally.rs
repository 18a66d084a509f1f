//! What came of a run, in the form in which k6 tells its own.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::book::WORDS;

/// What came of a run.
pub struct Tally {
    /// How long lines were said.
    pub seconds: f64,
    /// How often each of the [`WORDS`] was answered.
    pub words: [u64; WORDS.len()],
    /// From a line to its answer.
    pub answer: Option<Wait>,
    /// From a line to its event at the page.
    pub page: Option<Wait>,
    /// Accepted for pages that read, and not heard.
    pub lost: u64,
    /// Heard again, or out of order.
    pub repeated: u64,
    /// Pages that did not read.
    pub sleepers: u64,
    /// Those of them that the gateway has sent away.
    pub gone: u64,
    /// What 95 of 100 events must need less than.
    pub p95: Duration,
}

/// Waits, in microseconds.
pub struct Wait {
    sum: u64,
    sorted: Vec<u32>,
}

impl Wait {
    /// Of these waits, in any order; None where there is none.
    pub fn of(waits: &mut Vec<u32>) -> Option<Wait> {
        let mut sorted = std::mem::take(waits);
        sorted.sort_unstable();
        let sum = sorted.iter().map(|&wait| u64::from(wait)).sum();
        (!sorted.is_empty()).then_some(Wait { sum, sorted })
    }

    /// So many of a hundred waited no longer, in milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let last = self.sorted.len() - 1;
        f64::from(self.sorted[last * percent / 100]) / 1000.0
    }

    fn values(&self) -> Value {
        let count = self.sorted.len();
        json!({
            "avg": self.sum as f64 / count as f64 / 1000.0, "min": self.percentile(0),
            "med": self.percentile(50), "p(95)": self.percentile(95),
            "p(99)": self.percentile(99), "max": self.percentile(100), "count": count,
        })
    }
}

impl Tally {
    /// Whether every threshold holds.
    pub fn is_good(&self) -> bool {
        self.thresholds().iter().all(|(_, _, holds)| *holds)
    }

    /// Metric, condition, whether it holds.
    fn thresholds(&self) -> Vec<(&'static str, String, bool)> {
        let [ok, _, fail, unknown] = self.words;
        let mut all = vec![
            ("events_lost", "count==0".to_owned(), self.lost == 0),
            ("events_repeated", "count==0".to_owned(), self.repeated == 0),
            ("lines_ok", "count>0".to_owned(), ok > 0),
            ("lines_fail", "count==0".to_owned(), fail == 0),
            ("lines_unknown", "count==0".to_owned(), unknown == 0),
        ];
        if let Some(page) = &self.page {
            let most = self.p95.as_millis();
            let holds = page.percentile(95) < most as f64;
            all.push(("line_to_page", format!("p(95)<{most}"), holds));
        }
        let sleepers = self.sleepers;
        let gone = (
            "sleepers_sent_away",
            format!("count=={sleepers}"),
            self.gone == sleepers,
        );
        all.push(gone);
        all
    }

    /// All of it, as k6 would tell it.
    pub fn json(&self) -> Value {
        let mut metrics = Map::new();
        for (name, wait) in [("line_answer", &self.answer), ("line_to_page", &self.page)] {
            if let Some(wait) = wait {
                let metric = json!({"type": "trend", "contains": "time", "values": wait.values()});
                metrics.insert(name.to_owned(), metric);
            }
        }
        let words = std::iter::zip(WORDS.map(|word| format!("lines_{word}")), self.words);
        let others = [
            ("events_lost", self.lost),
            ("events_repeated", self.repeated),
            ("sleepers_sent_away", self.gone),
        ];
        let others = others.map(|(name, count)| (name.to_owned(), count));
        for (name, count) in words.chain(others) {
            let values = json!({"count": count, "rate": count as f64 / self.seconds});
            let metric = json!({"type": "counter", "contains": "default", "values": values});
            metrics.insert(name, metric);
        }
        for (name, condition, holds) in self.thresholds() {
            metrics[name]["thresholds"][condition] = json!({"ok": holds});
        }
        json!({ "metrics": metrics })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        Tally {
            seconds: 2.0,
            words: [4, 0, 0, 0],
            answer: Wait::of(&mut vec![3000, 1000, 2000]),
            page: Wait::of(&mut vec![900_000]),
            lost: 0,
            repeated: 0,
            sleepers: 1,
            gone: 1,
            p95: Duration::from_secs(1),
        }
    }

    #[test]
    fn waits_are_told_in_milliseconds() {
        let values = tally().json()["metrics"]["line_answer"]["values"].clone();
        assert_eq!(
            [&values["min"], &values["med"], &values["max"]],
            [1.0, 2.0, 3.0]
        );
        assert_eq!(values["avg"], 2.0);
    }

    #[test]
    fn whatever_is_wrong_breaks_a_threshold() {
        assert!(tally().is_good());
        let faults: [fn(&mut Tally); 6] = [
            |tally| tally.lost = 1,
            |tally| tally.repeated = 1,
            |tally| tally.words = [0; 4],
            |tally| tally.words[2] = 1,
            |tally| tally.gone = 0,
            |tally| tally.p95 = Duration::from_millis(900),
        ];
        for fault in faults {
            let mut tally = tally();
            fault(&mut tally);
            assert!(!tally.is_good());
        }
    }
}
