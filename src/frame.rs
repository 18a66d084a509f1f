//! Websocket frames (RFC 6455): a strict, incremental reader of what a client sends, and the
//! bytes of what a server answers.
//!
//! A frame that arrives whole is read where it lies; only a cut frame or a fragmented message
//! is copied, so a reader between messages owns no buffer (two empty pointers).

use std::borrow::Cow;
use std::mem;

use bytes::{BufMut, Bytes, BytesMut};
use fastwebsockets::{CloseCode, OpCode, unmask};

mod header;
mod utf8;

use header::Header;
use utf8::Utf8;

/// One message or control frame of the peer, whole.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Valid UTF-8, reassembled from its fragments.
    Text(Cow<'a, str>),
    /// Any bytes, reassembled from their fragments.
    Binary(Cow<'a, [u8]>),
    /// At most 125 bytes, to be sent back in a pong.
    Ping(Cow<'a, [u8]>),
    /// A sign of life.
    Pong,
    /// The peer's goodbye; None where it gave no code. Nothing may follow it.
    Close(Option<u16>),
}

/// How the peer broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Against RFC 6455: close code 1002.
    #[error("protocol error: {0}")]
    Protocol(&'static str),
    /// A text or close reason that is not UTF-8: close code 1007.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// More bytes or fragments in one message than allowed: close code 1009.
    #[error("message too big")]
    TooBig,
}

impl Violation {
    /// The close code that RFC 6455 section 7.4.1 gives it.
    pub fn close_code(self) -> u16 {
        match self {
            Violation::Protocol(_) => CloseCode::Protocol.into(),
            Violation::NotUtf8 => CloseCode::Invalid.into(),
            Violation::TooBig => CloseCode::Size.into(),
        }
    }
}

/// How many frames a message of at most `max_message` bytes may come in. Empty fragments cost no
/// bytes, only this.
fn max_fragments(max_message: usize) -> usize {
    64 + max_message / 16
}

/// Reads the frames of one client.
#[derive(Debug)]
pub struct FrameReader {
    /// Bytes of one message, over all its fragments.
    max_message: usize,
    /// A frame of which only a part has come.
    cut: Option<Box<CutFrame>>,
    /// A message of which only some fragments have come.
    open: Option<Box<OpenMessage>>,
}

#[derive(Debug, Default)]
struct CutFrame {
    head: Vec<u8>,
    /// Known once `head` is whole.
    header: Option<Header>,
    /// Unmasked as far as it has come.
    payload: Vec<u8>,
    utf8: Utf8,
}

#[derive(Debug)]
struct OpenMessage {
    is_text: bool,
    bytes: Vec<u8>,
    fragments: usize,
    utf8: Utf8,
}

/// A whole frame, unmasked.
type Frame<'a> = (Header, Cow<'a, [u8]>);

impl FrameReader {
    /// A reader that refuses messages over `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        Self {
            max_message,
            cut: None,
            open: None,
        }
    }

    /// Takes the next message from the front of `input`, unmasking it in place.
    ///
    /// None when `input` is used up; what was cut off is remembered, so feed the bytes that
    /// come next. After an error or a close nothing more may be read. `saw` is told of each frame
    /// that has come whole, fragments and control frames too.
    pub fn next<'a>(
        &mut self,
        input: &mut &'a mut [u8],
        mut saw: impl FnMut(OpCode),
    ) -> Result<Option<Message<'a>>, Violation> {
        loop {
            let whole = match self.cut.take() {
                None => self.whole_frame(input)?,
                Some(cut) => self.continue_frame(cut, input)?,
            };
            let Some((header, payload)) = whole else {
                return Ok(None);
            };
            saw(header.opcode);
            if let Some(message) = self.accept(header, payload)? {
                return Ok(Some(message));
            }
        }
    }

    /// The usual case: the frame lies whole in `input`.
    fn whole_frame<'a>(
        &mut self,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Frame<'a>>, Violation> {
        if input.is_empty() {
            return Ok(None);
        }
        if let Some(header) = Header::parse(input)? {
            self.admit(&header)?;
            if input.len() >= header.length + header.payload {
                let (frame, rest) = mem::take(input).split_at_mut(header.length + header.payload);
                *input = rest;
                let payload = &mut frame[header.length..];
                unmask(payload, header.mask);
                return Ok(Some((header, Cow::Borrowed(payload))));
            }
        }
        self.continue_frame(Box::default(), input)
    }

    /// Adds what has come of a cut frame; gives the frame once it is whole.
    fn continue_frame<'a>(
        &mut self,
        mut cut: Box<CutFrame>,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Frame<'a>>, Violation> {
        while cut.header.is_none() && !input.is_empty() {
            cut.head.push(input[0]);
            *input = &mut mem::take(input)[1..];
            cut.header = Header::parse(&cut.head)?;
            if let Some(header) = &cut.header {
                self.admit(header)?;
            }
        }
        let Some(header) = cut.header else {
            self.cut = Some(cut);
            return Ok(None);
        };
        let take = input.len().min(header.payload - cut.payload.len());
        let (part, rest) = mem::take(input).split_at_mut(take);
        *input = rest;
        let mut mask = header.mask;
        mask.rotate_left(cut.payload.len() % 4);
        unmask(part, mask);
        // An error in a long text is told at once, not when the text is whole.
        if self.is_text(&header) {
            let so_far = self.open.as_ref().map_or(Utf8::default(), |open| open.utf8);
            if cut.payload.is_empty() {
                cut.utf8 = so_far;
            }
            cut.utf8.feed(part)?;
        }
        cut.payload.extend_from_slice(part);
        if cut.payload.len() < header.payload {
            self.cut = Some(cut);
            return Ok(None);
        }
        Ok(Some((header, Cow::Owned(cut.payload))))
    }

    /// Refuses a frame by its header, before any of its payload is kept.
    fn admit(&self, header: &Header) -> Result<(), Violation> {
        if header.is_control() {
            return Ok(());
        }
        let (bytes, fragments) = match (&self.open, header.opcode) {
            (None, OpCode::Continuation) => {
                return Err(Violation::Protocol("continuation of nothing"));
            }
            (Some(open), OpCode::Continuation) => (open.bytes.len(), open.fragments),
            (Some(_), _) => return Err(Violation::Protocol("message inside a message")),
            (None, _) => (0, 0),
        };
        if header.payload > self.max_message - bytes || fragments >= max_fragments(self.max_message)
        {
            return Err(Violation::TooBig);
        }
        Ok(())
    }

    fn is_text(&self, header: &Header) -> bool {
        match header.opcode {
            OpCode::Text => true,
            OpCode::Continuation => self.open.as_ref().is_some_and(|open| open.is_text),
            _ => false,
        }
    }

    /// Takes a whole frame; gives a message unless it was a fragment that is not the last.
    fn accept<'a>(
        &mut self,
        header: Header,
        payload: Cow<'a, [u8]>,
    ) -> Result<Option<Message<'a>>, Violation> {
        match header.opcode {
            OpCode::Ping => Ok(Some(Message::Ping(payload))),
            OpCode::Pong => Ok(Some(Message::Pong)),
            OpCode::Close => close_code(&payload).map(|code| Some(Message::Close(code))),
            OpCode::Text if header.fin => text(payload).map(Some),
            OpCode::Binary if header.fin => Ok(Some(Message::Binary(payload))),
            OpCode::Text | OpCode::Binary | OpCode::Continuation => {
                self.add_fragment(header, &payload)
            }
        }
    }

    fn add_fragment<'a>(
        &mut self,
        header: Header,
        payload: &[u8],
    ) -> Result<Option<Message<'a>>, Violation> {
        let mut open = self.open.take().unwrap_or_else(|| {
            Box::new(OpenMessage {
                is_text: header.opcode == OpCode::Text,
                bytes: Vec::new(),
                fragments: 0,
                utf8: Utf8::default(),
            })
        });
        open.fragments += 1;
        open.bytes.extend_from_slice(payload);
        if open.is_text {
            open.utf8.feed(payload)?;
        }
        if !header.fin {
            self.open = Some(open);
            return Ok(None);
        }
        if open.is_text {
            text(Cow::Owned(open.bytes)).map(Some)
        } else {
            Ok(Some(Message::Binary(Cow::Owned(open.bytes))))
        }
    }
}

