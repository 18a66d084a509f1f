//! Points: each account of the site has a balance. Scans add to it, so many a day; the site's
//! backend adds and takes through the API.
//!
//! One document an account has both the balance and what has changed it last, so that a change that
//! comes again, from another node or a second later, is known and not made twice.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::broker::{Broker, BrokerError};
use crate::config;
use crate::records::{self, Change, Document};
use crate::session::SiteAccount;

/// The points of this installation.
#[derive(Debug, Clone)]
pub struct Points {
    broker: Broker,
    rules: config::Points,
}

/// How [`Points::credit`] went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credited {
    /// The scan has given these, now or before.
    Yes {
        /// What it gave.
        points: u64,
        /// The balance after it.
        balance: u64,
    },
    /// The account has had all scans of this day.
    DailyLimit,
}

/// How [`Points::change`] went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The change was made, now or before; the balance after it.
    Yes(u64),
    /// The balance is too small.
    NotEnough,
    /// The balance would be greater than [`Points::MOST`].
    TooMany,
    /// The id stands for another change.
    IdTaken,
}

/// The document.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Ledger {
    balance: u64,
    /// The day of the last scan, counted from 1970-01-01.
    day: u64,
    /// Scans of that day.
    scans_of_day: u32,
    /// The newest scans, oldest first.
    scans: Vec<Entry>,
    /// The newest changes by the backend, oldest first.
    changes: Vec<Entry>,
}

impl Document for Ledger {
    const KIND: &'static str = "points";
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    id: String,
    change: i64,
    /// The balance after it.
    balance: u64,
}

/// Entries of each kind that a ledger remembers.
const MOST_ENTRIES: usize = 256;

impl Points {
    /// The greatest balance: what every reader of JSON can hold.
    pub const MOST: u64 = (1 << 53) - 1;

    /// The points kept at `broker`.
    pub fn new(broker: Broker, rules: config::Points) -> Self {
        Self { broker, rules }
    }

    /// The balance; 0 for an account that has had none.
    pub async fn balance(&self, account: &SiteAccount) -> Result<u64, BrokerError> {
        let ledger: Option<Ledger> = records::read(&self.broker, account.as_str()).await?;
        Ok(ledger.unwrap_or_default().balance)
    }

    /// Gives an account the points of a scan at `now`, since 1970; once for each `id`.
    pub async fn credit(
        &self,
        account: &SiteAccount,
        id: &str,
        now: Duration,
    ) -> Result<Credited, BrokerError> {
        let day = self.rules.day(now);
        self.alter(account, |ledger| ledger.credit(id, day, &self.rules))
            .await
    }

    /// Adds to a balance or takes from it; once for each `id`.
    pub async fn change(
        &self,
        account: &SiteAccount,
        id: &str,
        change: i64,
    ) -> Result<Changed, BrokerError> {
        self.alter(account, |ledger| ledger.change(id, change))
            .await
    }

    /// Has `alter` alter the ledger; it answers whether it did, and with what.
    async fn alter<T>(
        &self,
        account: &SiteAccount,
        alter: impl Fn(&mut Ledger) -> (bool, T),
    ) -> Result<T, BrokerError> {
        records::change(&self.broker, account.as_str(), |ledger: Option<Ledger>| {
            let mut ledger = ledger.unwrap_or_default();
            match alter(&mut ledger) {
                (true, answer) => (Change::Write(ledger), answer),
                (false, answer) => (Change::Keep, answer),
            }
        })
        .await
    }
}

impl Ledger {
    fn credit(&mut self, id: &str, day: u64, rules: &config::Points) -> (bool, Credited) {
        if let Some(entry) = find(&self.scans, id) {
            let points = entry.change.unsigned_abs();
            let balance = entry.balance;
            return (false, Credited::Yes { points, balance });
        }
        // Nodes do not agree on when midnight is: a day that has begun does not end again.
        if day > self.day {
            self.day = day;
            self.scans_of_day = 0;
        }
        if self.scans_of_day >= rules.per_day {
            return (false, Credited::DailyLimit);
        }
        self.scans_of_day += 1;
        let points = u64::from(rules.per_scan).min(Points::MOST - self.balance);
        self.balance += points;
        let balance = self.balance;
        remember(&mut self.scans, id, points as i64, balance);
        (true, Credited::Yes { points, balance })
    }

