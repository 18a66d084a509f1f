use proptest::prelude::*;

use super::*;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame: `first` is FIN, RSV and opcode as they go over the wire.
fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let opcode = OpCode::Binary;
    let mut frame = encode(opcode, payload).to_vec();
    let header = frame.len() - payload.len();
    frame[0] = first;
    frame[1] |= 0x80;
    unmask(&mut frame[header..], MASK);
    frame.splice(header..header, MASK);
    frame
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
    Broken(Violation),
}

/// What a reader makes of `bytes` that come in pieces of the given sizes, over and over.
fn read_in_pieces(bytes: &[u8], sizes: &[usize], max_message: usize) -> Vec<Seen> {
    let mut reader = FrameReader::new(max_message);
    let mut seen = Vec::new();
    let mut rest = bytes;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        let mut scratch = piece.to_vec();
        let mut input = &mut scratch[..];
        loop {
            match reader.next(&mut input, |_| {}) {
                Ok(None) => break,
                Ok(Some(Message::Text(text))) => seen.push(Seen::Text(text.into_owned())),
                Ok(Some(Message::Binary(data))) => seen.push(Seen::Binary(data.into_owned())),
                Ok(Some(Message::Ping(data))) => seen.push(Seen::Ping(data.into_owned())),
                Ok(Some(Message::Pong)) => seen.push(Seen::Pong),
                Ok(Some(Message::Close(code))) => {
                    seen.push(Seen::Close(code));
                    return seen;
                }
                Err(violation) => {
                    seen.push(Seen::Broken(violation));
                    return seen;
                }
            }
        }
    }
    seen
}

fn read(bytes: &[u8]) -> Vec<Seen> {
    let whole = read_in_pieces(bytes, &[bytes.len().max(1)], 4096);
    let byte_by_byte = read_in_pieces(bytes, &[1], 4096);
    assert_eq!(whole, byte_by_byte, "the cut must not matter");
    whole
}

