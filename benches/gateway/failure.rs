//! What can stop a measurement. A figure is only printed when everything that was sent arrived.

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file, a socket or a process.
    #[error("input or output: {0}")]
    Io(#[from] std::io::Error),
    /// The certificate could not be made.
    #[error("the certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The certificate could not be used.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The server went away while it was started; what it said last.
    #[error("the server did not start; its last words: {0}")]
    NotStarted(String),
    /// The server's count of websockets did not become what the pages made it.
    #[error("the server holds {found} websockets instead of {expected}")]
    Connections {
        /// By the server's count.
        found: usize,
        /// By ours.
        expected: usize,
    },
    /// A websocket was not opened, or a bind was not echoed.
    #[error("a page was answered {0:?}")]
    Answer(String),
    /// Pushes were accepted and never reached their pages, or were not accepted.
    #[error("{arrived} of {sent} pushes arrived, {refused} were refused")]
    Lost {
        /// At the pages.
        arrived: u64,
        /// By the backends.
        sent: u64,
        /// Replies that were not `ok`.
        refused: u64,
    },
    /// Redis had lost everything, and pushes did not find their pages again.
    #[error("{heard} of {samples} pages heard a push after Redis had come back")]
    NotBack {
        /// Pages that did.
        heard: usize,
        /// Pages that were pushed to.
        samples: usize,
    },
}
