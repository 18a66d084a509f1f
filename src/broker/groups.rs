//! The verbs of groups, and what is said to all nodes.
//!
//! A group is whoever is in it: it begins with its first member, and is forgotten when nobody has
//! joined or asked for a day. Members are sessions, known by uid and ticket: a uid that is issued
//! anew is another member.

use std::time::Duration;

use super::{Broker, BrokerError};
use crate::session::{Ticket, Uid};

/// How [`Broker::join_group`] went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// It is a member, now or since before.
    Yes,
    /// The group has as many members as it may.
    Full,
}

/// A live node, and whether it heard what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// False where it may know nothing.
    pub heard: bool,
}

impl Broker {
    /// Makes a session a member of a group.
    pub async fn join_group(
        &self,
        group: &str,
        uid: Uid,
        ticket: &Ticket,
    ) -> Result<Joined, BrokerError> {
        match self {
            Broker::Embedded(member) => Ok(member.groups().join(group, uid, ticket)),
            Broker::Redis(redis) => redis.join_group(group, uid, ticket).await,
        }
    }

    /// Takes a uid out of a group; with a ticket only if that is the member's. False where it was no
    /// member.
    pub async fn quit_group(
        &self,
        group: &str,
        uid: Uid,
        ticket: Option<&Ticket>,
    ) -> Result<bool, BrokerError> {
        match self {
            Broker::Embedded(member) => Ok(member.groups().quit(group, uid, ticket)),
            Broker::Redis(redis) => redis.quit_group(group, uid, ticket).await,
        }
    }

    /// The members of a group, in no order; some of their sessions may be gone.
    pub async fn group_members(&self, group: &str) -> Result<Vec<(Uid, Ticket)>, BrokerError> {
        match self {
            Broker::Embedded(member) => Ok(member.groups().members(group)),
            Broker::Redis(redis) => redis.group_members(group).await,
        }
    }

    /// Says something to every live node, this one too. At most once: who does not hear it now never
    /// will.
    pub async fn tell_nodes(&self, text: &str) -> Result<Vec<Told>, BrokerError> {
        match self {
            Broker::Embedded(member) => Ok(member.tell_nodes(text)),
            Broker::Redis(redis) => redis.tell_nodes(text).await,
        }
    }
}

/// Members of one group.
pub(super) const MOST_MEMBERS: usize = 10_000;
/// How long a group is remembered that nobody joins or asks for.
pub(super) const GROUP_LIFE: Duration = Duration::from_secs(24 * 3600);
