//! JSON of every shape that a page or a backend might write, read twice: by the gateway and by
//! `serde_json::Value`.

use proptest::prelude::*;

#[path = "../../fuzz/cases/message.rs"]
mod cases;

/// A string as JSON, plain or with every character as an escape.
fn quoted(text: &str, escaped: bool) -> String {
    if !escaped {
        return serde_json::to_string(text).unwrap();
    }
    let units = text.encode_utf16();
    let escapes: String = units.map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{escapes}\"")
}

fn string(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (text, any::<bool>()).prop_map(|(text, escaped)| quoted(&text, escaped))
}

fn name() -> impl Strategy<Value = String> {
    let ours = [
        "cmd", "pong", "uid", "ticket", "key", "since", "push_id", "reply", "auth", "event_id",
    ];
    let ours = prop::sample::select(ours.to_vec()).prop_map(str::to_owned);
    string(prop_oneof![9 => ours, 1 => any::<String>()])
}

fn value() -> impl Strategy<Value = String> {
    let words = "|ping|verbose|0|1|01|+1|-1|1.0|1e3|4294967295|4294967296|5-1|5-|00112233445566778899AABBCCDDEEFF";
    let words: Vec<&str> = words.split('|').collect();
    let literals = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "1.0",
        "1e0",
        "-1",
        "4294967295",
        "4294967296",
        "18446744073709551617",
        "[]",
        "{}",
        r#"[{"uid":2}]"#,
        r#"{"uid":2,"cmd":"ping"}"#,
    ];
    prop_oneof![
        2 => prop::sample::select(literals.to_vec()).prop_map(str::to_owned),
        2 => string(prop::sample::select(words).prop_map(str::to_owned)),
        1 => any::<u64>().prop_map(|number| number.to_string()),
        1 => string(any::<String>()),
        1 => string("[a-z]{60,70}|x{510,515}|é{255,257}"),
    ]
}

/// An object, often with a member twice, and with white space where it may be.
fn object() -> impl Strategy<Value = String> {
    let blank = prop::sample::select(&["", "", " ", "\t", "\r\n"][..]);
    let member = (name(), value(), blank)
        .prop_map(|(name, value, blank)| format!("{blank}{name}{blank}:{blank}{value}{blank}"));
    prop::collection::vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(",")))
}

/// Likely to be a bind or an event, which is where most of the reading happens.
fn claim() -> impl Strategy<Value = String> {
    let uid = prop_oneof![Just("7"), Just("\"7\""), Just("\"\\u0037\"")];
    (uid, object()).prop_map(|(uid, object)| {
        let rest = object[1..].replacen('}', " }", usize::from(object == "{}"));
        let comma = if object == "{}" { "" } else { "," };
        format!(r#"{{"uid":{uid},"ticket":"t"{comma}{rest}"#)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn objects_read_the_same_twice(text in prop_oneof![object(), claim()]) {
        cases::bind(text.as_bytes());
        cases::push_line(text.as_bytes());
    }

    #[test]
    fn so_do_broken_ones(text in claim(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        cases::bind(&bytes);
        cases::push_line(&bytes);
        bytes.truncate(at);
        cases::bind(&bytes);
        cases::push_line(&bytes);
    }
}
