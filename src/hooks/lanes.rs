//! Where what passes by waits, in memory: one queue a kind, with a lane for each uid that has something
//! in it. What one uid does stays in order, for of a lane one thing is told at a time; several tellers
//! share the lanes, so that one that hangs holds up nobody else's.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
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
pub(super) struct Lanes {
    inner: Mutex<Inner>,
    wake: Notify,
    /// Whether what was told last was told in vain.
    ill: AtomicBool,
}

#[derive(Debug, Default)]
struct Inner {
    /// A lane is here while something waits in it or of it is being told.
    lanes: HashMap<Uid, VecDeque<Waiting>>,
    /// Lanes where something waits and nothing is being told, the one that waits longest first.
    ready: VecDeque<Uid>,
    /// What waits in all lanes.
    many: usize,
}

/// Something that waits to be told.
#[derive(Debug)]
pub(super) struct Waiting {
    pub post: Post,
    /// The page that wants to hear if it fails.
    pub page: Option<Weak<Connection>>,
}

/// Requests under way at a time.
const TELLERS: usize = 16;
/// What may wait in all.
const MOST: usize = 1024;
/// What may wait of one uid, so that one page cannot fill the queue.
const MOST_OF_A_UID: usize = 8;
/// Waits before the second and the third attempt.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// What is left to a teller when everybody has been told to go.
const LAST_WAIT: Duration = Duration::from_secs(3);
/// How long it then waits for the leaves of the last pages.
const LAST_LEAVES: Duration = Duration::from_millis(250);

impl Lanes {
    /// False where there is no room.
    pub fn put(&self, waiting: Waiting) -> bool {
        let mut inner = self.inner.lock();
        if inner.many >= MOST {
            return false;
        }
        let uid = waiting.post.uid;
        let is_ready = match inner.lanes.entry(uid) {
            Entry::Vacant(lane) => {
                lane.insert(VecDeque::from([waiting]));
                true
            }
            Entry::Occupied(lane) if lane.get().len() >= MOST_OF_A_UID => return false,
            Entry::Occupied(mut lane) => {
                lane.get_mut().push_back(waiting);
                false
            }
        };
        inner.many += 1;
        if is_ready {
            inner.ready.push_back(uid);
            drop(inner);
            self.wake.notify_one();
        }
        true
    }

    /// Takes the next thing to tell; its lane is closed until [`Lanes::done`].
    async fn next(&self) -> Waiting {
        loop {
            if let Some(waiting) = self.take() {
                return waiting;
            }
            self.wake.notified().await;
        }
    }

    fn take(&self) -> Option<Waiting> {
        let mut inner = self.inner.lock();
        let uid = inner.ready.pop_front()?;
        let lane = inner.lanes.get_mut(&uid);
        let first = lane.and_then(VecDeque::pop_front);
        let waiting = first.expect("something waits in a lane that is ready");
        inner.many -= 1;
        if !inner.ready.is_empty() {
            // Of two that are put while nobody listens, one wakes somebody.
            self.wake.notify_one();
        }
        Some(waiting)
    }

    /// What was taken of this uid has been told, or given up.
    fn done(&self, uid: Uid) {
        let mut inner = self.inner.lock();
        let lane = inner.lanes.get(&uid);
        if lane.is_some_and(|lane| !lane.is_empty()) {
            // Behind the others; whoever says so looks for the next at once.
            inner.ready.push_back(uid);
        } else {
            inner.lanes.remove(&uid);
        }
    }
}

/// Starts what tells of a queue.
pub(super) fn start(hooks: &Arc<Hooks>, lanes: fn(&Hooks) -> &Lanes, shutdown: &Shutdown) {
    for _ in 0..TELLERS {
        let hooks = Arc::clone(hooks);
        let over = shutdown.over.clone();
        shutdown.tasks.spawn(async move {
            let lanes = lanes(&hooks);
            let last_wait = async {
                over.cancelled().await;
                sleep(LAST_WAIT).await;
            };
            tokio::select! {
                () = serve(&hooks, lanes, &over) => {}
                () = last_wait => {}
            }
        });
    }
}

/// Tells what waits, one after the other, until everybody has left.
async fn serve(hooks: &Hooks, lanes: &Lanes, over: &CancellationToken) {
    loop {
        let waiting = tokio::select! {
            waiting = lanes.next() => waiting,
            () = over.cancelled() => break,
        };
        // While the backend is down each is tried once, or everybody would wait for each.
        let retries = match lanes.ill.load(Ordering::Relaxed) {
            true => 0,
            false => PAUSES.len(),
        };
        let well = tell(hooks, &waiting, retries).await;
        lanes.ill.store(!well, Ordering::Relaxed);
        lanes.done(waiting.post.uid);
    }
    while let Ok(waiting) = timeout(LAST_LEAVES, lanes.next()).await {
        tell(hooks, &waiting, 0).await;
        lanes.done(waiting.post.uid);
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
