//! What the sandbox pretends to be. Every default is made up and works as it is.

use std::net::{SocketAddr, UdpSocket};

use clap::{Arg, ArgMatches, value_parser};
use scangate::wechat::callback::Mode;
use scangate::wechat::cipher::Cipher;

use crate::quota::Limits;

/// The flags of `serve`, shared by `demo`: name, value, default, help. An empty default means none.
const FLAGS: [[&str; 4]; 15] = [
    [
        "listen",
        "ADDR:PORT",
        "127.0.0.1:2130",
        "Where to listen; port 0 picks a free one",
    ],
    [
        "callback",
        "URL",
        "http://127.0.0.1:2129/wechat",
        "The gateway's callback, an http:// URL",
    ],
    [
        "public-url",
        "URL",
        "",
        "How a real phone on the same network reaches the sandbox; goes into the codes",
    ],
    [
        "mode",
        "MODE",
        "safe",
        "How callbacks are encrypted: plain, compat or safe",
    ],
    [
        "app-id",
        "ID",
        "wx5ca9a7e5a4db0c01",
        "AppID of the pretend account",
    ],
    [
        "app-secret",
        "SECRET",
        "5a4db0c05a4db0c05a4db0c05a4db0c0",
        "AppSecret of the pretend account",
    ],
    [
        "token",
        "TOKEN",
        "sandboxtoken",
        "Token of the pretend account's callbacks",
    ],
    [
        "encoding-aes-key",
        "KEY",
        "sandboxsandboxsandboxsandboxsandboxsandboxA",
        "EncodingAESKey of the pretend account",
    ],
    [
        "original-id",
        "ID",
        "gh_5ca9a7e5a4db",
        "Original ID of the pretend account",
    ],
    [
        "template-id",
        "ID",
        "sandboxTemplate0000000000000000000000000001",
        "The one template that the pretend account has",
    ],
    [
        "token-seconds",
        "SECONDS",
        "7200",
        "Life of an access token",
    ],
    [
        "templates-per-day",
        "COUNT",
        "100000",
        "Template messages in a day of Beijing's, then 45009; 0 = any number",
    ],
    [
        "templates-per-minute",
        "COUNT",
        "0",
        "Template messages in a minute, then 45011; 0 = any number",
    ],
    [
        "templates-per-person",
        "COUNT",
        "0",
        "Template messages to one person in a minute, then 43117; 0 = any number",
    ],
    [
        "same-template-seconds",
        "SECONDS",
        "0",
        "How long the same words to the same person are answered 40241",
    ],
];

/// What the flags say.
#[derive(Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    pub callback: String,
    pub public_url: Option<String>,
    pub mode: Mode,
    pub app_id: String,
    pub app_secret: String,
    pub token: String,
    pub encoding_aes_key: String,
    pub original_id: String,
    pub template_id: String,
    pub token_seconds: u64,
    pub limits: Limits,
}

/// The flags, for the command line.
pub fn flags() -> impl Iterator<Item = Arg> {
    FLAGS.into_iter().map(|[name, value, default, help]| {
        let flag = Arg::new(name).long(name).value_name(value).help(help);
        let flag = match name {
            "listen" => flag.value_parser(value_parser!(SocketAddr)),
            "mode" => flag.value_parser(mode),
            "encoding-aes-key" => flag.value_parser(aes_key),
            "token-seconds"
            | "templates-per-day"
            | "templates-per-minute"
            | "templates-per-person"
            | "same-template-seconds" => flag.value_parser(value_parser!(u64)),
            _ => flag,
        };
        if default.is_empty() {
            flag
        } else {
            flag.default_value(default)
        }
    })
}

/// The word for a mode, as the gateway's setting takes it.
pub fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Plain => "plain",
        Mode::Compat => "compat",
        Mode::Safe => "safe",
    }
}

impl Settings {
    /// Reads what the command line gave.
    pub fn read(given: &ArgMatches) -> Settings {
        Settings {
            listen: value(given, "listen"),
            callback: value(given, "callback"),
            public_url: given.get_one("public-url").cloned(),
            mode: value(given, "mode"),
            app_id: value(given, "app-id"),
            app_secret: value(given, "app-secret"),
            token: value(given, "token"),
            encoding_aes_key: value(given, "encoding-aes-key"),
            original_id: value(given, "original-id"),
            template_id: value(given, "template-id"),
            token_seconds: value(given, "token-seconds"),
            limits: Limits {
                per_day: value(given, "templates-per-day"),
                per_minute: value(given, "templates-per-minute"),
                per_person: value(given, "templates-per-person"),
                same_seconds: value(given, "same-template-seconds"),
            },
        }
    }

    /// The base URL of the codes, given the address that was bound.
    pub fn base(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if bound.ip().is_unspecified() => {
                let port = bound.port();
                lan_address().map_or_else(
                    || format!("http://127.0.0.1:{port}"),
                    |ip| format!("http://{}", SocketAddr::new(ip, port)),
                )
            }
            None => format!("http://{bound}"),
        }
    }

    /// The account's cipher.
    pub fn cipher(&self) -> Cipher {
        Cipher::new(&self.encoding_aes_key, &self.app_id)
            .expect("the key was checked when the flags were read")
    }
}

/// The address by which the local network knows this machine: the one a packet to elsewhere would leave from.
/// Nothing is sent.
fn lan_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // An address reserved for documentation; only the routing table is asked.
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The value of a flag that has a default.
pub fn value<T: Clone + Send + Sync + 'static>(given: &ArgMatches, name: &str) -> T {
    let value: &T = given.get_one(name).expect("the flag has a default");
    value.clone()
}

fn mode(text: &str) -> Result<Mode, &'static str> {
    let modes = [Mode::Plain, Mode::Compat, Mode::Safe];
    let named = modes.into_iter().find(|mode| word(*mode) == text);
    named.ok_or("expected plain, compat or safe")
}

fn aes_key(text: &str) -> Result<String, String> {
    Cipher::new(text, "")
        .map(|_| text.to_owned())
        .map_err(|fault| fault.to_string())
}

#[cfg(test)]
impl Settings {
    /// The settings without a flag.
    pub fn sample() -> Settings {
        let command = clap::Command::new("sandbox").args(flags());
        Settings::read(&command.get_matches_from(["sandbox"]))
    }
}
