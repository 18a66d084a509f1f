//! What the sandbox asks of the machine: ports, programs and signals.

use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use tokio::process::Command;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears Ctrl-C and SIGTERM from its making on: none is lost between two waits.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Begins to listen.
    ///
    /// # Errors
    /// A sentence when signals cannot be watched.
    pub fn watch() -> Result<Stop, String> {
        let watch =
            |kind| signal(kind).map_err(|cause| format!("could not watch signals: {cause}"));
        Ok(Stop {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
        })
    }

    /// Waits for the next of either.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Sends SIGTERM to a process.
pub async fn ask_to_end(id: u32) {
    // One that has just gone needs not be asked.
    let _ = Command::new("kill").arg(id.to_string()).status().await;
}

/// Where each of these programs is, in their order.
///
/// # Errors
/// A sentence that names all that are missing.
pub fn find_programs<const N: usize>(names: [&str; N]) -> Result<[PathBuf; N], String> {
    let found = names.map(find_program);
    let missing: Vec<&str> = std::iter::zip(names, &found)
        .filter_map(|(name, found)| found.is_none().then_some(name))
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(format!("not installed: {missing}"));
    }
    Ok(found.map(|found| found.expect("none is missing")))
}

/// Looked through besides PATH: servers are often kept where only root looks for programs.
const USUAL_FOLDERS: [&str; 4] = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(USUAL_FOLDERS);
    let mut files = folders.map(|folder| Path::new(folder).join(name));
    files.find(|file| file.is_file())
}

/// Addresses of this machine that nobody listens on, for others to take.
///
/// # Errors
/// A sentence when there are none.
pub fn free_addresses<const N: usize>() -> Result<[SocketAddr; N], String> {
    // Held together, so that all differ.
    let bind = || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        Ok((listener.local_addr()?, listener))
    };
    let bound: Result<Vec<_>, Error> = (0..N).map(|_| bind()).collect();
    let bound = bound.map_err(|cause| format!("could not find a free port: {cause}"))?;
    Ok(std::array::from_fn(|index| bound[index].0))
}

/// Checks that `address` is free, for somebody else to take; gives it with the port that the system
/// chose for port 0.
///
/// # Errors
/// A sentence with the `flag` to use when it is not.
pub fn ensure_free(address: SocketAddr, flag: &str) -> Result<SocketAddr, String> {
    TcpListener::bind(address)
        .and_then(|listener| listener.local_addr())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_that_is_missing_is_named() {
        let [shell] = find_programs(["sh"]).unwrap();
        assert!(shell.ends_with("sh"));
        let fault = find_programs(["no-such-a", "sh", "no-such-b"]).unwrap_err();
        assert_eq!(fault, "not installed: no-such-a, no-such-b");
    }
}
