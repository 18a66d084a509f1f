//! The timelines of sessions: a list each, beside the session's other keys.

use fred::types::Value;

use super::{Answer, Redis};
use crate::broker::{BrokerError, Remembered, TimelineBounds};
use crate::session::Uid;

impl Redis {
    pub(in crate::broker) async fn remember(
        &self,
        uid: Uid,
        moments: Vec<String>,
        was_session: bool,
        bounds: TimelineBounds,
    ) -> Result<bool, BrokerError> {
        let mut arguments = vec![
            bounds.entries.to_string(),
            bounds.life.as_millis().to_string(),
            u8::from(was_session).to_string(),
        ];
        arguments.extend(moments);
        let keys = self.keys.timeline(uid);
        let remember = &self.scripts.remember;
        let answer = self.link.call(remember, keys, arguments).await?;
        Ok(Answer::of(answer).number() > 0)
    }

    pub(in crate::broker) async fn remembered(
        &self,
        uid: Uid,
        bounds: TimelineBounds,
    ) -> Result<Option<Remembered>, BrokerError> {
        let keys = self.keys.timeline(uid);
        let remembered = &self.scripts.remembered;
        let answer = self
            .link
            .call(remembered, keys, Vec::<String>::new())
            .await?;
        let mut answer = Answer::of(answer);
        if answer.number() == 0 {
            return Ok(None);
        }
        let moments = answer.next().into_array().into_iter();
        let mut moments: Vec<String> = moments.filter_map(Value::into_string).collect();
        // One more is kept than is told, to know that there were more.
        let over = moments.len().saturating_sub(bounds.entries);
        moments.drain(..over);
        Ok(Some(Remembered {
            moments,
            truncated: over > 0,
        }))
    }

    pub(in crate::broker) fn clock_ahead_millis(&self) -> i64 {
        self.clock.ahead_millis()
    }
}
