//! The websocket door: handshake, then one page's conversation until its ending.
//!
//! ```text
//! page     {"cmd":"ping"}  {"cmd":"ping","pong":true}  {"uid":U,"ticket":"T","key":"K","since":""}
//! gateway  the bind, echoed byte for byte; events;
//!          {"cmd":"pong"}  {"cmd":"gap"}  {"cmd":"expired"}  {"cmd":"error","code":"…","message":"…"}
//! ```

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::clock::unix_time;
use crate::connection::{Connection, Heard, Socket};
use crate::ending::Ending;
use crate::frame;
use crate::gateway::Gateway;
use crate::groups::claim;
use crate::http::Upgraded;
use crate::hub::{Binding, Refused};
use crate::message::{self, Bind, PageMessage};
use crate::session::{Mark, Uid};
use crate::timeline::Moment;

mod admission;

pub use admission::{Admission, admit, is_asked_for};

/// After which a failed catching up is tried again.
const CATCH_UP_PAUSE: Duration = Duration::from_secs(1);

/// Opens a websocket; what it gives converses with the page until its ending, and says goodbye.
/// `place` is the listener's.
///
/// Not an `async fn`: its arguments would take their bytes twice for as long as the page waits.
pub fn converse(
    gateway: Arc<Gateway>,
    upgraded: Upgraded,
    admission: Admission,
    place: OwnedSemaphorePermit,
) -> impl Future<Output = ()> + Send + 'static {
    let Upgraded { stream, early } = upgraded;
    let mut socket = Connection::open(stream, &early, gateway.rules());
    let guest = gateway.hub.welcome(Arc::clone(socket.connection()));
    let mut conversation = Conversation {
        gateway,
        binding: None,
        refusals: 0,
    };
    async move {
        let ending = conversation.hold(&mut socket).await;
        conversation.part(ending);
        Box::pin(socket.goodbye(ending)).await;
        drop((guest, admission, place));
    }
}

struct Conversation {
    gateway: Arc<Gateway>,
    binding: Option<Binding>,
    refusals: u32,
}

/// What takes a while. Boxed: an idle connection shall not carry what only a bind needs.
type Errand<'a> = Pin<Box<dyn Future<Output = Result<(), Ending>> + Send + 'a>>;

impl Conversation {
    async fn hold(&mut self, socket: &mut Socket) -> Ending {
        loop {
            let heeded = match self.heed(socket.hear().await, socket) {
                Ok(Some(errand)) => errand.await,
                Ok(None) => Ok(()),
                Err(ending) => Err(ending),
            };
            if let Err(ending) = heeded {
                return ending;
            }
        }
    }

