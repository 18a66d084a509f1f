//! Which web pages may talk to the gateway: the allow-list of origins (RFC 6454).

use super::text::{Notation, Text, expected, items};

/// Pages that may open a websocket or ask for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Only pages that came from the host that the request addresses.
    SameOrigin,
    /// Every page.
    Any,
    /// These, each `scheme://host[:port]` in lower case without the scheme's own port, or the word
    /// `same-origin`.
    List(Vec<String>),
}

impl Origins {
    /// Whether a page of `origin` (its Origin header: `https://a.example`) is welcome in a request
    /// to the host `own` (its Host header: `a.example:443`).
    pub fn allows(&self, origin: &str, own: &str) -> bool {
        let Some(origin) = normal(origin) else {
            return *self == Self::Any;
        };
        let same = || {
            let (scheme, _) = origin
                .split_once("://")
                .expect("a normal origin has a scheme");
            normal(&format!("{scheme}://{own}")).as_ref() == Some(&origin)
        };
        match self {
            Self::Any => true,
            Self::SameOrigin => same(),
            Self::List(list) => list
                .iter()
                .any(|item| *item == origin || (item == SAME_ORIGIN && same())),
        }
    }
}

/// The word for the pages of the gateway's own host.
const SAME_ORIGIN: &str = "same-origin";

/// An origin in the one form in which it is compared; none if it is not of that shape (`null`).
fn normal(origin: &str) -> Option<String> {
    let origin = origin.to_ascii_lowercase();
    let (scheme, host) = origin.split_once("://")?;
    let own_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let host = host.strip_suffix(own_port).unwrap_or(host);
    let stray = |c: char| c.is_whitespace() || c.is_control() || "/?#@\\\"*,".contains(c);
    let bare = !scheme.is_empty() && !host.is_empty() && !host.contains(stray);
    bare.then(|| format!("{scheme}://{host}"))
}

impl Text for Origins {
    const FORM: &'static str = "same-origin, * or origins";
    const PLACEHOLDER: &'static str = "ORIGIN,…";
    const NOTATION: Notation = Notation::List;

    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            SAME_ORIGIN | "" => return Ok(Self::SameOrigin),
            "*" => return Ok(Self::Any),
            _ => {}
        }
        items(text)
            .map(|item| {
                if item == SAME_ORIGIN {
                    return Ok(item.to_owned());
                }
                // Pasted from an address bar it ends with a slash.
                normal(item.strip_suffix('/').unwrap_or(item)).ok_or_else(|| {
                    expected("same-origin, * or origins such as https://a.example", item)
                })
            })
            .collect::<Result<_, _>>()
            .map(Self::List)
    }

    fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::SameOrigin => SAME_ORIGIN.to_owned(),
            Self::Any => "*".to_owned(),
            Self::List(list) => list.join(","),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_origin_compares_with_the_host_header() {
        let origins = Origins::SameOrigin;
        assert!(origins.allows("https://A.example", "a.example"));
        assert!(origins.allows("https://a.example", "a.example:443"));
        assert!(origins.allows("http://localhost:2129", "localhost:2129"));
        assert!(origins.allows("http://[::1]:2129", "[::1]:2129"));
        assert!(!origins.allows("https://a.example", "a.example:8443"));
        assert!(!origins.allows("https://evil.example", "a.example"));
        assert!(!origins.allows("null", "null"));
        assert!(!origins.allows("", ""));
    }

    #[test]
    fn a_list_compares_scheme_host_and_port() {
        let origins = Origins::from_text("https://a.example/, http://B.example:8080").unwrap();
        assert!(origins.allows("https://a.example", "gateway"));
        assert!(origins.allows("https://a.example:443", "gateway"));
        assert!(origins.allows("http://b.example:8080", "gateway"));
        assert!(!origins.allows("http://a.example", "gateway"));
        assert!(!origins.allows("https://a.example.evil.example", "gateway"));
        assert!(!origins.allows("https://gateway", "gateway"));
        let with_own = Origins::from_text("https://a.example,same-origin").unwrap();
        assert!(with_own.allows("https://a.example", "gateway"));
        assert!(with_own.allows("https://gateway", "gateway"));
        assert!(!with_own.allows("https://b.example", "gateway"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for wrong in [
            "a.example",
            "https://",
            "https://a/path",
            "https://*.a.example",
            "*,*",
        ] {
            assert!(Origins::from_text(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Origins::from_text("*"), Ok(Origins::Any));
    }
}
