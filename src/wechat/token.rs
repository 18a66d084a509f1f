//! The access token: one at a time, fetched by one caller while the others wait, ahead of its end.

use std::future::Future;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::answer::AccessToken;
use super::api::CallError;
use super::breaker::Breaker;
use crate::clock::unix_time;
use crate::random;

/// Keeps the current token.
#[derive(Debug, Default)]
pub(super) struct TokenKeeper {
    state: Mutex<State>,
    /// Held by the one who fetches.
    fetching: tokio::sync::Mutex<()>,
    breaker: Breaker,
}

#[derive(Default)]
struct State {
    current: Option<Current>,
    /// The token that last turned out dead: the platform may hand it out again.
    dead: Option<String>,
    last_forced: Option<Instant>,
    retry_at: Option<Instant>,
}

#[derive(Clone)]
struct Current {
    token: String,
    refresh_at: Instant,
    ends: Instant,
    /// Unix time.
    got_at: Duration,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

/// A token is replaced this long before its end: from then on the platform hands out its successor,
/// and both are valid.
const AHEAD: Duration = Duration::from_secs(300);
/// Part of a minute by which nodes differ, so that they do not all ask at once.
const JITTER: Duration = Duration::from_secs(30);
/// `force_refresh` is allowed 20 times a day, and not within 30 s of the last one.
const FORCE_PAUSE: Duration = Duration::from_secs(24 * 3600 / 20);
/// Pause after a failed refresh ahead of time.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

impl TokenKeeper {
    /// The current token, or a new one. `fetch(force)` asks the platform for it.
    pub async fn get<F>(&self, fetch: impl Fn(bool) -> F) -> Result<String, CallError>
    where
        F: Future<Output = Result<AccessToken, CallError>>,
    {
        if let Some(token) = self.current() {
            return Ok(token);
        }
        let _turn = self.fetching.lock().await;
        // Whoever fetched before us may have got it.
        if let Some(token) = self.current() {
            return Ok(token);
        }
        self.fetch(fetch).await
    }

    /// Replaces the token whether or not it is still good.
    pub async fn refresh<F>(&self, fetch: impl Fn(bool) -> F) -> Result<(), CallError>
    where
        F: Future<Output = Result<AccessToken, CallError>>,
    {
        let _turn = self.fetching.lock().await;
        if self.next_refresh() > Instant::now() {
            return Ok(());
        }
        let fetched = self.fetch(fetch).await;
        if fetched.is_err() {
            let pause = self.breaker.remaining().unwrap_or_default();
            self.state.lock().retry_at = Some(Instant::now() + pause.max(RETRY_PAUSE));
        }
        fetched.map(drop)
    }

    /// When [`TokenKeeper::refresh`] should be called next.
    pub fn next_refresh(&self) -> Instant {
        let state = self.state.lock();
        let due = state
            .current
            .as_ref()
            .map_or_else(Instant::now, |current| current.refresh_at);
        state.retry_at.map_or(due, |retry_at| due.max(retry_at))
    }

    /// Forgets `token`, if it is still the current one.
    pub fn invalidate(&self, token: &str) {
        let mut state = self.state.lock();
        state.current.take_if(|current| current.token == token);
        state.dead = Some(token.to_owned());
    }

    /// How long the current token lives.
    pub fn remaining(&self) -> Option<Duration> {
        let state = self.state.lock();
        let ends = state.current.as_ref()?.ends;
        Some(ends.saturating_duration_since(Instant::now()))
    }

    /// The Unix time at which it was got.
    pub fn got_at(&self) -> Option<Duration> {
        let state = self.state.lock();
        Some(state.current.as_ref()?.got_at)
    }

    fn current(&self) -> Option<String> {
        let state = self.state.lock();
        let current = state.current.as_ref()?;
        (Instant::now() < current.ends).then(|| current.token.clone())
    }

