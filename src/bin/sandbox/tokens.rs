//! The access tokens of the pretend account: two kinds that do not disturb each other, as the platform keeps them.

use std::collections::VecDeque;

use crate::random;

/// Tokens remembered, so that a dead one is told from one that never was.
const REMEMBERED: usize = 100;
/// The old token outlives the new one's birth by this many seconds.
const OVERLAP: u64 = 300;
/// Seconds between two forced refreshes, and how many there may be in a day.
const FORCE_PAUSE: u64 = 30;
const FORCE_PER_DAY: usize = 20;

/// Every token handed out lately. All times are unix seconds.
pub struct Tokens {
    lifetime: u64,
    issued: VecDeque<Token>,
    /// When a refresh was forced.
    forced: VecDeque<u64>,
}

struct Token {
    text: String,
    kind: Kind,
    expires_at: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of `/cgi-bin/token`.
    Plain,
    /// Of `/cgi-bin/stable_token`.
    Stable,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Alive,
    /// Refused, and replaced at the next request.
    Dead,
    /// Refused, but `stable_token` keeps returning it until a refresh is forced.
    DeadButCurrent,
}

impl Tokens {
    /// No tokens yet; new ones live `lifetime` seconds.
    pub fn new(lifetime: u64) -> Tokens {
        Tokens {
            lifetime,
            issued: VecDeque::new(),
            forced: VecDeque::new(),
        }
    }

    /// `/cgi-bin/token`: a new one each time; the old one dies within five minutes.
    pub fn fresh(&mut self, now: u64) -> (String, u64) {
        for token in self.issued.iter_mut().filter(|t| t.kind == Kind::Plain) {
            token.expires_at = token.expires_at.min(now + OVERLAP);
        }
        self.issue(Kind::Plain, now)
    }

    /// `/cgi-bin/stable_token`: the same one until its last five minutes. Returns it with its remaining seconds.
    ///
    /// # Errors
    /// An errcode when `force` is used too often.
    pub fn stable(&mut self, now: u64, force: bool) -> Result<(String, u64), i64> {
        if force {
            self.allow_force(now)?;
            self.kill(Kind::Stable, State::Dead);
            return Ok(self.issue(Kind::Stable, now));
        }
        let current = self
            .issued
            .iter()
            .rev()
            .find(|token| token.kind == Kind::Stable);
        if let Some(token) = current
            && token.state != State::Dead
            && token.expires_at > now + OVERLAP.min(self.lifetime / 2)
        {
            return Ok((token.text.clone(), token.expires_at - now));
        }
        Ok(self.issue(Kind::Stable, now))
    }

    /// Whether `text` may be used.
    ///
    /// # Errors
    /// The errcode that says why not.
    pub fn check(&self, text: &str, now: u64) -> Result<(), i64> {
        if text.is_empty() {
            return Err(41001);
        }
        match self.issued.iter().find(|token| token.text == text) {
            Some(token) if token.state != State::Alive => Err(40001),
            Some(token) if token.expires_at <= now => Err(42001),
            Some(_) => Ok(()),
            None if text.len() < 64 => Err(40014),
            None => Err(40001),
        }
    }

    /// Kills every token, as another program's refresh would. With `sticky` `stable_token` goes on returning the
    /// dead one until a refresh is forced.
    pub fn invalidate(&mut self, sticky: bool) {
        self.kill(Kind::Plain, State::Dead);
        let state = if sticky {
            State::DeadButCurrent
        } else {
            State::Dead
        };
        self.kill(Kind::Stable, state);
    }

    fn allow_force(&mut self, now: u64) -> Result<(), i64> {
        self.forced.retain(|at| at + 86_400 > now);
        if self.forced.back().is_some_and(|at| at + FORCE_PAUSE > now) {
            return Err(45011);
        }
        if self.forced.len() >= FORCE_PER_DAY {
            return Err(45009);
        }
        self.forced.push_back(now);
        Ok(())
    }

    fn kill(&mut self, kind: Kind, state: State) {
        for token in self.issued.iter_mut().filter(|token| token.kind == kind) {
            token.state = state;
        }
    }

    fn issue(&mut self, kind: Kind, now: u64) -> (String, u64) {
        let text = format!("96_{}", random::word::<133>());
        if self.issued.len() == REMEMBERED {
            self.issued.pop_front();
        }
        self.issued.push_back(Token {
            text: text.clone(),
            kind,
            expires_at: now + self.lifetime,
            state: State::Alive,
        });
        (text, self.lifetime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stable_token_stays_until_its_last_five_minutes() {
        let mut tokens = Tokens::new(7200);
        let (first, life) = tokens.stable(0, false).unwrap();
        assert_eq!(life, 7200);
        assert_eq!(tokens.stable(6899, false), Ok((first.clone(), 301)));
        let (second, _) = tokens.stable(6900, false).unwrap();
        assert_ne!(first, second);
        assert_eq!(tokens.check(&first, 7199), Ok(()));
        assert_eq!(tokens.check(&first, 7200), Err(42001));
        assert_eq!(tokens.check(&second, 7200), Ok(()));
    }

    #[test]
    fn a_plain_token_shortens_its_predecessor_and_leaves_the_stable_one() {
        let mut tokens = Tokens::new(7200);
        let (stable, _) = tokens.stable(0, false).unwrap();
        let (first, _) = tokens.fresh(0);
        let (second, _) = tokens.fresh(10);
        assert_eq!(tokens.check(&first, 309), Ok(()));
        assert_eq!(tokens.check(&first, 310), Err(42001));
        assert_eq!(tokens.check(&second, 310), Ok(()));
        assert_eq!(tokens.check(&stable, 310), Ok(()));
    }

    #[test]
    fn force_is_rationed_and_kills_the_current_one() {
        let mut tokens = Tokens::new(7200);
        let (first, _) = tokens.stable(0, true).unwrap();
        assert_eq!(tokens.stable(29, true), Err(45011));
        assert!(tokens.stable(30, true).is_ok());
        assert_eq!(tokens.check(&first, 30), Err(40001));
        for round in 2..20 {
            assert!(tokens.stable(round * 30, true).is_ok());
        }
        assert_eq!(tokens.stable(600, true), Err(45009));
    }

    #[test]
    fn a_sticky_death_needs_force() {
        let mut tokens = Tokens::new(7200);
        let (first, _) = tokens.stable(0, false).unwrap();
        tokens.invalidate(true);
        assert_eq!(tokens.stable(1, false).unwrap().0, first);
        assert_eq!(tokens.check(&first, 1), Err(40001));
        let (forced, _) = tokens.stable(1, true).unwrap();
        assert_eq!(tokens.check(&forced, 1), Ok(()));
        tokens.invalidate(false);
        assert_ne!(tokens.stable(2, false).unwrap().0, forced);
    }

    #[test]
    fn unknown_tokens_are_told_apart() {
        let tokens = Tokens::new(7200);
        assert_eq!(tokens.check("", 0), Err(41001));
        assert_eq!(tokens.check("short", 0), Err(40014));
        assert_eq!(tokens.check(&"x".repeat(100), 0), Err(40001));
    }
}
