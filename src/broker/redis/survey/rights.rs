//! Which commands the user of the URL may not say: each that the gateway needs is tried, on keys of
//! our own, which are removed afterwards and end by themselves should that fail.

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::{ClusterHash, CustomCommand, Value};
use futures_util::future::join_all;

use super::told;

/// A command that is not allowed, or not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `XADD`
    pub command: &'static str,
    /// In the server's words.
    pub why: String,
}

/// The commands with what they are tried on: `@` and a letter is a key of our own, or the channel.
/// What comes later may need what came before.
const TRIED: &[&str] = &[
    "SET @t 1 PX 60000 NX",
    "GET @t",
    "INCR @t",
    "PTTL @t",
    "PERSIST @t",
    "EXPIRE @t 60",
    "EXISTS @t",
    "HSET @h f 1",
    "PEXPIRE @h 60000",
    "PEXPIREAT @h 9999999999999",
    "PEXPIRETIME @h",
    "HGET @h f",
    "HMGET @h f",
    "HGETALL @h",
    "HVALS @h",
    "HKEYS @h",
    "HLEN @h",
    "HEXISTS @h f",
    "HINCRBY @h f 1",
    "HDEL @h g",
    "RENAME @h @r",
    "PEXPIRE @r 60000",
    "XADD @e * f 1",
    "PEXPIRE @e 60000",
    "XLEN @e",
    "XRANGE @e - +",
    "XTRIM @e MAXLEN 1",
    "XDEL @e 1-1",
    "ZADD @z 1 m",
    "PEXPIRE @z 60000",
    "ZCARD @z",
    "ZRANGE @z 0 1",
    "ZRANGEBYSCORE @z 0 1",
    "ZREM @z m",
    "RPUSH @l 1",
    "PEXPIRE @l 60000",
    "LRANGE @l 0 1",
    "LTRIM @l 0 1",
    "TIME",
    "SPUBLISH @c word",
    "PUBSUB SHARDNUMSUB @c",
    "EVAL return{} 1 @t",
    "EVALSHA 0000000000000000000000000000000000000000 1 @t",
    "WAIT 0 1",
    "DEL @t @h @r @e @z @l",
];

/// Tries them all.
pub(super) async fn refused(client: &Client, own: &str) -> Vec<Refused> {
    let slot = fred::util::redis_keyslot(own.as_bytes());
    // Fred sends what is asked at once in this order, over one connection.
    let answers = TRIED.iter().map(async |tried| {
        let mut words = tried.split(' ');
        let command = words.next().unwrap_or_default();
        let arguments: Vec<Value> = words.map(|word| argument(own, word)).collect();
        let said = CustomCommand::new_static(command, ClusterHash::Custom(slot), false);
        let answer: Result<Value, Error> = client.custom(said, arguments).await;
        (command, answer.err().map(told))
    });
    let mut refused: Vec<Refused> = Vec::new();
    for (command, why) in join_all(answers).await {
        let Some(why) = why.filter(|why| is_refusal(why)) else {
            continue;
        };
        if refused.iter().all(|known| known.command != command) {
            refused.push(Refused { command, why });
        }
    }
    refused
}

fn argument(own: &str, word: &str) -> Value {
    match word.strip_prefix('@') {
        Some(kind) => format!("{own}:{kind}").into(),
        None => word.into(),
    }
}

/// Other errors mean that the command was allowed.
fn is_refusal(why: &str) -> bool {
    why.starts_with("NOPERM") || why.starts_with("ERR unknown command")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_command_of_the_scripts_is_tried() {
        let tried: BTreeSet<_> = TRIED
            .iter()
            .filter_map(|tried| tried.split(' ').next())
            .collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/broker/redis/lua");
        let mut seen = 0;
        for file in fs::read_dir(folder).unwrap() {
            let script = fs::read_to_string(file.unwrap().path()).unwrap();
            for call in script.split("redis.call('").skip(1) {
                let command = call.split('\'').next().unwrap();
                assert!(tried.contains(command), "{command} is not tried");
                seen += 1;
            }
        }
        assert!(seen > 50, "{seen}");
    }

    #[test]
    fn only_what_is_forbidden_or_unknown_is_refused() {
        assert!(is_refusal(
            "NOPERM this user has no permissions to run the 'xadd' command"
        ));
        assert!(is_refusal(
            "ERR unknown command 'EVAL', with args beginning with: "
        ));
        assert!(!is_refusal("NOSCRIPT No matching script. Please use EVAL."));
        assert!(!is_refusal(
            "READONLY You can't write against a read only replica."
        ));
    }
}
