//! Every setting of the gateway, each declared once with its meaning, default and limits.
//!
//! A setting has one name in three spellings: `listen` under `[public]` in the TOML file is the
//! variable `SCANGATE_PUBLIC_LISTEN` and the flag `--public-listen`. Flags win over variables, and
//! variables over the file. All that is wrong is said at once.

use std::collections::BTreeMap;

mod broker;
mod check;
mod confirm;
mod declare;
mod fault;
mod groups;
mod hook;
mod inner;
mod limit;
mod log;
mod origins;
mod points;
mod print;
mod public;
mod reader;
mod secret;
mod send;
mod session;
mod setting;
mod shape;
mod source;
mod text;
mod timeline;
mod trace;
mod wechat;
mod words;

pub use broker::{Broker, BrokerUrl, Data};
pub use confirm::Confirm;
pub use fault::{Fault, Faults};
pub use groups::Groups;
pub use hook::{Hook, HookEvent};
pub use inner::{Ops, Push};
pub use limit::{Drain, Limit};
pub use log::{Format, Log};
pub use origins::Origins;
pub use points::Points;
pub(crate) use print::wrapped;
pub use public::Public;
pub use secret::Secret;
pub use send::Send;
pub use session::{Bind, Heartbeat, Ping, Session};
pub use setting::Setting;
pub use source::{File, Inputs};
pub use text::{Notation, Text};
pub use timeline::Timeline;
pub use trace::{Headers, Trace};
pub use wechat::{Language, Login, Mode, Wechat};
pub use words::Words;

use reader::Reader;
use setting::{Changes, Section};
use source::Gathered;

/// Names the sections once, in the order in which they are printed.
macro_rules! sections {
    ($($(#[$about:meta])+ $field:ident: $type:ident,)+) => {
        /// The whole configuration: one field a section, one field a setting in each.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config {
            $($(#[$about])+ pub $field: $type,)+
        }

        impl Config {
            fn tables() -> impl Iterator<Item = (&'static str, &'static [Setting])> {
                [$((<$type as Section>::DOC, <$type as Section>::SETTINGS)),+].into_iter()
            }

            fn from_reader(reader: &mut Reader) -> Self {
                Self { $($field: Section::read(reader)),+ }
            }

            fn texts(&self) -> Vec<Option<String>> {
                let mut texts = Vec::new();
                $(texts.extend(self.$field.texts());)+
                texts
            }

            fn take(&mut self, new: Self, changes: &mut Changes) {
                $(self.$field.reload(new.$field, changes);)+
            }
        }
    };
}

sections! {
    /// What browsers and WeChat reach.
    public: Public,
    /// Where backends publish.
    push: Push,
    /// Where operators and their machines ask.
    ops: Ops,
    /// What joins the nodes.
    broker: Broker,
    /// What outlives a restart.
    data: Data,
    /// How a page binds itself to a uid.
    bind: Bind,
    /// Who may join groups by himself.
    groups: Groups,
    /// How long a code and its session live.
    session: Session,
    /// When a silent connection is given up.
    heartbeat: Heartbeat,
    /// When a silent connection is asked whether it lives.
    ping: Ping,
    /// How much is allowed.
    limit: Limit,
    /// How a node goes.
    drain: Drain,
    /// The official account.
    wechat: Wechat,
    /// Where a scanned login leads.
    login: Login,
    /// What a scan gives.
    points: Points,
    /// How `.send` writes to people, and how much.
    send: Send,
    /// The site's own backend, which is told what happens.
    hook: Hook,
    /// Which scans a person confirms.
    confirm: Confirm,
    /// What is remembered of the life of sessions.
    timeline: Timeline,
    /// Where the life of sessions is sent as traces.
    trace: Trace,
    /// What the node tells of itself.
    log: Log,
}

/// A configuration in order, and what came to light while it was read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The values in effect.
    pub config: Config,
    /// What is strange but harmless, such as an unknown `SCANGATE_` variable.
    pub warnings: Vec<Fault>,
    /// By path, where each value was given; what has its default is missing.
    pub places: BTreeMap<&'static str, String>,
}

impl Config {
    /// Reads a configuration from all its sources, or says everything that is wrong with it.
    pub fn read(inputs: &Inputs<'_>) -> Result<Reading, Faults> {
        let settings: Vec<&'static Setting> = Self::settings().collect();
        let gathered = Gathered::from(inputs, &settings);
        let warnings = gathered.warnings;
        let mut reader = Reader::new(gathered.found, gathered.faults);
        let config = Self::from_reader(&mut reader);
        if gathered.readable {
            check::check(&config, &mut reader);
        }
        if !reader.faults.is_empty() {
            let faults = reader.faults;
            return Err(Faults { faults, warnings });
        }
        let found = reader.found.into_iter();
        Ok(Reading {
            config,
            warnings,
            places: found.map(|(path, found)| (path, found.place)).collect(),
        })
    }

    /// What is known about every setting, in the order in which they are printed.
    pub fn settings() -> impl Iterator<Item = &'static Setting> {
        Self::tables().flat_map(|(_, settings)| settings)
    }

    /// What a running node has after its configuration was read anew: this one, with what can be
    /// reloaded taken from `new`. Also the paths of what has changed now, and of what has changed
    /// but waits for a restart.
    pub fn reloaded(&self, new: Self) -> (Self, Vec<&'static str>, Vec<&'static str>) {
        let mut merged = self.clone();
        let mut changes = Changes::default();
        merged.take(new, &mut changes);
        (merged, changes.now, changes.restart)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::from_reader(&mut Reader::default())
    }
}

#[cfg(test)]
mod tests;
