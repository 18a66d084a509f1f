//! What certain texts must look like; each returns the text, tidied perhaps, or what is wrong.

use super::text::expected;
use crate::webhook::SigningKey;

/// The fewest bytes of a secret that somebody invents.
const SECRET_BYTES: usize = 8;

/// A secret long enough not to be guessed at once.
pub(super) fn strong(text: &str) -> Result<String, String> {
    if text.len() < SECRET_BYTES {
        return Err(format!(
            "is too short, expected at least {SECRET_BYTES} bytes"
        ));
    }
    Ok(text.to_owned())
}

/// `https://HOST[:PORT][/PATH]`; a slash at the end is removed.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    const FORM: &str = "a URL such as https://example.com, without user, query or fragment";
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or_else(|| expected(FORM, text))?;
    let host = rest.split('/').next().unwrap_or_default();
    // Not quoted: what stands before the @ may be a password.
    if host.contains('@') {
        return Err(format!("expected {FORM}"));
    }
    let stray = |c: char| c.is_whitespace() || c.is_control() || "?#\\\"<>".contains(c);
    if host.is_empty() || host.starts_with(':') || text.contains(stray) {
        return Err(expected(FORM, text));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// `https://HOST[:PORT][/PATH][?QUERY]`, as it is.
pub(super) fn hook_url(text: &str) -> Result<String, String> {
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    base_url(address)?;
    let plain = |c: char| c.is_ascii_graphic() && !"#\\\"<>".contains(c);
    // The parser itself lets any text stand for the port.
    let has_good_port = |uri: hyper::Uri| {
        uri.authority()
            .is_some_and(|place| place.as_str() == place.host() || place.port_u16().is_some())
    };
    let is_url = text.is_ascii() && text.parse().is_ok_and(has_good_port);
    if !is_url || !query.chars().all(plain) {
        // Not quoted: what stands in the query may be a password.
        return Err("expected a URL such as https://example.com/hook.php?site=1".to_owned());
    }
    Ok(text.to_owned())
}

/// A secret that signs: `whsec_` and at least 8 bytes in base64, or other text of that length.
pub(super) fn hook_secret(text: &str) -> Result<String, String> {
    let key = SigningKey::new(text).ok_or("expected base64 behind whsec_")?;
    if key.size_bytes() < SECRET_BYTES {
        return Err(format!(
            "is too short, expected at least {SECRET_BYTES} bytes"
        ));
    }
    Ok(text.to_owned())
}

/// A name to show: 1 to 32 characters on one line, and none of `<>`, for the chat knows links.
pub(super) fn site_name(text: &str) -> Result<String, String> {
    let stray = |c: char| c.is_control() || "<>".contains(c);
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 32 || name.contains(stray) {
        return Err(expected("1 to 32 characters, neither < nor >", text));
    }
    Ok(name.to_owned())
}

/// What begins every key at a shared Redis: without braces, for those choose the shard.
pub(super) fn key_prefix(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if text.is_empty() || text.len() > 64 || !text.chars().all(plain) {
        return Err(expected("1 to 64 letters, digits or - _ . : /", text));
    }
    Ok(text.to_owned())
}

/// A place to send the browser to: a path of the same site, or a URL.
pub(super) fn destination(text: &str) -> Result<String, String> {
    let stray = |c: char| c.is_whitespace() || c.is_control() || "?#\\\"<>".contains(c);
    if text.starts_with('/') && !text.starts_with("//") && !text.contains(stray) {
        return Ok(text.to_owned());
    }
    let keep = |_| text.to_owned();
    base_url(text)
        .map(keep)
        .map_err(|_| expected("a path such as /login or a URL, without query", text))
}

/// `wx` and 16 hexadecimal digits.
pub(super) fn app_id(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("wx").unwrap_or_default();
    let lower_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if digits.len() != 16 || !digits.bytes().all(lower_hex) {
        return Err(expected("wx and 16 hexadecimal digits", text));
    }
    Ok(text.to_owned())
}

/// The kinds of a template's fields that hold any text. The platform refuses a message of which another
/// kind does not hold what it should: `number` a number, `phrase` a few Han characters.
const TEXT_KINDS: [&str; 3] = ["thing", "keyword", "character_string"];
/// The kinds that hold a point in time, too.
const TIME_KINDS: [&str; 2] = ["time", "date"];

/// The name of a template's field that holds any text.
pub(super) fn text_field(text: &str) -> Result<String, String> {
    let form = "thing, keyword or character_string, and its number, such as thing1";
    field_of(&TEXT_KINDS, text).ok_or_else(|| expected(form, text))
}

/// The name of a template's field that holds a time.
pub(super) fn time_field(text: &str) -> Result<String, String> {
    let form = "time, date, thing, keyword or character_string, and its number, such as time2";
    field_of(&TIME_KINDS, text)
        .or_else(|| field_of(&TEXT_KINDS, text))
        .ok_or_else(|| expected(form, text))
}

/// One of these kinds, then its number.
fn field_of(kinds: &[&str], text: &str) -> Option<String> {
    let kind = text.trim_end_matches(|c: char| c.is_ascii_digit());
    (kinds.contains(&kind) && kind.len() < text.len()).then(|| text.to_owned())
}

/// The Token of the WeChat console: 3 to 32 letters and digits.
pub(super) fn wechat_token(text: &str) -> Result<String, String> {
    if !(3..=32).contains(&text.len()) || !is_alphanumeric(text) {
        return Err("expected 3 to 32 letters and digits".to_owned());
    }
    Ok(text.to_owned())
}

/// The EncodingAESKey of the WeChat console: 43 letters and digits.
pub(super) fn encoding_aes_key(text: &str) -> Result<String, String> {
    if text.len() != 43 || !is_alphanumeric(text) {
        return Err("expected 43 letters and digits".to_owned());
    }
    Ok(text.to_owned())
}

/// Words of the log filter: `info`, `warn,scangate=debug`.
pub(super) fn log_directives(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    const FORM: &str = "a level (off, error, warn, info, debug, trace) or directives such as \
                        warn,scangate=debug";
    for directive in text.split(',') {
        // The filter takes any word for the name of a module, so that `inof` would turn logging off.
        let level = directive
            .rsplit_once('=')
            .map_or(directive, |(_, level)| level);
        if !LEVELS.contains(&level.trim().to_ascii_lowercase().as_str()) {
            return Err(expected(FORM, text));
        }
    }
    tracing_subscriber::EnvFilter::try_new(text).map_err(|_| expected(FORM, text))?;
    Ok(text.to_owned())
}

fn is_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_http_and_bare() {
        assert_eq!(
            base_url("https://a.example/x/").as_deref(),
            Ok("https://a.example/x")
        );
        assert_eq!(
            base_url("http://[::1]:80").as_deref(),
            Ok("http://[::1]:80")
        );
        for wrong in [
            "ftp://a",
            "a.example",
            "https://",
            "https://a/?b",
            "http://a b",
            "http://:80",
        ] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
        let fault = base_url("https://me:hunter22@a.example").unwrap_err();
        assert!(!fault.contains("hunter22"), "{fault}");
    }

    #[test]
    fn a_hook_may_have_a_query_and_keeps_its_slash() {
        for right in [
            "https://a.example/hook/",
            "http://127.0.0.1:80/index.php?r=hook&x=%20",
        ] {
            assert_eq!(hook_url(right).as_deref(), Ok(right));
        }
        for wrong in [
            "a.example/hook",
            "https://a.example/#x",
            "https://a.example/?a b",
            "https://a.example/钩",
            "https://a.example:x/",
        ] {
            assert!(hook_url(wrong).is_err(), "{wrong}");
        }
        assert!(hook_secret("12345678").is_ok() && hook_secret("1234567").is_err());
        assert!(hook_secret("whsec_MfKQ9r8GKYo=").is_ok());
        assert!(hook_secret("whsec_MfKQ9r8G").is_err() && hook_secret("whsec_!").is_err());
    }

    #[test]
    fn people_are_sent_to_paths_or_urls_only() {
        assert!(destination("/admin/login.php").is_ok());
        assert!(destination("https://a.example/login").is_ok());
        for wrong in ["javascript:alert(1)", "//evil.example", "/a?b=c", "login"] {
            assert!(destination(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_field_of_the_template_holds_what_is_put_into_it() {
        for right in ["thing1", "keyword20", "character_string3"] {
            assert_eq!(text_field(right).as_deref(), Ok(right));
            assert_eq!(time_field(right).as_deref(), Ok(right));
        }
        for time in ["time2", "date10"] {
            assert_eq!(time_field(time).as_deref(), Ok(time));
            assert!(text_field(time).is_err(), "{time}");
        }
        for wrong in [
            "thing",
            "1",
            "",
            "Thing1",
            "thing1.DATA",
            "thing_1",
            "thing1a",
            "phrase1",
            "number1",
            "letter1",
            "symbol1",
            "amount1",
            "phone_number1",
            "car_number1",
            "name1",
            "const1",
            "enum1",
            "first1",
        ] {
            assert!(text_field(wrong).is_err(), "{wrong}");
            assert!(time_field(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mistyped_level_is_not_taken_for_a_module() {
        for right in [
            "info",
            "WARN",
            "warn,scangate=debug",
            "scangate::doors=trace,off",
        ] {
            assert!(log_directives(right).is_ok(), "{right}");
        }
        for wrong in ["inof", "scangate=loud", "info,"] {
            assert!(log_directives(wrong).is_err(), "{wrong}");
        }
    }
}
