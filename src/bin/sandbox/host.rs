//! What the sandbox asks of the machine: ports and signals.

use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener};

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// A sentence when signals cannot be watched.
pub async fn stop_signal() -> Result<(), String> {
    let watch = |kind| signal(kind).map_err(|cause| format!("could not watch signals: {cause}"));
    let mut interrupt = watch(SignalKind::interrupt())?;
    let mut terminate = watch(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Checks that `address` is free, for somebody else to take.
///
/// # Errors
/// A sentence with the `flag` to use when it is not.
pub fn ensure_free(address: SocketAddr, flag: &str) -> Result<(), String> {
    TcpListener::bind(address)
        .map(drop)
        .map_err(|cause| cannot_listen(address, flag, &cause))
}

/// Why nothing can listen on `address`, and what to do.
pub fn cannot_listen(address: SocketAddr, flag: &str, cause: &Error) -> String {
    let port = address.port();
    match cause.kind() {
        ErrorKind::AddrInUse => {
            let ip = address.ip();
            format!(
                "port {port} is taken by another program; choose a free one, such as {flag} {}",
                SocketAddr::new(ip, port.wrapping_add(1000).max(1024))
            )
        }
        ErrorKind::AddrNotAvailable => {
            format!(
                "{} is not an address of this machine; see {flag}",
                address.ip()
            )
        }
        _ => format!("could not listen on {address}: {cause}"),
    }
}
