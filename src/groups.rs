//! Groups of sessions: who joins, by the operator's word or by a claim that he signed, and what is
//! pushed to all who are in one.

use std::fmt;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::broadcast::Broadcast;
use crate::broker::{BrokerError, Joined};
use crate::hub::Hub;
use crate::session::{Ticket, Uid};
use crate::verdict::{Failure, Verdict};

pub mod claim;

/// The name of a group: 1..=64 letters, digits or `-`, `_`, `:`, so that it needs no escape in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupName(Box<str>);

impl GroupName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// None where the name is empty, too long, or has another character in it.
    pub fn new(name: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_:".contains(c);
        let fits = !name.is_empty() && name.len() <= Self::MAX_BYTES;
        (fits && name.chars().all(plain)).then(|| Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the push to a group went.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Members that a node holds.
    pub ok: usize,
    /// Members that nobody holds now; retained.
    pub queued: usize,
    /// Members that it was refused to.
    pub fail: usize,
    /// Members that may or may not get it.
    pub unknown: usize,
    /// Members whose session is over; they are members no more.
    pub gone: usize,
}

/// Members that are taken out at a time.
const AT_A_TIME: usize = 64;
/// Members whose sessions are looked up at a time.
const BATCH: usize = 1_000;
/// How often a full group is searched for members whose session is over: those who find no place may
/// be many, and each search costs as much as a push.
const SEARCH_EVERY: Duration = Duration::from_secs(60);

/// Makes the session of a uid a member. None where there is no such session.
pub async fn join(hub: &Hub, group: &GroupName, uid: Uid) -> Result<Option<Joined>, BrokerError> {
    let Some(view) = hub.session(uid).await? else {
        return Ok(None);
    };
    join_session(hub, group, uid, &view.ticket).await.map(Some)
}

/// Makes a session a member. In a group that is full those make room whose session is over.
pub async fn join_session(
    hub: &Hub,
    group: &GroupName,
    uid: Uid,
    ticket: &Ticket,
) -> Result<Joined, BrokerError> {
    let broker = hub.broker();
    let joined = broker.join_group(group.as_str(), uid, ticket).await?;
    let search = format!("group-search:{group}");
    if joined == Joined::Yes || !broker.note_once(&search, "", SEARCH_EVERY).await? {
        return Ok(joined);
    }
    make_room(hub, group).await?;
    broker.join_group(group.as_str(), uid, ticket).await
}

/// Takes a uid out; false where it was no member.
pub async fn quit(hub: &Hub, group: &GroupName, uid: Uid) -> Result<bool, BrokerError> {
    hub.broker().quit_group(group.as_str(), uid, None).await
}

/// The members, in the order of their uids; the sessions of some may be over.
pub async fn members(hub: &Hub, group: &GroupName) -> Result<Vec<Uid>, BrokerError> {
    let members = hub.broker().group_members(group.as_str()).await?;
    let mut uids: Vec<Uid> = members.into_iter().map(|(uid, _)| uid).collect();
    uids.sort_unstable();
    Ok(uids)
}

/// Publishes to every member, and takes those out whose session is over.
pub async fn push(
    hub: &Hub,
    group: &GroupName,
    broadcast: &Broadcast,
) -> Result<Tally, BrokerError> {
    let members = hub.broker().group_members(group.as_str()).await?;
    let sessions = members.iter().cloned();
    let sessions = sessions.map(|(uid, ticket)| (uid, Some(ticket))).collect();
    let verdicts = broadcast.to_sessions(hub, sessions).await;
    let mut tally = Tally::default();
    let mut gone = Vec::new();
    for (member, verdict) in members.iter().zip(verdicts) {
        match verdict {
            Verdict::Accepted { nodes: 0, .. } => tally.queued += 1,
            Verdict::Accepted { .. } => tally.ok += 1,
            Verdict::Failed(Failure::UidUnknown | Failure::TicketMismatch) => {
                tally.gone += 1;
                gone.push(member);
            }
            Verdict::Failed(_) => tally.fail += 1,
            Verdict::Unknown => tally.unknown += 1,
        }
    }
    if let Err(error) = sweep(hub, group, gone).await {
        // The next push finds them again.
        tracing::debug!(%error, "could not take members out whose session is over");
    }
    Ok(tally)
}

/// Looks for members whose session is over, and takes them out.
async fn make_room(hub: &Hub, group: &GroupName) -> Result<(), BrokerError> {
    let members = hub.broker().group_members(group.as_str()).await?;
    for members in members.chunks(BATCH) {
        let uids: Vec<Uid> = members.iter().map(|(uid, _)| *uid).collect();
        let views = hub.sessions(&uids).await?;
        let pairs = members.iter().zip(views);
        let gone = pairs
            .filter(|((_, ticket), view)| view.as_ref().is_none_or(|view| view.ticket != *ticket));
        sweep(hub, group, gone.map(|(member, _)| member).collect()).await?;
    }
    Ok(())
}

/// Takes out members whose session is over, unless their uid has joined again meanwhile.
async fn sweep(hub: &Hub, group: &GroupName, gone: Vec<&(Uid, Ticket)>) -> Result<(), BrokerError> {
    let broker = hub.broker();
    // Boxed, so that nothing has to know for how long each borrows.
    let quitting: Vec<_> = gone
        .into_iter()
        .map(|(uid, ticket)| Box::pin(broker.quit_group(group.as_str(), *uid, Some(ticket))))
        .collect();
    let mut quitting = stream::iter(quitting).buffer_unordered(AT_A_TIME);
    while quitting.try_next().await?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain() {
        for good in ["a", "room:7", "A-b_C", &"x".repeat(64)] {
            assert_eq!(GroupName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "a/b", "a b", "é", "%61", &"x".repeat(65)] {
            assert!(GroupName::new(bad).is_none(), "{bad:?}");
        }
    }
}
