//! How scans are told: put on record, told while the chat waits, and later again.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::answer::Answer;
use super::post::{self, Post};
use super::{CHAT_WAITS, Hooks};
use crate::broker::{BrokerError, Enqueued, Job};
use crate::config::HookEvent;
use crate::jobs::After;
use crate::random;
use crate::session::{Action, Mark, Purpose, Ticket, Uid};
use crate::wechat::openid::OpenId;

/// A scan that counts, as the backend is told of it.
#[derive(Debug)]
pub struct Scan<'a> {
    /// Which session.
    pub uid: Uid,
    /// The ticket on record.
    pub ticket: &'a Ticket,
    /// What the code stood for.
    pub purpose: Option<&'a Purpose>,
    /// How that went; None where it stood for nothing.
    pub result: Option<&'static str>,
    /// Who scanned.
    pub person: &'a OpenId,
}

/// A scan on record, to be told once while the chat waits.
#[derive(Debug)]
pub struct Recorded(Post);

/// The longest wait between two attempts.
const LONGEST_RETRY: Duration = Duration::from_secs(3600);

impl Hooks {
    /// Puts a scan on record: it will be told. None where it is not to be told now,
    /// or not at all.
    pub async fn record(&self, scan: &Scan<'_>) -> Result<Option<Recorded>, BrokerError> {
        #[derive(Serialize)]
        struct Data<'a> {
            uid: u32,
            action: Option<Action>,
            account: Option<&'a str>,
            result: Option<&'static str>,
            openid: &'a str,
        }
        if !self.tells(HookEvent::Scan) {
            return Ok(None);
        }
        let account = scan.purpose.and_then(|purpose| purpose.account.as_ref());
        let data = Data {
            uid: scan.uid.get(),
            action: scan.purpose.map(|purpose| purpose.action),
            account: account.map(|account| account.as_str()),
            result: scan.result,
            openid: scan.person.as_str(),
        };
        let session = Mark::of(scan.uid, scan.ticket);
        let id = post::scan_id(session);
        let post = self.post(HookEvent::Scan, id, (scan.uid, session), data);
        // Due only when the attempt at once is over, however that goes.
        let delay = self.site.patience().min(CHAT_WAITS) + self.retry;
        match self.scans.submit(&post.id, &post.body, delay).await? {
            Enqueued::Yes => {}
            // An earlier attempt at this scan has it told, or is at it now.
            Enqueued::Known => return Ok(None),
            Enqueued::Full => {
                tracing::error!("too many scans wait for the hook: this one is told only once");
                self.site.count(HookEvent::Scan, "dropped");
            }
        }
        Ok(Some(Recorded(post)))
    }

    /// Tells of a scan that is on record, until `deadline` at most. What the backend wants said in
    /// the chat; None also where it was too slow, and is told again later.
    pub async fn tell(&self, Recorded(post): Recorded, deadline: Instant) -> Option<String> {
        let place = self.chats.try_acquire().ok()?;
        let left = deadline.saturating_duration_since(Instant::now());
        let told = self.site.tell(&post, left.min(self.site.patience())).await;
        drop(place);
        let noted = match &told {
            Err(failure) if !failure.is_final() && self.attempts > 1 => {
                tracing::info!(%failure, "the hook is told of a scan again later");
                self.scans.put_off(&post.id, self.pause(1)).await
            }
            Err(failure) => {
                self.give_up(&post, failure);
                self.scans.withdraw(&post.id).await
            }
            Ok(_) => self.scans.withdraw(&post.id).await,
        };
        if let Err(error) = noted {
            // It stays on record, and is told once more under the same id.
            tracing::warn!(%error, "could not note how the hook was told");
        }
        told.ok().and_then(|Answer { say, .. }| say)
    }

    /// A later attempt to tell of a scan.
    pub(super) async fn attempt(&self, job: Job) -> After {
        let Some(post) = Post::parse(job.payload) else {
            tracing::error!(id = job.id, "a job is not what this version writes");
            return After::Done;
        };
        // The one at once was the first.
        let made = job.attempts + 1;
        match self.site.tell(&post, self.site.patience()).await {
            Ok(_) => After::Done,
            Err(failure) if failure.is_final() || made >= self.attempts => {
                self.give_up(&post, &failure);
                After::Done
            }
            Err(_) => After::Again(self.pause(made)),
        }
    }

    /// The wait after attempt number `made`; some more, so that nodes and jobs do not march in step.
    fn pause(&self, made: u32) -> Duration {
        let factor = 4_u32.saturating_pow(made - 1);
        let pause = self.retry.saturating_mul(factor).min(LONGEST_RETRY);
        pause + random::part_of(pause / 4)
    }
}
