//! The people of the stories, and the stage: each verb reads as it would be told.
//!
//! | who | what |
//! |---|---|
//! | [`Gateway`] | a node in this process, on ports of its own; its drop checks that nothing is left |
//! | [`Page`] | a browser page: a websocket that answers pings as browsers do |
//! | [`Websocket`] | the same without manners: any bytes out, raw frames in |
//! | [`Backend`] | a publisher at the push port |
//! | [`Platform`] | the platform's API, with programmable faults |
//! | [`Phone`] | a person with WeChat: signs, and where asked encrypts, callbacks |
//! | [`Sender`] | whoever has a person's send token |
//! | [`Site`] | the site's own backend, with programmable reactions |
//! | [`Collector`] | a collector of traces, with programmable answers |
//! | [`Invitation`] | what a person is sent to confirm a scan |
//! | [`Process`], [`Program`] | the real binaries |
//! | [`Diagnosis`] | what the doctor says |
//! | [`Certificate`], [`Authority`] | a certificate, the files that hold it, and who signs it |

mod backend;
mod certificate;
mod code;
mod collector;
mod diagnosis;
mod gateway;
mod http;
mod invitation;
mod life;
mod page;
mod patience;
mod phone;
mod platform;
mod process;
mod sender;
mod site;
pub mod stories;
mod websocket;
mod wire;

pub use backend::Backend;
pub use certificate::{Authority, Certificate, CertificateFiles};
pub use code::Code;
pub use collector::{Collector, Span};
pub use diagnosis::Diagnosis;
pub use gateway::{Gateway, broker, nobody};
pub use http::{Request, Response};
pub use invitation::{Invitation, choices};
pub use life::{kinds, lives_to, moments, timeline};
pub use page::Page;
pub use patience::{eventually, soon};
pub use phone::{APP_ID, APP_SECRET, ORIGINAL_ID, Phone, TOKEN, encrypts, now};
pub use platform::{Call, Fault, Platform};
pub use process::{Process, Program, scangate};
pub use sender::Sender;
pub use site::{Reaction, Site, Told};
pub use stories::{
    a_life_is_told, a_page_moves, a_push_is_followed, a_scan_is_timed, last_moments_are_kept,
    one_scan_at_two_nodes,
};
pub use websocket::{BINARY, CLOSE, Frame, PING, PONG, TEXT, Websocket, masked};
pub use wire::Wire;
