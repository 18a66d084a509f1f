//! What scripts answer, read piece by piece.

use fred::types::Value;

use crate::broker::Retained;
use crate::session::EventId;

/// A script's answer, taken from the front.
pub(super) struct Answer(std::vec::IntoIter<Value>);

impl Answer {
    pub fn of(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    pub fn next(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Null)
    }

    pub fn word(&mut self) -> String {
        self.next().into_string().unwrap_or_default()
    }

    pub fn number(&mut self) -> i64 {
        self.next().as_i64().unwrap_or_default()
    }
}

/// An entry of the stream: its id, and the fields `t TEXT`.
pub(super) fn retained(entry: Value) -> Option<Retained> {
    let mut entry = Answer::of(entry.into_array());
    let id = entry.word().parse().ok()?;
    let text = entry.next().into_array().pop()?;
    // Read in order from the stream itself, it has nothing before it that could be missed.
    Some(Retained::new(id, EventId::START, text.as_bytes()?))
}
