//! What is asked of Redis: the Lua scripts, one file each (every verb about sessions is one of them, and
//! atomic), and a few plain commands; each with its tally.

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::LuaInterface;
use fred::types::Value;
use fred::types::scripts::Script as Lua;

use super::tally::Tally;
use crate::metrics::Metrics;

/// A script, and how its calls fare.
#[derive(Debug)]
pub(super) struct Script {
    lua: Lua,
    pub tally: Tally,
}

impl Script {
    fn new(name: &str, text: &str, metrics: &Metrics) -> Self {
        Self {
            lua: Lua::from_lua(text),
            tally: Tally::of(name, metrics),
        }
    }

    /// Has Redis know the script ahead of its first call.
    pub async fn load(&self, client: &Client) -> Result<(), Error> {
        self.lua.load(client).await
    }

    /// Runs the script at most once. `words` are its keys and arguments; they are asked for a second
    /// time where Redis does not know it.
    pub async fn run(
        &self,
        client: &Client,
        words: impl Fn() -> (Vec<String>, Vec<Value>),
    ) -> Result<Value, Error> {
        let (keys, arguments) = words();
        match self.lua.evalsha(client, keys, arguments).await {
            // Redis has restarted, or this shard has never seen it. It has not run.
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                let text = self.lua.lua().expect("made from its text").clone();
                let (keys, arguments) = words();
                client.eval(text, keys, arguments).await
            }
            answer => answer,
        }
    }
}

/// Names the scripts and their files, and the plain commands, once.
macro_rules! commands {
    (scripts: $($script:ident)+; plain: $($plain:ident)+;) => {
        #[derive(Debug)]
        pub(super) struct Scripts {
            $(pub $script: Script,)+
        }

        impl Scripts {
            pub fn new(metrics: &Metrics) -> Self {
                Self {
                    $($script: Script::new(
                        stringify!($script),
                        include_str!(concat!("lua/", stringify!($script), ".lua")),
                        metrics,
                    ),)+
                }
            }
        }

        /// The tallies of commands that are no scripts.
        #[derive(Debug)]
        pub(super) struct Plain {
            $(pub $plain: Tally,)+
        }

        impl Plain {
            pub fn new(metrics: &Metrics) -> Self {
                Self {
                    $($plain: Tally::of(stringify!($plain), metrics),)+
                }
            }
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($script),)+ $(stringify!($plain),)+];
    };
}

commands! {
    scripts: issue hold release restore publish replay scan settle end view sing forget count
        audit write enqueue take postpone finish join quit members
        remember remembered;
    plain: get set hmget hvals spublish ssubscribe sunsubscribe;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_declared_as_a_label() {
        // And `wait`, which the replicas count.
        let names: Vec<_> = NAMES.iter().copied().chain(["wait"]).collect();
        assert_eq!(names, crate::metrics::REDIS_COMMANDS);
    }
}
