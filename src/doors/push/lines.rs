//! Lines out of a stream of bytes: whole ones only, with a bound on their length and on the time
//! that one may take to come.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};

/// What has been read, and is not yet a whole line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    unread: BytesMut,
    /// How much of `unread` has no line end in it.
    searched: usize,
    /// Until when the line that has begun must end.
    due: Option<Instant>,
}

/// A line that has begun must end within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much one read takes at the least, in bytes.
const READ_BYTES: usize = 16 * 1024;

impl Lines {
    /// The next whole line, without its end.
    pub fn take(&mut self) -> Option<Bytes> {
        let unsearched = &self.unread[self.searched..];
        let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.unread.len();
            return None;
        };
        let mut line = self.unread.split_to(self.searched + end + 1).freeze();
        self.searched = 0;
        self.due = None;
        line.truncate(line.len() - 1);
        if line.ends_with(b"\r") {
            line.truncate(line.len() - 1);
        }
        Some(line)
    }

    /// The length of the line that has begun, so far; what may be half a line end does not count.
    pub fn begun(&self) -> usize {
        let unread = &self.unread[..];
        unread.strip_suffix(b"\r").unwrap_or(unread).len()
    }

    /// Reads more; false at the end of the stream. May be dropped while it waits.
    pub async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<bool> {
        if self.unread.is_empty() {
            self.due = None;
        } else {
            self.due.get_or_insert_with(|| Instant::now() + PATIENCE);
        }
        self.unread.reserve(READ_BYTES);
        let read = stream.read_buf(&mut self.unread);
        let read = match self.due {
            None => read.await,
            Some(due) => timeout_at(due, read).await?,
        };
        Ok(read? > 0)
    }
}
