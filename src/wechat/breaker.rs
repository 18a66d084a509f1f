//! Stops asking where the platform has said that asking again is no use for now.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clock::unix_time;

use super::api::CallError;
use super::fault::Remedy;

/// Remembers a refusal for as long as it holds.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    open: Mutex<Option<(Instant, CallError)>>,
}

/// After a fault of the settings: long enough not to burn the quota, short enough that the operator
/// who has mended it need not restart.
const SETTINGS_PAUSE: Duration = Duration::from_secs(30);

impl Breaker {
    /// The refusal that still holds.
    pub fn check(&self) -> Result<(), CallError> {
        let mut open = self.open.lock();
        match &*open {
            Some((until, error)) if Instant::now() < *until => Err(error.clone()),
            _ => {
                *open = None;
                Ok(())
            }
        }
    }

    /// Remembers how a call went.
    pub fn note<T>(&self, result: &Result<T, CallError>) {
        let Err(CallError::Refused(fault)) = result else {
            return;
        };
        let Some(pause) = fault.remedy.pause() else {
            return;
        };
        let error = CallError::Refused(fault.clone());
        *self.open.lock() = Some((Instant::now() + pause, error));
    }

    /// How long the refusal still holds.
    pub fn remaining(&self) -> Option<Duration> {
        let open = self.open.lock();
        let (until, _) = open.as_ref()?;
        Some(until.saturating_duration_since(Instant::now()))
    }
}

impl Remedy {
    /// How long asking again is no use.
    pub fn pause(self) -> Option<Duration> {
        match self {
            Remedy::FixSettings => Some(SETTINGS_PAUSE),
            Remedy::WaitAMinute => Some(until_next(MINUTE, 0)),
            Remedy::StopForToday => Some(until_next(DAY, BEIJING)),
            _ => None,
        }
    }
}

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;
/// Quotas begin anew at midnight in Beijing, eight hours before midnight UTC.
const BEIJING: u64 = 8 * 60 * MINUTE;

/// The time until the next whole `period` of the clock that is `offset` seconds ahead of UTC.
fn until_next(period: u64, offset: u64) -> Duration {
    let now = unix_time().as_secs();
    Duration::from_secs(period - (now + offset) % period)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::fault::Fault;

    fn refused(remedy: Remedy) -> Result<(), CallError> {
        Err(CallError::Refused(Fault {
            errcode: None,
            remedy,
            detail: String::new(),
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_lasts_is_remembered() {
        let breaker = Breaker::default();
        for passing in [Remedy::Retry, Remedy::GiveUp, Remedy::RefreshToken] {
            breaker.note(&refused(passing));
            assert!(breaker.check().is_ok());
        }
        breaker.note(&refused(Remedy::FixSettings));
        assert!(breaker.check().is_err());
        tokio::time::advance(SETTINGS_PAUSE).await;
        assert!(breaker.check().is_ok());
    }
}