fn broken(bytes: &[u8]) -> u16 {
    match read(bytes).pop() {
        Some(Seen::Broken(violation)) => violation.close_code(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn whole_messages_and_control_frames() {
    let mut wire = client_frame(0x81, "héllo".as_bytes());
    wire.extend(client_frame(0x82, &[1, 2, 3]));
    wire.extend(client_frame(0x89, b"are you there"));
    wire.extend(client_frame(0x8a, b""));
    wire.extend(client_frame(0x88, &[0x03, 0xe8, b'o', b'k']));
    assert_eq!(
        read(&wire),
        [
            Seen::Text("héllo".into()),
            Seen::Binary(vec![1, 2, 3]),
            Seen::Ping(b"are you there".to_vec()),
            Seen::Pong,
            Seen::Close(Some(1000)),
        ]
    );
}

#[test]
fn fragments_with_a_ping_between_and_a_character_cut_in_two() {
    let text = "扫码".as_bytes();
    let mut wire = client_frame(0x01, &text[..2]);
    wire.extend(client_frame(0x89, b"x"));
    wire.extend(client_frame(0x00, b""));
    wire.extend(client_frame(0x80, &text[2..]));
    assert_eq!(
        read(&wire),
        [Seen::Ping(b"x".to_vec()), Seen::Text("扫码".into())]
    );
}

#[test]
fn what_breaks_the_protocol_is_1002() {
    let mut unmasked = encode(OpCode::Text, b"hi").to_vec();
    assert_eq!(broken(&unmasked), 1002);
    unmasked[0] = 0x89;
    assert_eq!(broken(&unmasked), 1002);
    for reserved in [0xc1, 0xa1, 0x91, 0x83, 0x87, 0x8b, 0x8f] {
        assert_eq!(broken(&client_frame(reserved, b"")), 1002, "{reserved:x}");
    }
    assert_eq!(broken(&client_frame(0x09, b"")), 1002, "fragmented ping");
    assert_eq!(broken(&client_frame(0x89, &[0; 126])), 1002, "long ping");
    assert_eq!(broken(&client_frame(0x80, b"x")), 1002, "continues nothing");
    let mut nested = client_frame(0x01, b"a");
    nested.extend(client_frame(0x81, b"b"));
    assert_eq!(broken(&nested), 1002);
    let padded_length = [0x81, 0xfe, 0, 5, 0, 0, 0, 0, b'h', b'e', b'l', b'l', b'o'];
    assert_eq!(broken(&padded_length), 1002);
    let negative_length = [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(broken(&negative_length), 1002);
}

#[test]
fn close_frames_are_checked() {
    assert_eq!(read(&client_frame(0x88, b"")), [Seen::Close(None)]);
    for code in [1000u16, 1003, 1007, 1011, 1014, 3000, 4999] {
        let wire = client_frame(0x88, &code.to_be_bytes());
        assert_eq!(read(&wire), [Seen::Close(Some(code))]);
    }
    for code in [0u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        assert_eq!(
            broken(&client_frame(0x88, &code.to_be_bytes())),
            1002,
            "{code}"
        );
    }
    assert_eq!(broken(&client_frame(0x88, &[3])), 1002);
    assert_eq!(broken(&client_frame(0x88, &[0x03, 0xe8, 0xff])), 1007);
}

#[test]
fn text_that_is_not_utf8_is_1007_as_soon_as_it_shows() {
    assert_eq!(broken(&client_frame(0x81, b"\xce\xba\xed\xa0\x80")), 1007);
    assert_eq!(broken(&client_frame(0x81, b"cut \xe6\x89")), 1007);
    // The first fragment is bad: the second is not waited for.
    assert_eq!(broken(&client_frame(0x01, b"\xff")), 1007);
    // So is the first half of a frame.
    let wire = client_frame(0x81, b"\xf4\x90\x80\x80 and much more");
    assert_eq!(
        read_in_pieces(&wire[..8], &[8], 4096),
        [Seen::Broken(Violation::NotUtf8)]
    );
    // Binary may be anything.
    assert_eq!(
        read(&client_frame(0x82, b"\xff")),
        [Seen::Binary(vec![0xff])]
    );
}

#[test]
fn too_big_is_1009_before_it_is_read() {
    let exact = client_frame(0x82, &[0; 4096]);
    assert_eq!(read(&exact), [Seen::Binary(vec![0; 4096])]);
    let over = client_frame(0x82, &[0; 4097]);
    assert_eq!(broken(&over[..8]), 1009, "the header is enough");
    let huge = [
        0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
    ];
    assert_eq!(broken(&huge), 1009);
    let mut fragments = client_frame(0x02, &[0; 4000]);
    fragments.extend(client_frame(0x80, &[0; 97]));
    assert_eq!(broken(&fragments), 1009);
}

#[test]
fn empty_fragments_end_too() {
    let mut wire = client_frame(0x01, b"");
    for _ in 0..max_fragments(4096) {
        wire.extend(client_frame(0x00, b""));
    }
    assert_eq!(broken(&wire), 1009);
}

#[test]
fn an_idle_reader_owns_nothing() {
    let mut reader = FrameReader::new(4096);
    let mut wire = client_frame(0x81, b"hello");
    let mut input = &mut wire[..];
    assert!(reader.next(&mut input, |_| {}).unwrap().is_some());
    assert!(reader.cut.is_none() && reader.open.is_none());
}

#[test]
fn a_servers_frames_have_the_shortest_header() {
    assert_eq!(&encode(OpCode::Text, b"hi")[..], b"\x81\x02hi");
    assert_eq!(encode(OpCode::Text, &[0; 125]).len(), 127);
    assert_eq!(encode(OpCode::Text, &[0; 126]).len(), 130);
    assert_eq!(encode(OpCode::Text, &[0; 0xffff]).len(), 0xffff + 4);
    assert_eq!(encode(OpCode::Text, &[0; 0x1_0000]).len(), 0x1_0000 + 10);
    assert_eq!(&close_frame(1001, "x")[..], b"\x88\x03\x03\xe9x");
    assert_eq!(close_frame(1000, &"é".repeat(100)).len(), 2 + 2 + 122);
}

proptest! {
    #[test]
    fn random_splits_read_the_same(
        frames in prop::collection::vec(
            (prop::sample::select(vec![0x81u8, 0x01, 0x80, 0x00, 0x82, 0x02, 0x89, 0x8a, 0x88, 0xc1]),
             prop::collection::vec(any::<u8>(), 0..300)),
            0..12),
        sizes in prop::collection::vec(1usize..64, 1..8),
        max in 1usize..600,
    ) {
        let wire: Vec<u8> = frames.iter().flat_map(|(first, payload)| client_frame(*first, payload)).collect();
        let whole = read_in_pieces(&wire, &[wire.len().max(1)], max);
        prop_assert_eq!(&whole, &read_in_pieces(&wire, &sizes, max));
        prop_assert_eq!(&whole, &read_in_pieces(&wire, &[1], max));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let whole = read_in_pieces(&bytes, &[bytes.len().max(1)], 256);
        prop_assert_eq!(whole, read_in_pieces(&bytes, &[1], 256));
    }
}
