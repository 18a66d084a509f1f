//! The words of `scangate explain`.

use clap::builder::RangedU64ValueParser;
use clap::{Arg, ArgAction, Command};

const EXPLAIN: &str = "Prints the life of a session: what happened to it, when, at which node";

const EXPLAIN_HELP: &str = "\
The key of the API is taken from SCANGATE_OPS_API_KEY or SCANGATE_OPS_API_KEY_FILE.

Exit codes:
   0  printed
   1  nothing is known of the uid, or no more
   2  no answer, or a refusal
  64  the command line is wrong

Example:
  scangate explain 1735536450";

pub(super) fn explain() -> Command {
    Command::new("explain")
        .about(EXPLAIN)
        .after_help(EXPLAIN_HELP)
        .arg(
            Arg::new("uid")
                .value_name("UID")
                .required(true)
                .value_parser(RangedU64ValueParser::<u32>::new().range(1..))
                .help("The uid of the session"),
        )
        .arg(
            Arg::new("ops")
                .long("ops")
                .value_name("URL")
                .default_value("http://127.0.0.1:9129")
                .help("The ops listener of any node"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print the answer of the API as it is"),
        )
}
