//! Where what passes by waits, in memory: one queue a kind, in lanes. What one uid does stays in
//! order, for it all goes into one lane.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Hooks;
use super::post::Post;
use crate::connection::Connection;
use crate::frame;
use crate::message;
use crate::session::Uid;
use crate::shutdown::Shutdown;

/// A queue.
#[derive(Debug, Default)]
pub(super) struct Lanes([Lane; LANES]);

#[derive(Debug, Default)]
pub(super) struct Lane {
    waiting: Mutex<VecDeque<Waiting>>,
    wake: Notify,
}

/// Something that waits to be told.
#[derive(Debug)]
pub(super) struct Waiting {
    pub post: Post,
    /// The page that wants to hear if it fails.
    pub page: Option<Weak<Connection>>,
}

/// Requests under way at a time.
const LANES: usize = 16;
/// What may wait in a lane.
const MOST_IN_A_LANE: usize = 64;
/// What may wait of one uid, so that one page cannot fill the lane.
const MOST_OF_A_UID: usize = 8;
/// Waits before the second and the third attempt.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// What is left to a lane when everybody has been told to go.
const LAST_WAIT: Duration = Duration::from_secs(3);
/// How long it then waits for the leaves of the last pages.
const LAST_LEAVES: Duration = Duration::from_millis(250);

impl Lanes {
    /// False where there is no room.
    pub fn put(&self, waiting: Waiting) -> bool {
        self.lane(waiting.post.uid).put(waiting)
    }

    fn lane(&self, uid: Uid) -> &Lane {
        &self.0[uid.get() as usize % LANES]
    }
}

impl Lane {
    fn put(&self, waiting: Waiting) -> bool {
        let mut queue = self.waiting.lock();
        let uid = waiting.post.uid;
        let own = queue.iter().filter(|other| other.post.uid == uid).count();
        if queue.len() >= MOST_IN_A_LANE || own >= MOST_OF_A_UID {
            return false;
        }
        queue.push_back(waiting);
        drop(queue);
        self.wake.notify_one();
        true
    }

    async fn next(&self) -> Waiting {
        loop {
            let first = self.waiting.lock().pop_front();
            match first {
                Some(waiting) => return waiting,
                None => self.wake.notified().await,
            }
        }
    }
}

/// Starts a task for each lane of a queue.
pub(super) fn start(hooks: &Arc<Hooks>, lanes: fn(&Hooks) -> &Lanes, shutdown: &Shutdown) {
    for number in 0..LANES {
        let hooks = Arc::clone(hooks);
        let over = shutdown.over.clone();
        shutdown.tasks.spawn(async move {
            let lane = &lanes(&hooks).0[number];
            let last_wait = async {
                over.cancelled().await;
                sleep(LAST_WAIT).await;
            };
            tokio::select! {
                () = serve(&hooks, lane, &over) => {}
                () = last_wait => {}
            }
        });
    }
}

/// Tells what waits, one after the other, until everybody has left.
async fn serve(hooks: &Hooks, lane: &Lane, over: &CancellationToken) {
    let mut well = true;
    loop {
        let waiting = tokio::select! {
            waiting = lane.next() => waiting,
            () = over.cancelled() => break,
        };
        // While the backend is down each is tried once, or everybody would wait for each.
        let retries = if well { PAUSES.len() } else { 0 };
        well = tell(hooks, &waiting, retries).await;
    }
    while let Ok(waiting) = timeout(LAST_LEAVES, lane.next()).await {
        tell(hooks, &waiting, 0).await;
    }
}

/// Makes an attempt, and so many more if need be; false where all failed.
async fn tell(hooks: &Hooks, waiting: &Waiting, retries: usize) -> bool {
    let Waiting { post, page } = waiting;
    let mut pauses = PAUSES.iter().take(retries);
    let failure = loop {
        match hooks.site.tell(post, hooks.site.patience()).await {
            Ok(_) => return true,
            Err(failure) => match pauses.next() {
                Some(pause) if !failure.is_final() => sleep(*pause).await,
                _ => break failure,
            },
        }
    };
    hooks.give_up(post, &failure);
    if let Some(page) = page.as_ref().and_then(Weak::upgrade) {
        let text = "The site did not take this command; try again later.";
        page.send(frame::text_frame(&message::complaint("hook_failed", text)));
    }
    false
}
