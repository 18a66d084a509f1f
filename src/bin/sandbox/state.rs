//! Everything the pretend platform remembers, behind one lock that is never held across a wait.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::{Mutex, MutexGuard};

use crate::codes::Codes;
use crate::faults::Faults;
use crate::people::People;
use crate::quota::Quota;
use crate::settings::Settings;
use crate::tokens::Tokens;

/// The sandbox: its settings, its memory, and the client that delivers callbacks.
pub struct Sandbox {
    /// The flags.
    pub settings: Settings,
    /// Where it listens.
    pub address: SocketAddr,
    /// Base of the urls in the codes.
    pub base: String,
    /// Delivers callbacks.
    pub client: Client<HttpConnector, Full<Bytes>>,
    state: Mutex<State>,
}

/// What is remembered.
pub struct State {
    pub tokens: Tokens,
    pub codes: Codes,
    pub people: People,
    pub faults: Faults,
    /// Template messages of the last minutes: (openid, client_msg_id, msgid, unix seconds).
    pub sent: VecDeque<(String, String, u64, u64)>,
    /// How many of them still count.
    pub quota: Quota,
    /// The newest message number.
    pub msg_id: u64,
    /// How often the quota was cleared.
    pub clearings: u32,
}

impl Sandbox {
    /// A sandbox that listens on `address`.
    pub fn new(settings: Settings, address: SocketAddr) -> Sandbox {
        Sandbox {
            base: settings.base(address),
            address,
            client: Client::builder(TokioExecutor::new()).build_http(),
            state: Mutex::new(State {
                tokens: Tokens::new(settings.token_seconds),
                codes: Codes::default(),
                people: People::new(now()),
                faults: Faults::default(),
                sent: VecDeque::new(),
                quota: Quota::default(),
                // The platform's are above 2^53, where a careless reader of JSON loses digits.
                msg_id: 3_487_542_469_355_618_324,
                clearings: 0,
            }),
            settings,
        }
    }

    /// The memory, for a few lines without a wait.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// A new message number.
    pub fn next_msg_id(&mut self) -> u64 {
        self.msg_id += 1;
        self.msg_id
    }
}

/// Unix seconds.
pub fn now() -> u64 {
    now_ms() / 1000
}

/// Unix milliseconds.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| {
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    })
}
