//! Limits by client address: how often one may ask, and how many connections it may hold.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// So many requests a minute from one address, which may come all at once.
#[derive(Debug, Default)]
pub struct PerMinute {
    /// When each address will be as if it had never asked.
    clear_at: Mutex<HashMap<IpAddr, Instant>>,
}

/// Addresses remembered at a time. Beyond it nobody new is limited, rather than everybody refused.
const MOST_ADDRESSES: usize = 100_000;

const MINUTE: Duration = Duration::from_secs(60);

impl PerMinute {
    /// Counts a request; the error is how long to wait.
    pub fn admit(&self, address: IpAddr, per_minute: u32) -> Result<(), Duration> {
        if per_minute == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let cost = MINUTE / per_minute;
        let mut clear_at = self.clear_at.lock();
        if clear_at.len() >= MOST_ADDRESSES {
            clear_at.retain(|_, clear_at| *clear_at > now);
        }
        let known = clear_at.len();
        match clear_at.entry(address) {
            Entry::Vacant(_) if known >= MOST_ADDRESSES => Ok(()),
            entry => {
                let clear_at = entry.or_insert(now);
                let after = (*clear_at).max(now) + cost;
                let wait = wait(after, now);
                if !wait.is_zero() {
                    return Err(wait);
                }
                *clear_at = after;
                Ok(())
            }
        }
    }
}

/// How long somebody has to wait who would be clear at `after`.
fn wait(after: Instant, now: Instant) -> Duration {
    // A little slack, for a minute is not always a whole number of costs.
    (after - now).saturating_sub(MINUTE + Duration::from_millis(1))
}

/// Connections held by each address.
#[derive(Debug, Default)]
pub struct PerAddress {
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// One of an address's places; dropping it gives it back.
#[derive(Debug)]
pub struct Place {
    limit: Arc<PerAddress>,
    address: IpAddr,
}

impl PerAddress {
    /// A place for a connection of `address`, unless it holds `most` already.
    pub fn admit(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Place> {
        let mut held = self.held.lock();
        let count = held.entry(address).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            limit: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.limit.held.lock();
        if let Some(count) = held.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minutes_worth_passes_and_comes_back_bit_by_bit() {
        let limit = PerMinute::default();
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let other: IpAddr = "192.0.2.2".parse().unwrap();
        let passed = (0..50).filter(|_| limit.admit(address, 30).is_ok()).count();
        assert_eq!(passed, 30);
        let wait = limit.admit(address, 30).unwrap_err();
        assert!(wait <= Duration::from_secs(2));
        assert!(limit.admit(other, 30).is_ok());
        assert!(limit.admit(address, 0).is_ok(), "0 is no limit");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(limit.admit(address, 30).is_ok());
        assert!(limit.admit(address, 30).is_err());
    }

    #[test]
    fn places_come_back() {
        let limit = Arc::new(PerAddress::default());
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let first = limit.admit(address, 1).unwrap();
        assert!(limit.admit(address, 1).is_none());
        drop(first);
        assert!(limit.admit(address, 1).is_some());
        assert!(limit.held.lock().is_empty());
    }
}
