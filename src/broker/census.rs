//! How many sessions there are of each state.

use crate::metrics::Metrics;
use crate::session::State;

/// Sessions that were counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    waiting: i64,
    scanned: i64,
    done: i64,
    expired: i64,
}

impl Census {
    /// Counts one session.
    pub fn count(&mut self, state: State) {
        match state {
            State::Waiting => self.waiting += 1,
            // What a person confirms or declines was scanned: no broker knows more.
            State::Scanned | State::Confirming | State::Confirmed | State::Declined => {
                self.scanned += 1;
            }
            State::Done => self.done += 1,
            State::Expired => self.expired += 1,
        }
    }

    /// Puts the figures down.
    pub fn show(&self, metrics: &Metrics) {
        for (state, many) in [
            ("waiting", self.waiting),
            ("scanned", self.scanned),
            ("done", self.done),
            ("expired", self.expired),
        ] {
            metrics.sessions.with_label_values(&[state]).set(many);
        }
    }
}