    async fn fetch<F>(&self, fetch: impl Fn(bool) -> F) -> Result<String, CallError>
    where
        F: Future<Output = Result<AccessToken, CallError>>,
    {
        self.breaker.check()?;
        let mut fetched = fetch(false).await;
        // The platform's normal mode may return the very token that it has just refused.
        let is_dead = |fetched: &Result<AccessToken, CallError>| {
            fetched
                .as_ref()
                .is_ok_and(|token| self.state.lock().dead.as_deref() == Some(&token.token))
        };
        if is_dead(&fetched) && self.may_force() {
            fetched = fetch(true).await;
        }
        self.breaker.note(&fetched);
        let AccessToken { token, lifetime } = fetched?;
        let now = Instant::now();
        let ahead = AHEAD.min(lifetime / 2) - random::part_of(JITTER.min(lifetime / 4));
        let mut state = self.state.lock();
        state.retry_at = None;
        state.current = Some(Current {
            token: token.clone(),
            refresh_at: now + lifetime - ahead,
            ends: now + lifetime,
            got_at: unix_time(),
        });
        Ok(token)
    }

    fn may_force(&self) -> bool {
        let mut state = self.state.lock();
        let now = Instant::now();
        let allowed = state
            .last_forced
            .is_none_or(|last| now - last >= FORCE_PAUSE);
        if allowed {
            state.last_forced = Some(now);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::wechat::fault::{Fault, Remedy};

    fn token(text: &str) -> Result<AccessToken, CallError> {
        Ok(AccessToken {
            token: text.to_owned(),
            lifetime: Duration::from_secs(7200),
        })
    }

    #[tokio::test]
    async fn one_fetch_serves_all_who_wait() {
        let keeper = TokenKeeper::default();
        let fetches = Cell::new(0);
        let fetch = |_| {
            fetches.set(fetches.get() + 1);
            async {
                tokio::task::yield_now().await;
                token("t")
            }
        };
        let (a, b, c) = tokio::join!(keeper.get(fetch), keeper.get(fetch), keeper.get(fetch));
        assert!([a, b, c].into_iter().all(|token| token.unwrap() == "t"));
        assert_eq!(fetches.get(), 1);
    }

    #[tokio::test]
    async fn only_the_token_that_failed_is_dropped() {
        let keeper = TokenKeeper::default();
        keeper.get(|_| async { token("old") }).await.unwrap();
        keeper.invalidate("another");
        assert_eq!(keeper.get(|_| async { token("new") }).await.unwrap(), "old");
        keeper.invalidate("old");
        assert_eq!(keeper.get(|_| async { token("new") }).await.unwrap(), "new");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_token_handed_out_again_is_replaced_by_force_but_seldom() {
        let keeper = TokenKeeper::default();
        let forced = Cell::new(0);
        let fetch = |force| {
            forced.set(forced.get() + u32::from(force));
            async move { token(if force { "forced" } else { "same" }) }
        };
        assert_eq!(keeper.get(fetch).await.unwrap(), "same");
        keeper.invalidate("same");
        assert_eq!(keeper.get(fetch).await.unwrap(), "forced");
        keeper.invalidate("same");
        keeper.state.lock().current = None;
        keeper.get(fetch).await.unwrap();
        assert_eq!(forced.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_refreshed_ahead_of_its_end() {
        let keeper = TokenKeeper::default();
        keeper.get(|_| async { token("one") }).await.unwrap();
        let wait = keeper.next_refresh() - Instant::now();
        assert!(wait >= Duration::from_secs(6900) && wait <= Duration::from_secs(6930));
        tokio::time::advance(wait).await;
        assert_eq!(keeper.get(|_| async { token("two") }).await.unwrap(), "one");
        keeper.refresh(|_| async { token("two") }).await.unwrap();
        assert_eq!(keeper.get(|_| async { token("x") }).await.unwrap(), "two");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_secret_is_not_tried_over_and_over() {
        let keeper = TokenKeeper::default();
        let fetches = Cell::new(0);
        let fetch = |_| {
            fetches.set(fetches.get() + 1);
            async {
                Err(CallError::Refused(Fault {
                    errcode: Some(40001),
                    remedy: Remedy::FixSettings,
                    detail: String::new(),
                }))
            }
        };
        for _ in 0..5 {
            assert!(keeper.get(fetch).await.is_err());
            let _ = keeper.refresh(fetch).await;
        }
        assert_eq!(fetches.get(), 1);
    }
}
