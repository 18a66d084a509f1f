//! What the sandbox asks of the machine: ports, programs and signals.

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

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

/// Where free ports are looked for: below those that the system itself gives to clients and for
/// port 0, so that nobody gets one between our choice and the start of the program it is for.
const FREE_PORTS: Range<u16> = 16_000..20_000;

/// Addresses of this machine that nobody listens on, for others to take; none comes twice.
///
/// # Errors
/// A sentence when there are none.
pub fn free_addresses<const N: usize>() -> Result<[SocketAddr; N], String> {
    let mut addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); N];
    for address in &mut addresses {
        address.set_port(free_port(address.ip())?);
    }
    Ok(addresses)
}

/// A port of `ip` that nobody listens on: the next one, from a start that other programs like this
/// one hardly share.
fn free_port(ip: IpAddr) -> Result<u16, String> {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        let start = crate::random::below(FREE_PORTS.len() as u64);
        AtomicU16::new(start as u16)
    });
    FREE_PORTS
        .map(|_| NEXT.fetch_add(1, Ordering::Relaxed) % FREE_PORTS.len() as u16)
        .map(|offset| FREE_PORTS.start + offset)
        .find(|port| TcpListener::bind((ip, *port)).is_ok())
        .ok_or_else(|| format!("no port of {ip} is free from {FREE_PORTS:?}"))
}

/// Checks that `address` is free, for somebody else to take; for port 0 it chooses a port.
///
/// # Errors
/// A sentence with the `flag` to use when it is not.
pub fn ensure_free(mut address: SocketAddr, flag: &str) -> Result<SocketAddr, String> {
    if address.port() == 0 {
        address.set_port(free_port(address.ip())?);
    }
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
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_program_that_is_missing_is_named() {
        let [shell] = find_programs(["sh"]).unwrap();
        assert!(shell.ends_with("sh"));
        let fault = find_programs(["no-such-a", "sh", "no-such-b"]).unwrap_err();
        assert_eq!(fault, "not installed: no-such-a, no-such-b");
    }

    #[test]
    fn no_port_is_chosen_twice() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let page = ensure_free(any, "--page-listen").unwrap();
        let mut all = free_addresses::<20>().unwrap().to_vec();
        all.push(page);
        let different: HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len(), "{all:?}");
    }
}
