//! How many template messages the pretend account may send: in a day, in a minute, and to one person.
//! The platform documents the first; the others it has, and does not.

use std::collections::{HashMap, VecDeque};

/// How much is allowed; 0 = any number.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// In a day of Beijing's.
    pub per_day: u64,
    /// In a minute.
    pub per_minute: u64,
    /// To one person in a minute.
    pub per_person: u64,
    /// For so many seconds nobody is sent the same words again.
    pub same_seconds: u64,
}

/// What was sent, as far as it still counts.
#[derive(Debug, Default)]
pub struct Quota {
    day: Count,
    minute: Count,
    persons: HashMap<&'static str, Count>,
    /// To whom, which words, when.
    words: VecDeque<(&'static str, String, u64)>,
}

/// How many in one period.
#[derive(Debug, Default)]
struct Count {
    period: u64,
    many: u64,
}

const DAY: u64 = 24 * 3600;
/// Beijing's midnight comes eight hours before that of UTC.
const BEIJING: u64 = 8 * 3600;
const MINUTE: u64 = 60;
/// Words remembered.
const REMEMBERED: usize = 1000;

impl Quota {
    /// Counts one message, or says by what errcode it is one too many. One that is too many counts for
    /// nothing.
    pub fn take(
        &mut self,
        limits: Limits,
        openid: &'static str,
        words: &str,
        now: u64,
    ) -> Result<(), i64> {
        let person = self.persons.entry(openid).or_default();
        let counts = [
            (&mut self.day, (now + BEIJING) / DAY, limits.per_day, 45009),
            (&mut self.minute, now / MINUTE, limits.per_minute, 45011),
            (person, now / MINUTE, limits.per_person, 43117),
        ];
        for (count, period, most, errcode) in &counts {
            if *most > 0 && count.at(*period) >= *most {
                return Err(*errcode);
            }
        }
        self.words
            .retain(|(_, _, at)| at + limits.same_seconds > now);
        let mut known = self.words.iter();
        if known.any(|(whom, known, _)| *whom == openid && known == words) {
            return Err(40241);
        }
        for (count, period, _, _) in counts {
            *count = Count {
                many: count.at(period) + 1,
                period,
            };
        }
        if limits.same_seconds > 0 {
            if self.words.len() == REMEMBERED {
                self.words.pop_front();
            }
            self.words.push_back((openid, words.to_owned(), now));
        }
        Ok(())
    }

    /// The day begins anew.
    pub fn clear(&mut self) {
        self.day = Count::default();
    }
}

impl Count {
    fn at(&self, period: u64) -> u64 {
        if self.period == period { self.many } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A midnight in Beijing.
    const MIDNIGHT: u64 = 20_000 * DAY - BEIJING;

    #[test]
    fn a_day_ends_at_midnight_in_beijing() {
        let limits = Limits {
            per_day: 2,
            ..Limits::default()
        };
        let mut quota = Quota::default();
        let take = |quota: &mut Quota, now| quota.take(limits, "ann", "x", now);
        assert_eq!(take(&mut quota, MIDNIGHT), Ok(()));
        assert_eq!(take(&mut quota, MIDNIGHT + 1), Ok(()));
        assert_eq!(take(&mut quota, MIDNIGHT + DAY - 1), Err(45009));
        assert_eq!(take(&mut quota, MIDNIGHT + DAY), Ok(()));
        assert_eq!(take(&mut quota, MIDNIGHT + DAY), Ok(()));
        assert_eq!(take(&mut quota, MIDNIGHT + DAY), Err(45009));
        quota.clear();
        assert_eq!(take(&mut quota, MIDNIGHT + DAY), Ok(()));
    }

    #[test]
    fn a_minute_is_everybodys_and_each_persons() {
        let limits = Limits {
            per_minute: 3,
            per_person: 2,
            ..Limits::default()
        };
        let mut quota = Quota::default();
        let mut take = |who, second| quota.take(limits, who, "x", MIDNIGHT + second);
        assert_eq!((take("ann", 0), take("ann", 1)), (Ok(()), Ok(())));
        assert_eq!(take("ann", 59), Err(43117));
        assert_eq!(take("bob", 59), Ok(()));
        assert_eq!(take("bob", 59), Err(45011));
        assert_eq!((take("bob", 60), take("ann", 60)), (Ok(()), Ok(())));
    }

    #[test]
    fn the_same_words_are_refused_for_a_while() {
        let limits = Limits {
            same_seconds: 60,
            ..Limits::default()
        };
        let mut quota = Quota::default();
        let mut take = |who, words, second| quota.take(limits, who, words, MIDNIGHT + second);
        assert_eq!(take("ann", "x", 0), Ok(()));
        assert_eq!(take("ann", "x", 59), Err(40241));
        assert_eq!(
            (take("ann", "y", 59), take("bob", "x", 59)),
            (Ok(()), Ok(()))
        );
        assert_eq!(take("ann", "x", 60), Ok(()));
    }

    #[test]
    fn without_limits_there_are_none() {
        let mut quota = Quota::default();
        for _ in 0..1000 {
            assert_eq!(quota.take(Limits::default(), "ann", "x", MIDNIGHT), Ok(()));
        }
    }
}
