//! Query strings: read strictly (nothing twice, nothing half decoded) and written safely.

/// The decoded parameters of one query string; no name occurs twice.
pub struct Query {
    pairs: Vec<(String, String)>,
}

/// Why a query string is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// One name occurs twice: choosing one of them would be guessing.
    #[error("a query parameter is repeated")]
    Repeated,
    /// A percent escape is cut short or its bytes are not UTF-8.
    #[error("the query string is not properly encoded")]
    BadEncoding,
    /// More parameters than anybody sends.
    #[error("the query string has too many parameters")]
    TooMany,
}

/// Parameters of one query; each is compared with all before it.
const MOST_PARAMETERS: usize = 64;

impl Query {
    /// Reads the part of a URL after the `?`, decoding each name and value once (`+` is a space).
    ///
    /// # Errors
    /// [`QueryError`] for a repeated name, a bad escape, or over 64 parameters.
    pub fn parse(raw: &str) -> Result<Query, QueryError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = decode(name).ok_or(QueryError::BadEncoding)?;
            let value = decode(value).ok_or(QueryError::BadEncoding)?;
            if pairs.len() >= MOST_PARAMETERS {
                return Err(QueryError::TooMany);
            }
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(QueryError::Repeated);
            }
            pairs.push((name, value));
        }
        Ok(Query { pairs })
    }

    /// The value of `name`, if it was given; it may be empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }
}

/// Percent-encodes everything but letters, digits and `- . _ ~`.
///
/// Tickets are base64: a bare `+` would be read as a space, a bare `=` or `/` is at the mercy of proxies.
pub fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

/// The address of a code's picture: `qr_url` (such as `https://mp.weixin.qq.com/cgi-bin/showqrcode`) with the ticket.
pub fn picture_url(qr_url: &str, ticket: &str) -> String {
    format!("{qr_url}?ticket={}", encode(ticket))
}

/// Decodes percent escapes, once, as in a segment of a path; None for a bad one, or where the bytes
/// are not UTF-8.
pub fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn decode(text: &str) -> Option<String> {
    unescape(&text.replace('+', " "))
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let query = Query::parse("a=%2541+b&c&&d=%E6%B1%89").unwrap();
        assert_eq!(query.get("a"), Some("%41 b"));
        assert_eq!(query.get("c"), Some(""));
        assert_eq!(query.get("d"), Some("汉"));
        assert_eq!(query.get("e"), None);
    }

    #[test]
    fn repeated_names_and_bad_escapes_are_refused() {
        assert_eq!(
            Query::parse("a=1&b=2&%61=3").err(),
            Some(QueryError::Repeated)
        );
        for raw in ["a=%", "a=%4", "a=%zz", "a=%FF"] {
            assert_eq!(Query::parse(raw).err(), Some(QueryError::BadEncoding));
        }
    }

    #[test]
    fn a_segment_of_a_path_has_its_own_plus() {
        assert_eq!(unescape("a+b%2Fc%20d").as_deref(), Some("a+b/c d"));
        assert_eq!(unescape("%2"), None);
    }

    #[test]
    fn a_ticket_survives_the_query() {
        let ticket = "gQ+/==汉 &";
        let url = picture_url("http://x/y", ticket);
        let query = Query::parse(url.split_once('?').unwrap().1).unwrap();
        assert_eq!(query.get("ticket"), Some(ticket));
    }
}
