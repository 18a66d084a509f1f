//! Callbacks that are almost those of the platform, and the cipher at every length.

use proptest::prelude::*;
use scangate::wechat::cipher::Cipher;
use scangate::wechat::query::{self, Query};
use serde_json::Value;

#[path = "../../fuzz/cases/wechat.rs"]
mod cases;

const KEY: &str = "S3vy4z81mdPZQ7LawD7ljvJXSgmo4hL5uKkFZe52kJT";

/// The plain bodies of the vectors that are no larger than a real push.
fn bodies() -> Vec<String> {
    const VECTORS: &str = include_str!("../vectors/event-xml.json");
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    let bodies: Vec<String> = cases
        .filter_map(|case| case["body"].as_str())
        .filter(|body| (1..2048).contains(&body.len()))
        .map(str::to_owned)
        .collect();
    assert!(bodies.len() > 40);
    bodies
}

/// One change of a body: at a place, cut some bytes out and put others in.
fn change() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    let pieces = [
        "",
        "<",
        ">",
        "</",
        "/>",
        "&",
        ";",
        "&#13;",
        "&#x0;",
        "&lt;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<!DOCTYPE",
        "<xml>",
        "</xml>",
        "<A>",
        "</A>",
        " a='1'",
        "\r",
        "\u{feff}",
        "\u{1}",
        "汉",
    ];
    let pieces = prop::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec());
    let bytes = prop::collection::vec(any::<u8>(), 1..3);
    let put_in = prop_oneof![4 => pieces, 1 => bytes];
    (any::<prop::sample::Index>(), 0..6usize, put_in)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_bodies_are_read_again_the_same_or_refused(
        body in prop::sample::select(bodies()),
        changes in prop::collection::vec(change(), 0..4),
    ) {
        let mut body = body.into_bytes();
        for (at, cut, put_in) in changes {
            let at = at.index(body.len() + 1);
            let end = (at + cut).min(body.len());
            body.splice(at..end, put_in);
        }
        cases::wechat_xml(&body);
        body.splice(0..0, *b"signature=1\n");
        cases::wechat_gate(&body);
    }

    #[test]
    fn frames_of_any_bytes_open_to_what_they_say(
        start: [u8; 16],
        text in "\\PC{0,40}",
        length in prop_oneof![3 => Just(None), 1 => (0..80u32).prop_map(Some)],
        rest in prop_oneof![3 => Just("wx7e30061295530172"), 1 => Just("wx"), 1 => Just("")],
        pad in 0..40usize,
    ) {
        let mut frame = start.to_vec();
        frame.extend(length.unwrap_or(text.len() as u32).to_be_bytes());
        frame.extend(text.as_bytes());
        frame.extend(rest.as_bytes());
        let fitting = 16 - frame.len() % 16;
        let pad = if pad > 33 { fitting } else { pad };
        frame.extend(vec![pad as u8; pad]);
        cases::wechat_cipher(&frame);
    }

    #[test]
    fn any_text_survives_the_cipher(text: String, random: [u8; 16], app_id in "[a-z0-9]{0,40}") {
        let cipher = Cipher::new(KEY, &app_id).unwrap();
        let sealed = cipher.encrypt(&text, random);
        prop_assert_eq!(cipher.decrypt(&sealed), Ok(text));
        let other = Cipher::new(KEY, &format!("{app_id}x")).unwrap();
        prop_assert!(other.decrypt(&sealed).is_err());
    }

    #[test]
    fn a_changed_ciphertext_does_not_panic(text: String, at: prop::sample::Index, byte: u8) {
        let cipher = Cipher::new(KEY, "wx7e30061295530172").unwrap();
        let mut sealed = cipher.encrypt(&text, [1; 16]).into_bytes();
        let at = at.index(sealed.len());
        sealed[at] = byte;
        let _ = cipher.decrypt(&String::from_utf8_lossy(&sealed));
    }

    #[test]
    fn any_value_survives_a_query(name in "\\PC{1,8}", value: String, other in "[a-z]{1,8}") {
        prop_assume!(name != other);
        let raw = format!("{}={}&{other}=1", query::encode(&name), query::encode(&value));
        let query = Query::parse(&raw).unwrap();
        prop_assert_eq!(query.get(&name), Some(value.as_str()));
        prop_assert_eq!(query.get(&other), Some("1"));
    }
}

#[test]
fn every_length_survives_the_cipher() {
    let cipher = Cipher::new(KEY, "wx7e30061295530172").unwrap();
    for character in ["x", "é", "汉", "🦀"] {
        for length in 0..=200 {
            let text = character.repeat(length);
            assert_eq!(cipher.decrypt(&cipher.encrypt(&text, [7; 16])), Ok(text));
        }
    }
}
