//! UTF-8 checked piece by piece, wherever the pieces are cut.

use super::Violation;

/// Remembers the bytes of a character whose end has not come yet.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utf8 {
    begun: [u8; 4],
    length: u8,
}

impl Utf8 {
    /// Checks the next piece; an unfinished character at its end is no error yet.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), Violation> {
        let mut rest = piece;
        while self.length > 0 {
            let Some((&byte, after)) = rest.split_first() else {
                return Ok(());
            };
            rest = after;
            self.begun[usize::from(self.length)] = byte;
            self.length += 1;
            match std::str::from_utf8(&self.begun[..usize::from(self.length)]) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_some() => return Err(Violation::NotUtf8),
                Err(_) => {}
            }
        }
        match std::str::from_utf8(rest) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_some() => Err(Violation::NotUtf8),
            Err(error) => {
                let tail = &rest[error.valid_up_to()..];
                self.begun[..tail.len()].copy_from_slice(tail);
                self.length = tail.len() as u8;
                Ok(())
            }
        }
    }
}