fn text(payload: Cow<'_, [u8]>) -> Result<Message<'_>, Violation> {
    let text = match payload {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
    };
    text.map(Message::Text).ok_or(Violation::NotUtf8)
}

/// The code of a close frame's payload: empty, or two bytes and a reason in UTF-8.
fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok(None),
            _ => Err(Violation::Protocol("half a close code")),
        };
    };
    let code = u16::from_be_bytes(*code);
    // 1014 (bad gateway) was registered after the table in fastwebsockets was made.
    if !CloseCode::from(code).is_allowed() && code != 1014 {
        return Err(Violation::Protocol("close code that must not be sent"));
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(_) => Err(Violation::NotUtf8),
    }
}

/// A server's frame, header and payload in one buffer: one write, one allocation, shared by
/// every connection that it goes to.
pub fn encode(opcode: OpCode, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(payload.len() + 10);
    frame.put_u8(0x80 | opcode as u8);
    match payload.len() {
        length @ 0..=125 => frame.put_u8(length as u8),
        length @ 126..=0xffff => {
            frame.put_u8(126);
            frame.put_u16(length as u16);
        }
        length => {
            frame.put_u8(127);
            frame.put_u64(length as u64);
        }
    }
    frame.put_slice(payload);
    frame.freeze()
}

/// A text frame of `text`.
pub fn text_frame(text: &[u8]) -> Bytes {
    encode(OpCode::Text, text)
}

/// A close frame; `reason` is cut to what a control frame holds.
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let mut payload = Vec::with_capacity(2 + reason.len());
    payload.extend_from_slice(&code.to_be_bytes());
    let cut = reason.floor_char_boundary(reason.len().min(123));
    payload.extend_from_slice(&reason.as_bytes()[..cut]);
    encode(OpCode::Close, &payload)
}

#[cfg(test)]
mod tests;
