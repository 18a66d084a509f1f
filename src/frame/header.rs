//! The head of a client's frame: RFC 6455 section 5.2, as strict as its words.

use fastwebsockets::OpCode;

use super::Violation;

/// What the first 6 to 14 bytes of a frame say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub fin: bool,
    pub opcode: OpCode,
    pub mask: [u8; 4],
    /// Bytes of the header itself.
    pub length: usize,
    /// Bytes that follow it.
    pub payload: usize,
}

impl Header {
    /// None where `bytes` end before the header does. What is wrong in the first two bytes is
    /// refused as soon as they are there.
    pub fn parse(bytes: &[u8]) -> Result<Option<Header>, Violation> {
        let Some((&[first, second], rest)) = bytes.split_first_chunk() else {
            return Ok(None);
        };
        let fin = first & 0x80 != 0;
        if first & 0x70 != 0 {
            return Err(Violation::Protocol("reserved bits"));
        }
        let opcode =
            OpCode::try_from(first & 0x0f).map_err(|_| Violation::Protocol("reserved opcode"))?;
        if second & 0x80 == 0 {
            return Err(Violation::Protocol("frame without a mask"));
        }
        let short = usize::from(second & 0x7f);
        if is_control(opcode) && (!fin || short > 125) {
            return Err(Violation::Protocol("long or fragmented control frame"));
        }
        let Some((payload, rest)) = payload_length(short, rest)? else {
            return Ok(None);
        };
        let Some((&mask, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Header {
            fin,
            opcode,
            mask,
            length: bytes.len() - rest.len(),
            payload,
        }))
    }

    pub fn is_control(&self) -> bool {
        is_control(self.opcode)
    }
}

/// The payload's length from its 7, 16 or 64 bits, in the shortest form, as the RFC demands.
fn payload_length(short: usize, rest: &[u8]) -> Result<Option<(usize, &[u8])>, Violation> {
    let (length, rest) = match short {
        126 => match rest.split_first_chunk() {
            None => return Ok(None),
            Some((&length, rest)) => (u64::from(u16::from_be_bytes(length)), rest),
        },
        127 => match rest.split_first_chunk() {
            None => return Ok(None),
            Some((&length, rest)) => (u64::from_be_bytes(length), rest),
        },
        short => return Ok(Some((short, rest))),
    };
    let shortest = if short == 126 { 126 } else { 0x1_0000 };
    if length < shortest || length >> 63 != 0 {
        return Err(Violation::Protocol("length not in its shortest form"));
    }
    let length = usize::try_from(length).map_err(|_| Violation::TooBig)?;
    Ok(Some((length, rest)))
}

fn is_control(opcode: OpCode) -> bool {
    matches!(opcode, OpCode::Close | OpCode::Ping | OpCode::Pong)
}
