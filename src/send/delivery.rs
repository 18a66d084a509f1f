//! The way of a message from our record to the platform, and the platform's word of what became of it.
//!
//! ```text
//! queued ──▶ sent ──▶ delivered
//!    └────────┴────▶ failed
//! ```

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::task::TaskTracker;

use super::card::card;
use super::message::Report;
use super::{Message, Reason, Sends, State, message};
use crate::broker::{BrokerError, Job};
use crate::jobs::After;
use crate::records::{self, Change};
use crate::wechat::api::CallError;
use crate::wechat::event::JobStatus;
use crate::wechat::fault::Remedy;
use crate::wechat::openid::OpenId;

/// Pauses between attempts. All of them together are shorter than the ten minutes in which the
/// platform knows a message again, so that none is delivered twice.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(300),
];

impl Sends {
    /// Delivers what is on record, for ever; one task of the node's. Without a template it is left to
    /// other nodes, or to the time when there is one.
    pub async fn deliver(self: Arc<Self>, tasks: TaskTracker) {
        if !self.is_possible() {
            return;
        }
        let jobs = Arc::clone(&self.jobs);
        let attempt = move |job| Arc::clone(&self).attempt(job);
        jobs.run(tasks, attempt).await;
    }

    async fn attempt(self: Arc<Self>, job: Job) -> After {
        self.try_to_send(&job).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "could not deliver a message; it is tried again");
            After::Again(pause(job.attempts).unwrap_or(PAUSES[4]))
        })
    }

    async fn try_to_send(&self, job: &Job) -> Result<After, BrokerError> {
        let Some(template) = &self.template else {
            // Not ours to do, and so not ours to end.
            return Ok(After::Again(PAUSES[0]));
        };
        let Some(message) = message(&self.broker, &job.id).await? else {
            return Ok(After::Done);
        };
        match message.state {
            State::Queued => {}
            // An attempt before this one got so far.
            State::Sent { msg_id } => return self.sent(&job.id, msg_id).await,
            State::Delivered | State::Failed { .. } => return Ok(After::Done),
        }
        if self.accounts.owner_of(&message.token_id).await?.is_none() {
            return self.failed(&job.id, Reason::Revoked).await;
        }
        let card = card(template, &self.rules, &job.id, &message);
        match self.api.send_template(Bytes::from(card.to_string())).await {
            Ok(msg_id) => self.sent(&job.id, msg_id).await,
            Err(error) => self.refused(job, &message, &error).await,
        }
    }

    async fn sent(&self, id: &str, msg_id: u64) -> Result<After, BrokerError> {
        self.become_state(id, State::Sent { msg_id }).await?;
        let join = |report: Option<Report>| {
            let state = report.and_then(|report| report.state);
            let message = Some(id.to_owned());
            (Change::Write(Report { message, state }), state)
        };
        if let Some(state) = records::change(&self.broker, &msg_id.to_string(), join).await? {
            self.become_state(id, state).await?;
        }
        Ok(After::Done)
    }

    async fn refused(
        &self,
        job: &Job,
        message: &Message,
        error: &CallError,
    ) -> Result<After, BrokerError> {
        let person = OpenId::new(message.openid.clone());
        tracing::warn!(%error, %person, attempt = job.attempts, "a message was not sent");
        let (reason, wait) = match error {
            CallError::Timeout | CallError::Unreachable(_) => (Reason::Unreachable, None),
            CallError::Refused(fault) => match fault.remedy {
                Remedy::Retry | Remedy::RefreshToken => (Reason::Unreachable, None),
                Remedy::FixSettings => (Reason::Settings, fault.remedy.pause()),
                Remedy::StopForToday | Remedy::WaitAMinute => (Reason::Quota, fault.remedy.pause()),
                Remedy::DropRecipient if fault.errcode == Some(NOT_A_FOLLOWER) => {
                    // As if the person had said so by leaving.
                    self.accounts.forget(&person).await?;
                    return self.failed(&job.id, Reason::NotFollowing).await;
                }
                Remedy::DropRecipient => return self.failed(&job.id, Reason::Refused).await,
                Remedy::FixContent => return self.failed(&job.id, Reason::Settings).await,
                Remedy::Bug | Remedy::GiveUp => return self.failed(&job.id, Reason::Wechat).await,
            },
        };
        match pause(job.attempts) {
            Some(pause) => Ok(After::Again(wait.map_or(pause, |wait| wait.max(pause)))),
            None => self.failed(&job.id, reason).await,
        }
    }

    async fn failed(&self, id: &str, reason: Reason) -> Result<After, BrokerError> {
        self.become_state(id, State::Failed { reason }).await?;
        Ok(After::Done)
    }

    /// Takes the platform's report of a message.
    pub async fn reported(&self, msg_id: u64, status: JobStatus) -> Result<(), BrokerError> {
        let state = match status {
            JobStatus::Delivered => State::Delivered,
            JobStatus::Blocked => State::Failed {
                reason: Reason::Refused,
            },
            JobStatus::Failed => State::Failed {
                reason: Reason::Wechat,
            },
        };
        let join = |report: Option<Report>| {
            let message = report.and_then(|report| report.message);
            let report = Report {
                message: message.clone(),
                state: Some(state),
            };
            (Change::Write(report), message)
        };
        match records::change(&self.broker, &msg_id.to_string(), join).await? {
            Some(id) => self.become_state(&id, state).await,
            None => Ok(()),
        }
    }

    /// Brings a message forward; what has come to its end stays there.
    async fn become_state(&self, id: &str, state: State) -> Result<(), BrokerError> {
        let advance = |message: Option<Message>| match (message, state) {
            (Some(message), state)
                if message.state == State::Queued
                    || matches!(message.state, State::Sent { .. })
                        && !matches!(state, State::Queued | State::Sent { .. }) =>
            {
                (Change::Write(Message { state, ..message }), true)
            }
            _ => (Change::Keep, false),
        };
        if records::change(&self.broker, id, advance).await? {
            let fates = &self.metrics.message_states_total;
            fates.with_label_values(&[state.label()]).inc();
        }
        Ok(())
    }
}

/// `require subscribe`: the person does not follow the account.
const NOT_A_FOLLOWER: i64 = 43004;

/// The pause after so many attempts; None after the last.
fn pause(attempts: u32) -> Option<Duration> {
    let passed = usize::try_from(attempts.saturating_sub(1)).ok()?;
    PAUSES.get(passed).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_still_knows_a_message_at_its_last_attempt() {
        // Each attempt may take the platform's patience, which is seconds.
        let all: Duration = PAUSES.iter().sum();
        assert!(all < Duration::from_secs(570), "{all:?}");
        assert_eq!(pause(1), Some(PAUSES[0]));
        assert_eq!(pause(5), Some(PAUSES[4]));
        assert_eq!(pause(6), None);
    }
}
