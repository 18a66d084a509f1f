//! Websocket frames: where the wire is cut must not matter, and no message outgrows its limit.

use scangate::frame::{FrameReader, Message, Violation};

/// A byte that sets the limit, one that seeds the cuts, then the wire.
pub fn frame(data: &[u8]) {
    let &[limit, seed, ref wire @ ..] = data else {
        return;
    };
    // Up to 1 GiB: an announced length must cost nothing before its bytes have come, which the
    // fuzzer's limit on allocations proves.
    let limit = 1 << (limit % 31);
    let whole = read(wire, limit, || wire.len());
    assert_eq!(whole, read(wire, limit, || 1), "byte by byte");
    let mut random = u32::from(seed);
    let cuts = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (random >> 27) as usize
    };
    assert_eq!(whole, read(wire, limit, cuts), "in random pieces");
}

/// A message that owns its bytes.
#[derive(Debug, PartialEq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
    Broken(Violation),
}

/// What a reader makes of `wire` that comes in pieces of these sizes.
fn read(wire: &[u8], limit: usize, mut piece_size: impl FnMut() -> usize) -> Vec<Seen> {
    let mut reader = FrameReader::new(limit);
    let mut seen = Vec::new();
    let mut rest = wire;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_size().min(rest.len()));
        rest = after;
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        while let Some(message) = next(&mut reader, &mut input) {
            let is_last = matches!(message, Seen::Close(_) | Seen::Broken(_));
            within(&message, limit);
            seen.push(message);
            if is_last {
                return seen;
            }
        }
        assert!(input.is_empty(), "nothing is left unread");
    }
    seen
}

fn next(reader: &mut FrameReader, input: &mut &mut [u8]) -> Option<Seen> {
    match reader.next(input, |_| {}) {
        Ok(None) => None,
        Ok(Some(Message::Text(text))) => Some(Seen::Text(text.into_owned())),
        Ok(Some(Message::Binary(bytes))) => Some(Seen::Binary(bytes.into_owned())),
        Ok(Some(Message::Ping(bytes))) => Some(Seen::Ping(bytes.into_owned())),
        Ok(Some(Message::Pong)) => Some(Seen::Pong),
        Ok(Some(Message::Close(code))) => Some(Seen::Close(code)),
        Err(violation) => Some(Seen::Broken(violation)),
    }
}

fn within(message: &Seen, limit: usize) {
    match message {
        Seen::Text(text) => assert!(text.len() <= limit),
        Seen::Binary(bytes) => assert!(bytes.len() <= limit),
        Seen::Ping(bytes) => assert!(bytes.len() <= 125),
        Seen::Broken(violation) => {
            assert!(matches!(violation.close_code(), 1002 | 1007 | 1009));
        }
        Seen::Pong | Seen::Close(_) => {}
    }
}
