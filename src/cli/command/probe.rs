//! The words of `scangate probe`.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};

const PROBE: &str = "Takes a session of its own the whole way, and says how long each step took";

const PROBE_HELP: &str = "\
It registers a session by the server API, binds a page, pushes an event, and waits until the
page has heard it. The session ends with it, and nobody else hears of it.

The key of the API is taken from SCANGATE_OPS_API_KEY, the secret of the push port from
SCANGATE_PUSH_SECRET, or from the files that the same names with _FILE say.

Exit codes:
   0  the page heard the event
   1  it did not; what failed has been said
  64  the command line is wrong
  78  a secret cannot be read";

pub(super) fn probe() -> Command {
    let arg = |name: &'static str| Arg::new(name).long(name);
    Command::new("probe")
        .about(PROBE)
        .after_help(PROBE_HELP)
        .arg(
            arg("ops")
                .value_name("URL")
                .default_value("http://127.0.0.1:9129")
                .help("The ops listener of any node"),
        )
        .arg(
            arg("push")
                .value_name("HOST:PORT")
                .default_value("127.0.0.1:5678")
                .help("The push port of any node"),
        )
        .arg(
            arg("public")
                .value_name("URL")
                .default_value("http://127.0.0.1:2129")
                .help("The public listener of any node, http or https"),
        )
        .arg(
            arg("tls-name")
                .value_name("NAME")
                .help("The name in the certificate, where the URL has another"),
        )
        .arg(
            arg("roots")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("PEM file with the roots to trust, instead of those of the public web"),
        )
}