    fn change(&mut self, id: &str, change: i64) -> (bool, Changed) {
        if let Some(entry) = find(&self.changes, id) {
            let answer = match entry.change == change {
                true => Changed::Yes(entry.balance),
                false => Changed::IdTaken,
            };
            return (false, answer);
        }
        match self.balance.checked_add_signed(change) {
            None if change < 0 => (false, Changed::NotEnough),
            Some(balance) if balance <= Points::MOST => {
                self.balance = balance;
                remember(&mut self.changes, id, change, balance);
                (true, Changed::Yes(balance))
            }
            _ => (false, Changed::TooMany),
        }
    }
}

fn find<'a>(entries: &'a [Entry], id: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.id == id)
}

fn remember(entries: &mut Vec<Entry>, id: &str, change: i64, balance: u64) {
    if entries.len() == MOST_ENTRIES {
        entries.remove(0);
    }
    let id = id.to_owned();
    entries.push(Entry {
        id,
        change,
        balance,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> config::Points {
        config::Points {
            per_scan: 5,
            per_day: 2,
            ..config::Config::default().points
        }
    }

    #[test]
    fn a_scan_counts_once_and_a_day_has_so_many() {
        let mut ledger = Ledger::default();
        let mut credit = |id: &str, day| ledger.credit(id, day, &rules()).1;
        let yes = |balance| Credited::Yes { points: 5, balance };
        assert_eq!(credit("a", 7), yes(5));
        assert_eq!(credit("b", 7), yes(10));
        assert_eq!(credit("a", 7), yes(5), "as the first time");
        assert_eq!(credit("c", 7), Credited::DailyLimit);
        assert_eq!(credit("c", 8), yes(15));
        assert_eq!(credit("d", 7), yes(20), "a clock that is behind");
        assert_eq!(credit("e", 8), Credited::DailyLimit);
        assert_eq!(credit("b", 9), yes(10), "also on another day");
    }

    #[test]
    fn a_change_counts_once_and_never_below_zero() {
        let mut ledger = Ledger::default();
        let mut change = |id: &str, change| ledger.change(id, change).1;
        assert_eq!(change("a", -1), Changed::NotEnough);
        assert_eq!(change("a", 10), Changed::Yes(10));
        assert_eq!(change("b", -4), Changed::Yes(6));
        assert_eq!(change("a", 10), Changed::Yes(10));
        assert_eq!(change("b", -5), Changed::IdTaken);
        assert_eq!(change("c", -7), Changed::NotEnough);
        assert_eq!(change("c", -6), Changed::Yes(0));
        assert_eq!(change("d", i64::MIN), Changed::NotEnough);
        assert_eq!(change("d", i64::MAX), Changed::TooMany);
        assert_eq!(change("d", Points::MOST as i64), Changed::Yes(Points::MOST));
        assert_eq!(change("e", 1), Changed::TooMany);
        assert_eq!(change("e", i64::MAX), Changed::TooMany);
        let full = ledger.credit("a", 0, &rules()).1;
        let balance = Points::MOST;
        assert_eq!(full, Credited::Yes { points: 0, balance });
    }

    #[test]
    fn a_ledger_has_a_bound() {
        let mut ledger = Ledger::default();
        for n in 0..2 * MOST_ENTRIES {
            assert_eq!(
                ledger.change(&n.to_string(), 1).1,
                Changed::Yes(n as u64 + 1)
            );
        }
        assert_eq!(ledger.changes.len(), MOST_ENTRIES);
        let newest = (2 * MOST_ENTRIES - 1).to_string();
        assert!(!ledger.change(&newest, 1).0);
    }

    #[test]
    fn days_begin_where_the_site_is() {
        let hour = Duration::from_secs(3600);
        let at = |utc_offset_hours| config::Points {
            utc_offset_hours,
            ..rules()
        };
        assert_eq!(at(8).day(15 * hour), 0);
        assert_eq!(at(8).day(16 * hour), 1);
        assert_eq!(at(0).day(24 * hour), 1);
        assert_eq!(at(-5).day(28 * hour), 0);
        assert_eq!(at(-5).day(29 * hour), 1);
    }
}
