//! How a value is read from text and shown as text: one trait, the same for file, environment and flags.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

/// A type that a setting can have.
pub trait Text: Sized {
    /// What a value looks like, completing "expected …".
    const FORM: &'static str;
    /// The word that stands for a value in the help: `PATH`.
    const PLACEHOLDER: &'static str;
    /// How the printed configuration writes it.
    const NOTATION: Notation = Notation::Quoted;
    /// True for what must never be shown, nor come from a flag.
    const SECRET: bool = false;

    /// Reads a value; the error is the whole sentence that the operator sees, so a secret's must not quote it.
    fn from_text(text: &str) -> Result<Self, String>;

    /// The value as `from_text` would read it (a secret's as `…`), or none where it is unset.
    fn to_text(&self) -> Option<String>;

    /// What a setting without value and default is; only optional types have such a value.
    fn unset() -> Option<Self> {
        None
    }

    /// The number that a setting's range limits.
    fn number(&self) -> Option<f64> {
        None
    }
}

/// How a value is written in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `"text"`
    Quoted,
    /// `12`
    Bare,
    /// `true`; its flag may come without a value
    Switch,
    /// `["one", "two"]`
    List,
}

/// The sentence for a value that is not what it should be.
pub(super) fn expected(form: &str, text: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    if text.is_empty() {
        return format!("expected {form}, found nothing");
    }
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    let dots = if shown.len() < text.len() { "…" } else { "" };
    format!("expected {form}, found `{shown}{dots}`")
}

/// An empty value unsets an optional setting, except a secret: there it is a mistake.
impl<T: Text> Text for Option<T> {
    const FORM: &'static str = T::FORM;
    const PLACEHOLDER: &'static str = T::PLACEHOLDER;
    const NOTATION: Notation = T::NOTATION;
    const SECRET: bool = T::SECRET;

    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() && !T::SECRET {
            return Ok(None);
        }
        T::from_text(text).map(Some)
    }

    fn to_text(&self) -> Option<String> {
        self.as_ref().and_then(T::to_text)
    }

    fn unset() -> Option<Self> {
        Some(None)
    }

    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(T::number)
    }
}

impl Text for String {
    const FORM: &'static str = "text";
    const PLACEHOLDER: &'static str = "TEXT";

    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err(expected(Self::FORM, text));
        }
        Ok(text.to_owned())
    }

    fn to_text(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Text for PathBuf {
    const FORM: &'static str = "a path";
    const PLACEHOLDER: &'static str = "PATH";

    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err(expected(Self::FORM, text));
        }
        Ok(Self::from(text))
    }

    fn to_text(&self) -> Option<String> {
        Some(self.display().to_string())
    }
}

impl Text for SocketAddr {
    const FORM: &'static str = "ADDR:PORT";
    const PLACEHOLDER: &'static str = "ADDR:PORT";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| expected("ADDR:PORT such as 127.0.0.1:8080 or [::1]:8080", text))
    }

    fn to_text(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Text for bool {
    const FORM: &'static str = "true or false";
    const PLACEHOLDER: &'static str = "BOOL";
    const NOTATION: Notation = Notation::Switch;

    fn from_text(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(expected(Self::FORM, text)),
        }
    }

    fn to_text(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! whole_number {
    ($($type:ty),+) => {$(
        impl Text for $type {
            const FORM: &'static str = "a whole number";
            const PLACEHOLDER: &'static str = "NUMBER";
            const NOTATION: Notation = Notation::Bare;

            fn from_text(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| expected(Self::FORM, text))
            }

            fn to_text(&self) -> Option<String> {
                Some(self.to_string())
            }

            #[allow(clippy::cast_precision_loss, clippy::cast_lossless)]
            fn number(&self) -> Option<f64> {
                Some(*self as f64)
            }
        }
    )+};
}

whole_number!(u32, i32, usize);

impl Text for Duration {
    const FORM: &'static str = "seconds";
    const PLACEHOLDER: &'static str = "SECONDS";
    const NOTATION: Notation = Notation::Bare;

    fn from_text(text: &str) -> Result<Self, String> {
        let seconds: Option<f64> = text.parse().ok();
        seconds
            .and_then(|seconds| Self::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| expected("seconds such as 2 or 0.5", text))
    }

    fn to_text(&self) -> Option<String> {
        Some(self.as_secs_f64().to_string())
    }

    fn number(&self) -> Option<f64> {
        Some(self.as_secs_f64())
    }
}

/// Networks separated by commas; a single address is a network of one.
impl Text for Vec<IpNet> {
    const FORM: &'static str = "addresses or CIDRs";
    const PLACEHOLDER: &'static str = "CIDR,…";
    const NOTATION: Notation = Notation::List;

    fn from_text(text: &str) -> Result<Self, String> {
        items(text)
            .map(|item| {
                let network: Option<IpNet> = item.parse().ok();
                let address = || item.parse::<IpAddr>().ok().map(IpNet::from);
                network
                    .or_else(address)
                    .ok_or_else(|| expected("addresses or CIDRs such as 10.0.0.0/8", item))
            })
            .collect()
    }

    fn to_text(&self) -> Option<String> {
        let networks: Vec<String> = self.iter().map(IpNet::to_string).collect();
        Some(networks.join(","))
    }
}

/// The items of a list that is written with commas.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_take_decimals_and_refuse_the_impossible() {
        assert_eq!(Duration::from_text("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(Duration::from_millis(500).to_text().as_deref(), Some("0.5"));
        assert_eq!(Duration::from_secs(120).to_text().as_deref(), Some("120"));
        for wrong in ["", "-1", "inf", "NaN", "2s", "1e300"] {
            assert!(Duration::from_text(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_single_address_is_a_network_of_one() {
        let networks = Vec::<IpNet>::from_text("10.0.0.0/8, ::1 ,192.0.2.7").unwrap();
        assert_eq!(
            networks.to_text().as_deref(),
            Some("10.0.0.0/8,::1/128,192.0.2.7/32")
        );
        assert!(Vec::<IpNet>::from_text("").unwrap().is_empty());
        let fault = Vec::<IpNet>::from_text("10.0.0.0/8,ten").unwrap_err();
        assert!(fault.contains("`ten`"), "{fault}");
    }

    #[test]
    fn bools_are_written_as_people_write_them() {
        for yes in ["true", "1", "yes", "on", "TRUE"] {
            assert_eq!(bool::from_text(yes), Ok(true));
        }
        for no in ["false", "0", "no", "off", "Off"] {
            assert_eq!(bool::from_text(no), Ok(false));
        }
        assert!(bool::from_text("maybe").is_err());
    }

    #[test]
    fn an_empty_value_unsets_what_is_optional() {
        assert_eq!(Option::<PathBuf>::from_text(""), Ok(None));
        assert!(PathBuf::from_text("").is_err());
    }
}
