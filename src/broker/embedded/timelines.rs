//! The timelines of sessions: the newest moments of each, for a while.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::broker::{Remembered, TimelineBounds};
use crate::session::Uid;

#[derive(Debug, Default)]
pub(super) struct Timelines {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    timelines: HashMap<Uid, Timeline>,
    /// One entry a timeline: when to look whether it has ended.
    by_end: BinaryHeap<Reverse<(Instant, Uid)>>,
    /// Moments in all.
    moments: usize,
}

#[derive(Debug)]
struct Timeline {
    moments: VecDeque<Box<str>>,
    truncated: bool,
    ends: Instant,
}

/// Moments kept in all, some 250 bytes each; beyond it the timeline that would end first goes early.
const MOST_MOMENTS: usize = 1 << 16;

impl Timelines {
    /// Adds moments to the timeline of a uid, which begins with them only where it `is_known`.
    pub fn remember(
        &self,
        uid: Uid,
        moments: Vec<String>,
        bounds: TimelineBounds,
        is_known: bool,
    ) -> bool {
        let mut inner = self.inner.lock();
        inner.forget_expired();
        let Inner {
            timelines, by_end, ..
        } = &mut *inner;
        let ends = Instant::now() + bounds.life;
        if !timelines.contains_key(&uid) {
            if !is_known {
                return false;
            }
            by_end.push(Reverse((ends, uid)));
        }
        let timeline = timelines.entry(uid).or_insert_with(|| Timeline {
            moments: VecDeque::new(),
            truncated: false,
            ends,
        });
        let before = timeline.moments.len();
        timeline.ends = ends;
        let moments = moments.into_iter().map(String::into_boxed_str);
        timeline.moments.extend(moments);
        let over = timeline.moments.len().saturating_sub(bounds.entries);
        timeline.moments.drain(..over);
        timeline.truncated |= over > 0;
        let now = timeline.moments.len();
        inner.moments = inner.moments + now - before;
        while inner.moments > MOST_MOMENTS && inner.look_at_first(None) {}
        true
    }

    /// What is remembered of a uid.
    pub fn remembered(&self, uid: Uid) -> Option<Remembered> {
        let mut inner = self.inner.lock();
        inner.forget_expired();
        let timeline = inner.timelines.get(&uid)?;
        let moments = timeline.moments.iter().map(|text| text.to_string());
        Some(Remembered {
            moments: moments.collect(),
            truncated: timeline.truncated,
        })
    }
}

impl Inner {
    /// Each verb clears what has ended, so that no timer is needed.
    fn forget_expired(&mut self) {
        let now = Instant::now();
        while self.look_at_first(Some(now)) {}
    }

    /// Looks at the timeline whose look is due first, by `now` at least: forgets it, or learns that
    /// more has happened since, and when to look again. False where there is nothing to look at.
    fn look_at_first(&mut self, now: Option<Instant>) -> bool {
        let Some(Reverse((due, uid))) = self.by_end.peek().copied() else {
            return false;
        };
        if now.is_some_and(|now| due > now) {
            return false;
        }
        self.by_end.pop();
        let timeline = self.timelines.get(&uid);
        let ends = timeline.expect("each entry has its timeline").ends;
        if ends > due {
            self.by_end.push(Reverse((ends, uid)));
        } else if let Some(gone) = self.timelines.remove(&uid) {
            self.moments -= gone.moments.len();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BOUNDS: TimelineBounds = TimelineBounds {
        entries: 2,
        life: Duration::from_secs(60),
    };

    fn uid(number: u32) -> Uid {
        number.to_string().parse().unwrap()
    }

    fn add(timelines: &Timelines, number: u32, moments: &[&str], is_known: bool) -> bool {
        let moments = moments.iter().map(|text| (*text).to_owned()).collect();
        timelines.remember(uid(number), moments, BOUNDS, is_known)
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeline_lives_after_its_last_moment() {
        let timelines = Timelines::default();
        assert!(!add(&timelines, 1, &["a"], false));
        assert!(add(&timelines, 1, &["a"], true));
        tokio::time::advance(BOUNDS.life / 2).await;
        assert!(add(&timelines, 1, &["b", "c"], false));
        let known = timelines.remembered(uid(1)).unwrap();
        assert_eq!(
            (known.moments, known.truncated),
            (vec!["b".into(), "c".into()], true)
        );
        tokio::time::advance(BOUNDS.life / 2).await;
        assert!(timelines.remembered(uid(1)).is_some());
        tokio::time::advance(BOUNDS.life / 2).await;
        assert!(timelines.remembered(uid(1)).is_none());
        let inner = timelines.inner.lock();
        assert_eq!((inner.moments, inner.by_end.len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_go_where_there_are_too_many() {
        let timelines = Timelines::default();
        let many = MOST_MOMENTS as u32 / 2;
        for number in 1..=many {
            add(&timelines, number, &["a", "b"], true);
            if number == 10 {
                tokio::time::advance(Duration::from_secs(1)).await;
            }
        }
        // The first is touched again, so the second is the oldest.
        add(&timelines, 1, &["c"], false);
        add(&timelines, many + 1, &["a", "b"], true);
        assert!(timelines.remembered(uid(1)).is_some());
        assert!(timelines.remembered(uid(2)).is_none());
        assert_eq!(timelines.inner.lock().moments, MOST_MOMENTS);
    }
}
