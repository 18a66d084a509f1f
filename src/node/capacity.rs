//! How many connections the process can hold: what its file limit leaves.

use crate::config::Config;

/// Files that are no connection: listeners, the database, timers, calls of the platform's API.
const OTHER_FILES: usize = 512;

/// Connections of the public listener that speak HTTP, beside the websockets: enough to tell those
/// who find no place.
const HTTP_CONNECTIONS: usize = 512;

/// Raises the file limit as far as it goes, and gives the websockets that this node takes.
pub fn websockets(config: &Config) -> usize {
    let room = room(config);
    if let Some(wanted) = config.limit.connections
        && wanted > room
    {
        tracing::warn!(
            wanted,
            room,
            "the file limit is too low for limit.connections"
        );
    }
    most(config, room)
}

/// Raises the file limit as far as it goes, and gives the websockets that it leaves room for.
pub(crate) fn room(config: &Config) -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX)
        .map_or(1024, |files| usize::try_from(files).unwrap_or(usize::MAX));
    files.saturating_sub(OTHER_FILES + HTTP_CONNECTIONS + config.push.connections)
}

/// The websockets that a node takes where there is so much room.
pub(crate) fn most(config: &Config, room: usize) -> usize {
    match config.limit.connections {
        None => room.clamp(64, MOST),
        Some(0) => MOST,
        Some(most) => most.min(MOST),
    }
}

/// The sockets that the public listener accepts for so many websockets.
pub fn sockets(websockets: usize) -> usize {
    websockets + HTTP_CONNECTIONS
}

/// More than any host holds.
pub(crate) const MOST: usize = 1 << 28;
