use super::*;

fn bind(text: &str) -> Bind {
    match PageMessage::parse(text) {
        PageMessage::Bind(bind) => bind,
        other => panic!("{text} is {other:?}"),
    }
}

#[test]
fn commands_of_the_original() {
    assert_eq!(
        PageMessage::parse(r#"{"cmd":"ping"}"#),
        PageMessage::Ping { pong: false }
    );
    assert_eq!(
        PageMessage::parse(r#"{"cmd":"ping","pong":true}"#),
        PageMessage::Ping { pong: true }
    );
    for command in [
        r#"{"cmd":"login","uid":1}"#,
        r#"{"cmd":5}"#,
        r#"{"cmd":"sms"}"#,
    ] {
        assert_eq!(PageMessage::parse(command), PageMessage::Command);
    }
}

#[test]
fn what_is_neither_command_nor_bind_is_ignored() {
    for text in [
        "",
        "x",
        "[]",
        "1",
        "{}",
        r#"{"cmd":null}"#,
        r#"{"uid":null}"#,
        r#"{"uid":0}"#,
        r#"{"uid":-1}"#,
        r#"{"uid":1.0}"#,
        r#"{"uid":1e3}"#,
        r#"{"uid":"01"}"#,
        r#"{"uid":" 1"}"#,
        r#"{"uid":4294967296}"#,
        r#"{"uid":[1]}"#,
        r#"{"uid":true}"#,
        r#"{"uid":1"#,
        r#"{"uid":1} {}"#,
    ] {
        assert_eq!(PageMessage::parse(text), PageMessage::Ignored, "{text}");
    }
}

#[test]
fn a_uid_may_be_a_number_or_digits() {
    for text in [
        r#"{"uid":123}"#,
        r#"{"uid":"123"}"#,
        r#"{"uid":"12\u0033"}"#,
    ] {
        assert_eq!(bind(text).uid.get(), 123);
    }
}

#[test]
fn a_bind_is_read_whole() {
    let key = "00112233445566778899aabbccddeeff";
    let text = format!(r#"{{"ticket":"a\/b","uid":7,"key":"{key}","since":"5-1","more":[{{}}]}}"#);
    let bind = bind(&text);
    assert_eq!(bind.ticket, Ticket::new("a/b"));
    assert_eq!(bind.key.unwrap().expose(), key);
    assert_eq!(
        bind.since,
        Some(Since::After(EventId {
            millis: 5,
            sequence: 1
        }))
    );
}

#[test]
fn a_ticket_of_another_type_is_no_ticket() {
    for ticket in ["true", "1", "null", "[]", r#""""#] {
        let text = format!(r#"{{"uid":1,"ticket":{ticket}}}"#);
        assert_eq!(bind(&text).ticket, None, "{ticket}");
    }
}

#[test]
fn since_knows_start_ids_and_strangers() {
    let since = |value: &str| bind(&format!(r#"{{"uid":1,"since":{value}}}"#)).since;
    assert_eq!(since(r#""""#), Some(Since::Start));
    assert_eq!(since(r#""bogus""#), Some(Since::Unknown));
    assert_eq!(since("null"), None);
    assert_eq!(since("5"), None);
}

#[test]
fn the_last_of_two_members_counts() {
    assert_eq!(bind(r#"{"uid":1,"uid":2}"#).uid.get(), 2);
}

fn event(line: &'static str) -> Result<Event, BadLine> {
    PushLine::parse(Bytes::from_static(line.as_bytes())).event
}

#[test]
fn an_event_keeps_its_bytes() {
    let line = r#" {"uid":"9","ticket":"t" ,"x":"é"} "#;
    let event = event(line).unwrap();
    assert_eq!((event.uid.get(), &event.text[..]), (9, line.as_bytes()));
}

#[test]
fn a_bad_line_says_why() {
    assert_eq!(event("nonsense").unwrap_err(), BadLine::NotJson);
    assert_eq!(event("[1]").unwrap_err(), BadLine::NotJson);
    assert_eq!(event(r#"{"ticket":"t"}"#).unwrap_err(), BadLine::NoUid);
    assert_eq!(event(r#"{"uid":1}"#).unwrap_err(), BadLine::NoTicket);
    assert_eq!(
        event(r#"{"uid":1,"ticket":true}"#).unwrap_err(),
        BadLine::NoTicket
    );
    assert_eq!(
        event(r#"{"uid":1,"ticket":"t","push_id":7}"#).unwrap_err(),
        BadLine::BadPushId
    );
    let not_utf8 = PushLine::parse(Bytes::from_static(
        b"{\"uid\":1,\"ticket\":\"t\",\"x\":\"\xff\"}",
    ));
    assert_eq!(not_utf8.event.unwrap_err(), BadLine::NotJson);
}

#[test]
fn a_line_may_ask_for_words_and_bring_a_secret() {
    let line = PushLine::parse(Bytes::from_static(br#"{"auth":"s","reply":"verbose"}"#));
    assert_eq!(line.auth.as_deref(), Some("s"));
    assert!(line.verbose);
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    let deep = format!(r#"{{"uid":1,"x":{}"#, "[".repeat(60_000));
    assert_eq!(PageMessage::parse(&deep), PageMessage::Ignored);
}
