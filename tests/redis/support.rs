//! The stage: real servers, a proxy that spoils the path to them, and the people of `tests/it`.
//!
//! | who | what |
//! |---|---|
//! | [`Server`] | one `redis-server` in a directory of its own; killed when dropped |
//! | [`Sentinel`] | a primary, a replica, and who has it take over |
//! | [`Cluster`] | three shards, each a primary with a replica |
//! | [`Proxy`] | stands between a node and a server: lets through, swallows, or cuts |
//! | [`Crowd`], [`History`] | publishers and pages whose every word is recorded, and who checks it |

// Not every story needs everybody.
#![allow(dead_code, unused_imports)]

#[path = "../it/support/backend.rs"]
mod backend;
#[path = "../it/support/certificate.rs"]
mod certificate;
#[path = "../it/support/code.rs"]
mod code;
#[path = "../it/support/diagnosis.rs"]
mod diagnosis;
#[path = "../it/support/gateway.rs"]
mod gateway;
#[path = "../it/support/http.rs"]
mod http;
#[path = "../it/support/invitation.rs"]
mod invitation;
#[path = "../it/support/life.rs"]
mod life;
#[path = "../it/support/page.rs"]
mod page;
#[path = "../it/support/patience.rs"]
mod patience;
#[path = "../it/support/phone.rs"]
mod phone;
#[path = "../it/support/platform.rs"]
mod platform;
#[path = "../it/support/process.rs"]
mod process;
#[path = "../it/support/sender.rs"]
mod sender;
#[path = "../it/support/site.rs"]
mod site;
#[path = "../it/support/stories.rs"]
pub mod stories;
#[path = "../it/support/websocket.rs"]
mod websocket;
#[path = "../it/support/wire.rs"]
mod wire;

mod browser;
mod cluster;
mod crowd;
mod history;
mod join;
mod link;
mod proxy;
mod publisher;
mod reader;
mod resp;
mod sentinel;
mod server;
mod wait;

pub use backend::Backend;
pub use browser::Habits;
pub use certificate::{Authority, Certificate, CertificateFiles};
pub use cluster::Cluster;
pub use code::Code;
pub use crowd::{Crowd, tally};
pub use diagnosis::Diagnosis;
pub use gateway::{Gateway, broker, nobody};
pub use history::{ANSWER_WITHIN, Said, check, check_but, only_words};
pub use http::{Request, Response};
pub use invitation::{Invitation, choices};
pub use join::{joins, joins_with, onlooker};
pub use life::lives_to;
pub use link::Link;
pub use page::Page;
pub use patience::{eventually, soon};
pub use phone::{APP_ID, APP_SECRET, ORIGINAL_ID, Phone, TOKEN, encrypts, now};
pub use platform::{Call, Fault, Platform};
pub use process::{Process, Program, scangate};
pub use proxy::{Proxy, Weather};
pub use publisher::{Manner, Publisher};
pub use reader::{Heard, Reader};
pub use resp::{Reply, ask, converse};
pub use sender::Sender;
pub use sentinel::Sentinel;
pub use server::{Server, free_port};
pub use site::{Reaction, Site, Told};
pub use stories::{
    a_life_is_told, a_page_moves, a_push_is_followed, a_scan_is_timed, last_moments_are_kept,
    one_scan_at_two_nodes,
};
pub use wait::{becomes, is_long, passes, within};
pub use websocket::{BINARY, CLOSE, Frame, PING, PONG, TEXT, Websocket, masked};
pub use wire::Wire;