    /// Deals at once with what was heard, but for what is an errand.
    ///
    /// Not an `async fn`: the message would take its bytes for as long as the page waits.
    fn heed<'a>(
        &'a mut self,
        heard: Heard,
        socket: &'a mut Socket,
    ) -> Result<Option<Errand<'a>>, Ending> {
        Ok(match heard {
            Heard::Text(text) => self
                .read(&text, socket)
                .map(|bind| Box::pin(self.bind(socket, bind, text)) as Errand<'a>),
            Heard::Binary(_) => return Err(Ending::Binary),
            Heard::Nudged => Some(Box::pin(self.catch_up(socket))),
            Heard::Over(ending) => return Err(ending),
        })
    }

    /// Counts a message and deals with it, unless it is a bind.
    fn read(&self, text: &str, socket: &Socket) -> Option<Bind> {
        let message = PageMessage::parse(text);
        let kind = match &message {
            PageMessage::Ping { .. } => "ping",
            PageMessage::Command => "command",
            PageMessage::Bind(_) => "bind",
            PageMessage::Ignored => "ignored",
        };
        let messages = &self.gateway.metrics.messages_total;
        messages.with_label_values(&[kind]).inc();
        match message {
            PageMessage::Bind(bind) => return Some(bind),
            PageMessage::Ping { pong: true } => {
                let pong = frame::text_frame(br#"{"cmd":"pong"}"#);
                socket.connection().send(pong);
            }
            PageMessage::Command => self.hand_on(text, socket),
            PageMessage::Ping { pong: false } | PageMessage::Ignored => {}
        }
        None
    }

    /// Hands a command of a bound page to the site's backend.
    fn hand_on(&self, text: &str, socket: &Socket) {
        let (Some(hooks), Some(binding)) = (&self.gateway.hooks, &self.binding) else {
            return;
        };
        if !hooks.command(binding.session(), text, socket.connection()) {
            tell(socket, "busy", "Too many commands wait; try again later.");
        }
    }

    /// Has the site's backend told that the connection holds another session than before.
    fn tell_of_move(&self, before: Option<(Uid, Mark)>) {
        let now = self.binding.as_ref().map(Binding::session);
        let (Some(hooks), Some(now)) = (&self.gateway.hooks, now) else {
            return;
        };
        if before != Some(now) {
            if let Some(before) = before {
                hooks.left(before, "rebound");
            }
            hooks.bound(now);
        }
    }

    /// Gives the uid back, if there is one, and has the site's backend told why.
    fn release(&mut self, why: &'static str) {
        let Some(binding) = self.binding.take() else {
            return;
        };
        let left = Moment::Left { why: why.into() };
        self.gateway.hub.timeline().note_now(binding.uid(), left);
        if let Some(hooks) = &self.gateway.hooks {
            hooks.left(binding.session(), why);
        }
    }

    /// Gives the uid back and counts the ending.
    fn part(&mut self, ending: Ending) {
        self.release(ending.label());
        let closed = &self.gateway.metrics.connections_closed_total;
        let labels = [ending.label(), ending.code_label()];
        closed.with_label_values(&labels).inc();
        tracing::debug!(ending = ending.label(), "a page has gone");
    }

    async fn bind(&mut self, socket: &mut Socket, bind: Bind, text: String) -> Result<(), Ending> {
        let connection = Arc::clone(socket.connection());
        let hub = Arc::clone(&self.gateway.hub);
        let before = self.binding.as_ref().map(Binding::session);
        if let Err(refused) = hub.bind(&connection, &bind, &mut self.binding).await {
            return self.refuse(socket, refused);
        }
        self.tell_of_move(before);
        // Before the echo: a page that has heard it hears what is said to its groups.
        let joined = self.join(&bind).await;
        connection.send(frame::text_frame(text.as_bytes()));
        if let Err(refused) = joined {
            let joins = &self.gateway.metrics.joins_refused_total;
            joins.with_label_values(&[refused.code()]).inc();
            tell(socket, refused.code(), refused.message());
        }
        let Some(binding) = &mut self.binding else {
            return Ok(());
        };
        if let Err(error) = binding.catch_up(socket).await {
            tracing::warn!(%error, "could not replay");
            self.release("unavailable");
            return self.refuse(socket, Refused::Unavailable);
        }
        Ok(())
    }

    /// Joins the groups that the bind claims.
    async fn join(&self, bind: &Bind) -> Result<(), claim::Refused> {
        let (Some(claim), Some(ticket)) = (&bind.join, &bind.ticket) else {
            return Ok(());
        };
        let secret = self.gateway.config().groups.secret.clone();
        let hub = &self.gateway.hub;
        let session = (bind.uid, ticket);
        claim::join(hub, secret.as_ref(), claim, session, unix_time()).await
    }

    /// Events may have been lost between the broker and this node. The page shall not notice.
    async fn catch_up(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        let Some(binding) = &mut self.binding else {
            return Ok(());
        };
        if let Err(error) = binding.catch_up(socket).await {
            tracing::debug!(%error, "could not catch up, trying again");
            let connection = Arc::clone(socket.connection());
            let over = self.gateway.shutdown.over.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = over.cancelled() => {}
                    () = tokio::time::sleep(CATCH_UP_PAUSE) => connection.nudge(),
                }
            });
        }
        Ok(())
    }

    fn refuse(&mut self, socket: &Socket, refused: Refused) -> Result<(), Ending> {
        tell(socket, refused.code(), refused.message());
        if refused != Refused::Unavailable {
            self.refusals += 1;
        }
        if self.refusals >= self.gateway.config().bind.refusals {
            return Err(Ending::Refused);
        }
        Ok(())
    }
}

fn tell(socket: &Socket, code: &'static str, message: &'static str) {
    let complaint = message::complaint(code, message);
    socket.connection().send(frame::text_frame(&complaint));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what such a function gives.
    fn size_of_future<A, B, C, D, F>(_: impl Fn(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    /// With what tokio adds it is to fit in 512 bytes; the next size costs 256 more.
    #[test]
    fn a_waiting_page_takes_little_memory() {
        let size = size_of_future(converse);
        assert!(size <= 384, "{size}");
    }
}
