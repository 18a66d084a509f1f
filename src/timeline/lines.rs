//! Moments as log lines: a sentence and fields. Of each kind there are only so many in a second; the
//! next one then says how many were left out.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::time::Instant;

use super::Moment;
use super::budget::Budget;
use crate::session::Uid;

/// Writes lines.
#[derive(Debug)]
pub(super) struct Lines {
    kinds: [Kind; Moment::KINDS],
}

#[derive(Debug)]
struct Kind {
    budget: Budget,
    left_out: AtomicU32,
}

impl Lines {
    /// At most so many of a kind in a second.
    pub fn new(most: u32) -> Self {
        let kind = |_| Kind {
            budget: Budget::new(most),
            left_out: AtomicU32::new(0),
        };
        Self {
            kinds: std::array::from_fn(kind),
        }
    }

    /// Tells of a moment: of what comes often to those who want details, of the rest to everybody.
    pub fn tell(&self, uid: Uid, time: &Range<Instant>, moment: &Moment) {
        let is_wanted = if moment.comes_often() {
            tracing::enabled!(tracing::Level::DEBUG)
        } else {
            tracing::enabled!(tracing::Level::INFO)
        };
        if !is_wanted {
            return;
        }
        let kind = &self.kinds[moment.kind()];
        if !kind.budget.take(time.end) {
            kind.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let left_out = kind.left_out.swap(0, Ordering::Relaxed);
        let left_out = (left_out > 0).then_some(left_out);
        let ms = super::length(time);
        write(uid, ms, left_out, moment);
    }
}

fn write(uid: Uid, ms: f64, left_out: Option<u32>, moment: &Moment) {
    use tracing::{debug, info};
    match moment {
        Moment::Issued {
            action,
            seconds,
            renewed,
        } => {
            let action = action.as_deref();
            info!(%uid, action, seconds, renewed, left_out, "a code was issued");
        }
        Moment::Bound => debug!(%uid, left_out, "a page holds a session"),
        Moment::Refused { code } => debug!(%uid, %code, left_out, "a bind was refused"),
        Moment::Left { why } => debug!(%uid, %why, left_out, "a page left its session"),
        Moment::Scanned { result } => info!(%uid, %result, ms, left_out, "scan"),
        Moment::Asked => info!(%uid, left_out, "a scan is to be confirmed"),
        Moment::Decided { result } => info!(%uid, %result, left_out, "confirmation"),
        Moment::Settled {
            action,
            result,
            scan_ms,
        } => {
            let action = action.as_deref();
            info!(%uid, action, %result, scan_ms, left_out, "a scan was settled");
        }
        Moment::Published {
            event,
            door,
            result,
            reason,
            nodes,
            ..
        } => {
            let (event, reason) = (event.map(tracing::field::display), reason.as_deref());
            debug!(%uid, event, %door, %result, reason, nodes, ms, left_out, "push");
        }
        Moment::Written { event, scan_ms } => {
            debug!(%uid, %event, ms, scan_ms, left_out, "an event went to a page");
        }
        Moment::Replayed { events, event } => {
            debug!(%uid, events, %event, left_out, "a page got what it had missed");
        }
        Moment::Gap => debug!(%uid, left_out, "a page was told of a gap"),
        Moment::Expired => info!(%uid, left_out, "a code has expired"),
        Moment::Ended => info!(%uid, left_out, "a session was ended"),
        Moment::Unknown => {}
    }
}
