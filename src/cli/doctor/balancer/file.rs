//! The timeouts in a configuration of HAProxy or nginx, read as plainly as possible: every directive of the
//! file counts, wherever it stands.
//!
//! ```text
//! timeout tunnel 75s            HAProxy; milliseconds where no unit stands
//! proxy_read_timeout 75s;       nginx; seconds where no unit stands
//! ```

use std::time::Duration;

/// The directives that cut silent websockets, each with its shortest time.
pub(super) fn timeouts(text: &str) -> Vec<(&'static str, Duration)> {
    let statements: Vec<Vec<&str>> = statements(text).collect();
    let shortest = |directive: &[&str], bare: Duration| {
        let values = statements
            .iter()
            .filter_map(|words| words.strip_prefix(directive)?.first());
        values.filter_map(|value| span(value, bare)).min()
    };
    let haproxy = |directive| shortest(&["timeout", directive], Duration::from_millis(1));
    if let Some(tunnel) = haproxy("tunnel") {
        // Once a connection is a tunnel the other two do not count.
        return vec![("timeout tunnel", tunnel)];
    }
    let nginx = |directive| shortest(&[directive], Duration::from_secs(1));
    let found = [
        ("timeout client", haproxy("client")),
        ("timeout server", haproxy("server")),
        ("proxy_read_timeout", nginx("proxy_read_timeout")),
        ("proxy_send_timeout", nginx("proxy_send_timeout")),
    ];
    let mut told: Vec<_> = found
        .into_iter()
        .filter_map(|(directive, after)| Some((directive, after?)))
        .collect();
    let is_nginx = || {
        let first = |words: &Vec<&str>| words.first() == Some(&"proxy_pass");
        statements.iter().any(first)
    };
    if told.is_empty() && is_nginx() {
        told.push(("nginx's default", Duration::from_secs(60)));
    }
    told
}

/// The words of each line, or, where several directives of nginx stand in one, of each of those.
fn statements(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().map(without_comment);
    let statements = lines.flat_map(|line| line.split([';', '{', '}']));
    statements.map(|statement| statement.split_whitespace().collect())
}

/// A comment begins with a `#` that stands at the start of a word.
fn without_comment(line: &str) -> &str {
    let starts = |at: &usize| {
        line[..*at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    };
    let mut hashes = line.match_indices('#').map(|(at, _)| at);
    let end = hashes.find(starts).unwrap_or(line.len());
    &line[..end]
}

/// `75s`, `1m30s`, `500ms`, or a bare number of some unit.
fn span(text: &str, bare: Duration) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let letters = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let unit = match unit {
            "" => bare,
            "us" => Duration::from_micros(1),
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            "d" => Duration::from_secs(24 * 3600),
            _ => return None,
        };
        sum += unit.checked_mul(number.parse().ok()?)?;
        rest = after;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn spans_are_read_in_every_unit() {
        for (text, seconds) in [("75s", 75.0), ("1m30s", 90.0), ("500ms", 0.5), ("75", 75.0)] {
            let expected = Some(Duration::from_secs_f64(seconds));
            assert_eq!(span(text, SECOND), expected, "{text}");
        }
        assert_eq!(span("5000", Duration::from_millis(1)), Some(5 * SECOND));
        assert_eq!(span("soon", SECOND), None);
        assert_eq!(span("5y", SECOND), None);
    }

    #[test]
    fn our_own_examples_have_75_seconds() {
        for (text, directives) in [
            (
                include_str!("../../../../examples/haproxy-tcp.cfg"),
                &["timeout client", "timeout server"][..],
            ),
            (
                include_str!("../../../../examples/haproxy-http.cfg"),
                &["timeout tunnel"],
            ),
            (
                include_str!("../../../../examples/nginx.conf"),
                &["proxy_read_timeout", "proxy_send_timeout"],
            ),
        ] {
            let expected: Vec<_> = directives.iter().map(|&name| (name, 75 * SECOND)).collect();
            assert_eq!(timeouts(text), expected);
        }
    }

    #[test]
    fn it_does_not_matter_how_a_file_is_laid_out() {
        for (text, directive) in [
            ("\ttimeout\tclient\t30s\n", "timeout client"),
            ("  timeout   server    30s   # as ever", "timeout server"),
            (
                "location / { proxy_pass http://nodes; proxy_read_timeout 30s; }",
                "proxy_read_timeout",
            ),
            ("proxy_send_timeout\t30s;#short", "proxy_send_timeout"),
        ] {
            assert_eq!(timeouts(text), [(directive, 30 * SECOND)], "{text}");
        }
    }

    #[test]
    fn nginx_has_a_default_and_others_have_none() {
        let file = "location / {\n  proxy_pass http://nodes;\n}\n";
        assert_eq!(timeouts(file), [("nginx's default", 60 * SECOND)]);
        assert_eq!(timeouts("# timeout client 5s\nbind :80\n"), []);
    }
}
