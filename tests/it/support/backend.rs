//! A publisher at the push port.

use std::net::SocketAddr;

use serde_json::Value;

use super::Wire;

/// One connection to the push port.
pub struct Backend {
    /// The bytes below.
    pub wire: Wire,
}

impl Backend {
    /// Connects.
    pub async fn at(address: SocketAddr) -> Backend {
        Backend {
            wire: Wire::connect(address).await,
        }
    }

    /// Sends a line; returns the line that answers it.
    pub async fn say(&mut self, line: &str) -> String {
        self.writes(&format!("{line}\n")).await;
        self.reply().await
    }

    /// Sends a line that asks for a verdict; returns the verdict.
    pub async fn ask(&mut self, line: &str) -> Value {
        let open = line.trim_end().strip_suffix('}').unwrap();
        let comma = if open == "{" { "" } else { "," };
        let reply = self
            .say(&format!(r#"{open}{comma}"reply":"verbose"}}"#))
            .await;
        serde_json::from_str(&reply).unwrap_or_else(|_| panic!("no verdict: {reply}"))
    }

    /// Sends text as it is.
    pub async fn writes(&mut self, text: &str) {
        self.wire.sends(text).await;
    }

    /// The next reply, without its newline.
    pub async fn reply(&mut self) -> String {
        let line = self.wire.takes_until(b"\n").await;
        let line = String::from_utf8(line.expect("a reply before the end")).unwrap();
        line.strip_suffix('\n').unwrap().to_owned()
    }

    /// Waits until the gateway closes, without another word.
    pub async fn is_closed(&mut self) {
        self.wire.is_closed().await;
    }
}
