//! Groups, kept in memory as the sessions are.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::broker::Joined;
use crate::broker::groups::{GROUP_LIFE, MOST_MEMBERS};
use crate::session::{Ticket, Uid};

#[derive(Debug)]
pub(in crate::broker) struct Groups {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    groups: HashMap<String, Group>,
    /// When to look for groups that nobody uses.
    next_sweep: Instant,
}

#[derive(Debug)]
struct Group {
    members: HashMap<Uid, Ticket>,
    used: Instant,
}

impl Default for Groups {
    fn default() -> Self {
        let inner = Inner {
            groups: HashMap::new(),
            next_sweep: Instant::now() + GROUP_LIFE,
        };
        Self {
            inner: Mutex::new(inner),
        }
    }
}

impl Groups {
    pub fn join(&self, name: &str, uid: Uid, ticket: &Ticket) -> Joined {
        let mut inner = self.inner.lock();
        inner.forget_unused();
        let now = Instant::now();
        let group = inner
            .groups
            .entry(name.to_owned())
            .or_insert_with(|| Group {
                members: HashMap::new(),
                used: now,
            });
        if group.members.len() >= MOST_MEMBERS && !group.members.contains_key(&uid) {
            return Joined::Full;
        }
        group.members.insert(uid, ticket.clone());
        group.used = now;
        Joined::Yes
    }

    pub fn quit(&self, name: &str, uid: Uid, ticket: Option<&Ticket>) -> bool {
        let mut inner = self.inner.lock();
        let Some(group) = inner.groups.get_mut(name) else {
            return false;
        };
        let member = group.members.get(&uid);
        let is_meant = |member: &Ticket| ticket.is_none_or(|ticket| ticket == member);
        if !member.is_some_and(is_meant) {
            return false;
        }
        group.members.remove(&uid);
        if group.members.is_empty() {
            inner.groups.remove(name);
        }
        true
    }

    pub fn members(&self, name: &str) -> Vec<(Uid, Ticket)> {
        let mut inner = self.inner.lock();
        inner.forget_unused();
        let Some(group) = inner.groups.get_mut(name) else {
            return Vec::new();
        };
        group.used = Instant::now();
        let members = group.members.iter();
        members
            .map(|(uid, ticket)| (*uid, ticket.clone()))
            .collect()
    }
}

impl Inner {
    /// Looked at once in a group's life, so that no timer is needed.
    fn forget_unused(&mut self) {
        let now = Instant::now();
        if now >= self.next_sweep {
            self.groups.retain(|_, group| now < group.used + GROUP_LIFE);
            self.next_sweep = now + GROUP_LIFE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_group_that_nobody_uses_is_forgotten() {
        let groups = Groups::default();
        let uid = "1".parse().unwrap();
        let ticket = Ticket::new("t").unwrap();
        groups.join("idle", uid, &ticket);
        tokio::time::advance(GROUP_LIFE / 2).await;
        groups.join("used", uid, &ticket);
        tokio::time::advance(GROUP_LIFE / 2).await;
        assert_eq!(groups.members("used").len(), 1);
        assert_eq!(groups.members("idle").len(), 0);
        assert_eq!(groups.inner.lock().groups.len(), 1);
    }
}
