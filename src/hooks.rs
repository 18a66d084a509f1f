//! The site's own backend is told what happens, and may answer with an event for the page and words
//! for the chat.
//!
//! A scan must not be lost: it is put on record as a job before it counts as done, told at once if
//! the backend is quick, and again later if not. Commands, binds and leaves pass by: each kind waits
//! in memory, in a queue with a bound. Nobody but the chat's answer waits for the backend, and that
//! for [`CHAT_WAITS`] at most.

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use crate::broker::Queue;
use crate::clock::unix_time;
use crate::config::{self, HookEvent};
use crate::connection::Connection;
use crate::hub::Hub;
use crate::jobs::{After, Jobs};
use crate::metrics::Metrics;
use crate::outbound::RootsError;
use crate::session::{Mark, Uid};
use crate::shutdown::Shutdown;

mod answer;
mod lanes;
mod post;
mod scans;
mod site;

use lanes::{Lanes, Waiting};
use post::Post;
pub use scans::{Recorded, Scan};
use site::Failure;
pub use site::Site;

/// How long the answer in the chat waits for the backend, counted from the callback. The platform
/// waits 5 s for ours.
pub const CHAT_WAITS: Duration = Duration::from_secs(3);
/// Scans that are told at a time while the chat waits; further ones are left to their jobs.
const MOST_CHATS: usize = 64;
/// What tells the site's backend.
#[derive(Debug)]
pub struct Hooks {
    site: Site,
    events: Vec<HookEvent>,
    node: String,
    scans: Arc<Jobs>,
    chats: Semaphore,
    attempts: u32,
    retry: Duration,
    commands: Lanes,
    presence: Lanes,
}

impl Hooks {
    /// None where nothing is told.
    pub fn new(
        config: &config::Hook,
        hub: &Arc<Hub>,
        metrics: &Arc<Metrics>,
    ) -> Result<Option<Arc<Self>>, RootsError> {
        let Some(site) = Site::new(config, hub, metrics)? else {
            return Ok(None);
        };
        if config.events.is_empty() {
            return Ok(None);
        }
        Ok(Some(Arc::new(Self {
            site,
            events: config.events.clone(),
            node: hub.broker().name(),
            scans: Jobs::new(hub.broker().clone(), Queue::Hooks),
            chats: Semaphore::new(MOST_CHATS),
            attempts: config.attempts,
            retry: config.retry,
            commands: Lanes::default(),
            presence: Lanes::default(),
        })))
    }

    /// Has the backend told of a page's command, as it came; its answer's event goes to the uid.
    /// False where too many wait already.
    pub fn command(&self, about: (Uid, Mark), message: &str, page: &Arc<Connection>) -> bool {
        #[derive(Serialize)]
        struct Data<'a> {
            uid: u32,
            message: &'a RawValue,
        }
        if !self.tells(HookEvent::Command) {
            return true;
        }
        let Ok(message) = serde_json::from_str(message) else {
            return true;
        };
        let uid = about.0.get();
        let data = Data { uid, message };
        let page = Some(Arc::downgrade(page));
        self.queue(&self.commands, HookEvent::Command, about, data, page)
    }

    /// Has the backend told that a connection holds a uid now.
    pub fn bound(&self, about: (Uid, Mark)) {
        #[derive(Serialize)]
        struct Data {
            uid: u32,
        }
        if self.tells(HookEvent::Bind) {
            let uid = about.0.get();
            self.queue(&self.presence, HookEvent::Bind, about, Data { uid }, None);
        }
    }

    /// Has the backend told that a connection holds a uid no more, and why.
    pub fn left(&self, about: (Uid, Mark), ending: &'static str) {
        #[derive(Serialize)]
        struct Data {
            uid: u32,
            ending: &'static str,
        }
        if self.tells(HookEvent::Leave) {
            let uid = about.0.get();
            let data = Data { uid, ending };
            self.queue(&self.presence, HookEvent::Leave, about, data, None);
        }
    }

    /// Starts what tells in the background; a node does so once.
    pub fn start(self: &Arc<Self>, shutdown: &Shutdown) {
        if self.tells(HookEvent::Scan) {
            let hooks = Arc::clone(self);
            let over = shutdown.over.clone();
            let attempt = move |job| {
                let (hooks, over) = (Arc::clone(&hooks), over.clone());
                async move {
                    tokio::select! {
                        after = hooks.attempt(job) => after,
                        // Another node goes on with it.
                        () = over.cancelled() => After::Again(Duration::ZERO),
                    }
                }
            };
            let scans = Arc::clone(&self.scans);
            shutdown.spawn_until_over(scans.run(shutdown.tasks.clone(), attempt));
        }
        let presence = self.tells(HookEvent::Bind) || self.tells(HookEvent::Leave);
        if self.tells(HookEvent::Command) {
            lanes::start(self, |hooks| &hooks.commands, shutdown);
        }
        if presence {
            lanes::start(self, |hooks| &hooks.presence, shutdown);
        }
    }

    fn tells(&self, event: HookEvent) -> bool {
        self.events.contains(&event)
    }

    fn post(&self, event: HookEvent, id: String, about: (Uid, Mark), data: impl Serialize) -> Post {
        let time_ms = unix_time().as_millis() as u64;
        Post::new(event, id, about, time_ms, &self.node, data)
    }

    fn queue(
        &self,
        lanes: &Lanes,
        event: HookEvent,
        about: (Uid, Mark),
        data: impl Serialize,
        page: Option<Weak<Connection>>,
    ) -> bool {
        let post = self.post(event, post::random_id(), about, data);
        let taken = lanes.put(Waiting { post, page });
        if !taken {
            self.site.count(event, "dropped");
        }
        taken
    }

    fn give_up(&self, post: &Post, failure: &Failure) {
        self.site.count(post.event, "given_up");
        let event = post.event.word();
        tracing::warn!(%failure, event, id = post.id, "the hook was given up");
    }
}
