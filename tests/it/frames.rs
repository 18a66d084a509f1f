//! Strangers' bytes on a real socket: what the protocol allows, and how what it forbids ends.

use crate::support::{CLOSE, Gateway, PING, PONG, TEXT, Websocket, Wire, masked};

const QUESTION: &[u8] = br#"{"cmd":"ping","pong":true}"#;
const ANSWER: &str = r#"{"cmd":"pong"}"#;

async fn websocket(gateway: &Gateway) -> Websocket {
    let wire = Wire::connect(gateway.public()).await;
    Websocket::open(wire, "/").await
}

/// Sends these bytes on a fresh websocket; the gateway must close it with `code`.
async fn ends(gateway: &Gateway, what: &str, bytes: impl AsRef<[u8]>, code: u16) {
    let mut websocket = websocket(gateway).await;
    // It may be closed before all of it is sent.
    let _ = websocket.wire.tries_to_send(bytes).await;
    let close = websocket.last_words().await;
    assert_eq!(close.close_code(), Some(code), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_protocol_is_closed_with_1002() {
    let gateway = Gateway::start().await;
    let mut unmasked = vec![TEXT, u8::try_from(QUESTION.len()).unwrap()];
    unmasked.extend(QUESTION);
    let two = |one: Vec<u8>, other: Vec<u8>| [one, other].concat();
    for (what, bytes) in [
        ("not masked", unmasked),
        ("an empty frame that is not masked", vec![TEXT, 0]),
        ("RSV1", masked(0xC1, QUESTION)),
        ("RSV2", masked(0xA1, QUESTION)),
        ("RSV3", masked(0x91, QUESTION)),
        ("a reserved opcode", masked(0x83, QUESTION)),
        ("a reserved control opcode", masked(0x8B, b"")),
        ("a fragmented ping", masked(0x09, b"")),
        ("a fragmented close", masked(0x08, b"")),
        ("a ping of 126 bytes", masked(PING, &[b'x'; 126])),
        ("a pong of 126 bytes", masked(PONG, &[b'x'; 126])),
        ("a close of 126 bytes", masked(CLOSE, &[3; 126])),
        ("an end of nothing", masked(0x80, QUESTION)),
        ("a middle of nothing", masked(0x00, QUESTION)),
        (
            "a text within a text",
            two(masked(0x01, b"{"), masked(TEXT, QUESTION)),
        ),
        ("a close of one byte", masked(CLOSE, &[3])),
    ] {
        ends(&gateway, what, bytes, 1002).await;
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535_u16] {
        let frame = masked(CLOSE, &code.to_be_bytes());
        ends(&gateway, &format!("close code {code}"), frame, 1002).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_none_is_closed_with_1007() {
    let gateway = Gateway::start().await;
    let in_pieces = [
        masked(0x01, b"\"\xe6\x89"),
        masked(0x00, b"\xab\xe7"),
        masked(0x80, b"\xa0"),
    ];
    for (what, bytes) in [
        ("a lone continuation", masked(TEXT, b"\x80")),
        ("an overlong slash", masked(TEXT, b"\xc0\xaf")),
        ("a surrogate", masked(TEXT, b"\xed\xa0\x80")),
        ("past Unicode", masked(TEXT, b"\xf4\x90\x80\x80")),
        ("cut inside a character", masked(TEXT, b"{\xe6\x89")),
        ("cut at the end of the last fragment", in_pieces.concat()),
        (
            "a reason that is no text",
            masked(CLOSE, b"\x03\xe8\xff\xfe"),
        ),
    ] {
        ends(&gateway, what, bytes, 1007).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_length_is_believed_by_nobody() {
    let gateway = Gateway::start().await;
    for length in [1 << 16, 1 << 31, 1 << 40, (1 << 63) - 1_u64] {
        // Only the header: the refusal does not wait for what will never come.
        let mut header = vec![TEXT, 0x80 | 127];
        header.extend(length.to_be_bytes());
        header.extend([1, 2, 3, 4]);
        ends(&gateway, &format!("{length} bytes"), header, 1009).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_without_end_end() {
    let gateway = Gateway::with(|config| config.limit.messages_per_second = 1_000_000).await;
    let mut websocket = websocket(&gateway).await;
    let mut fragments = masked(0x01, b"");
    for _ in 0..100_000 {
        fragments.extend(masked(0x00, b""));
    }
    let _ = websocket.wire.tries_to_send(fragments).await;
    // Which limit it is that they pass is not written anywhere.
    websocket.last_words().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_may_come_in_any_pieces() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut websocket = websocket(&gateway).await;
    let bind = code.with(r#""name":"扫码""#);
    for byte in masked(TEXT, bind.as_bytes()) {
        websocket.wire.sends([byte]).await;
    }
    assert_eq!(websocket.frame().await.unwrap().text(), bind);

    // In fragments that cut characters, and with control frames between them.
    let mut pieces = Vec::new();
    let (last, rest) = bind.as_bytes().split_last().unwrap();
    for (n, byte) in rest.iter().enumerate() {
        pieces.extend(masked(u8::from(n == 0), &[*byte]));
        if n % 16 == 0 {
            pieces.extend(masked(PONG, b"unasked"));
        }
    }
    pieces.extend(masked(PING, b"hi"));
    pieces.extend(masked(0x80, &[*last]));
    websocket.wire.sends(pieces).await;
    let pong = websocket.frame().await.unwrap();
    assert_eq!((pong.head, pong.text()), (PONG, "hi"));
    assert_eq!(websocket.frame().await.unwrap().text(), bind);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_may_come_with_the_handshake_and_with_each_other() {
    let gateway = Gateway::start().await;
    let mut wire = Wire::connect(gateway.public()).await;
    let mut bytes = Websocket::request("/").bytes(&wire.host);
    bytes.extend(masked(TEXT, QUESTION));
    bytes.extend(masked(TEXT, QUESTION));
    let (last, rest) = masked(TEXT, QUESTION)
        .split_last()
        .map(|(l, r)| (*l, r.to_vec()))
        .unwrap();
    bytes.extend(rest);
    wire.sends(bytes).await;
    let mut websocket = Websocket::answered(wire).await.ok().unwrap();
    for _ in 0..2 {
        assert_eq!(websocket.frame().await.unwrap().text(), ANSWER);
    }
    websocket.wire.sends([last]).await;
    assert_eq!(websocket.frame().await.unwrap().text(), ANSWER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_answered_with_what_it_carries() {
    let gateway = Gateway::start().await;
    let mut websocket = websocket(&gateway).await;
    for payload in [&b""[..], b"hello", b"\xff\x00\xfe", &[7; 125]] {
        websocket.wire.sends(masked(PING, payload)).await;
        let pong = websocket.frame().await.unwrap();
        assert_eq!((pong.head, pong.payload.as_slice()), (PONG, payload));
    }
    websocket.wire.sends(masked(PONG, b"unasked")).await;
    websocket.says(std::str::from_utf8(QUESTION).unwrap()).await;
    assert_eq!(websocket.frame().await.unwrap().text(), ANSWER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_is_returned() {
    let gateway = Gateway::start().await;
    for code in [1000, 1001, 1011, 1014, 3000, 4999_u16] {
        let mut websocket = websocket(&gateway).await;
        let mut goodbye = code.to_be_bytes().to_vec();
        goodbye.extend("再见".as_bytes());
        websocket.wire.sends(masked(CLOSE, &goodbye)).await;
        websocket.is_closed_with(code).await;
    }
    let mut wordless = websocket(&gateway).await;
    wordless.wire.sends(masked(CLOSE, b"")).await;
    let close = wordless.last_words().await;
    // RFC 6455 section 5.5.1: a close frame in return, with or without 1000.
    assert!(
        [None, Some(1000)].contains(&close.close_code()),
        "{close:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_after_a_goodbye_is_heard() {
    let gateway = Gateway::start().await;
    let mut websocket = websocket(&gateway).await;
    let mut bytes = masked(CLOSE, &1000_u16.to_be_bytes());
    bytes.extend(masked(TEXT, QUESTION));
    websocket.wire.sends(bytes).await;
    let first = websocket.frame().await.unwrap();
    assert_eq!(first.head, CLOSE, "{first:?}");
}
