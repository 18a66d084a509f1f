//! A page's life: how it gets in, whom it binds itself to, what it hears, why it is sent away.

mod bind;
mod heartbeat;
mod limits;
mod replay;
mod session;
mod upgrade;
