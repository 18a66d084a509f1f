//! The words and flags of the command line; every setting is a flag.

use clap::builder::{NonEmptyStringValueParser, RangedU64ValueParser};
use clap::{Arg, ArgAction, Command, value_parser};

use crate::config::{Config, Notation, Setting, wrapped};

mod explain;
mod probe;

const ABOUT: &str =
    "Tells a waiting web page, in real time, that somebody scanned its WeChat QR code";

const AFTER_HELP: &str = "\
Without a command it serves. Each setting is a flag of serve, check, config and doctor: see
`scangate serve --help`. Settings come from the file, then variables, then flags.

Exit codes:
   0  done; a node has drained after SIGTERM or SIGINT
  64  the command line is wrong
  69  could not listen: an address, a certificate or a directory is not to be had
  70  the gateway failed
  78  the configuration is wrong; everything that is wrong has been said
 130, 143  a second SIGINT or SIGTERM ended the drain";

const SERVE: &str = "Runs a node until SIGTERM or SIGINT, then drains it";

const SERVE_HELP: &str = "\
The first SIGTERM or SIGINT drains the node, the second ends it at once.
SIGHUP reads the configuration again and takes over what can change while it runs.";

const PUSH: &str = "Publishes events and prints the verdict on each";

const PUSH_HELP: &str = "\
A secret is taken from SCANGATE_PUSH_SECRET or SCANGATE_PUSH_SECRET_FILE.

Exit codes:
   0  ok or queued
   1  fail: refused for certain
   2  unknown: no connection, or no answer within 3 s
  64  the command line or a line of input is wrong

Example:
  scangate push --uid 1735536450 --ticket gQH4… --json '{\"token\":\"x\"}'";

const DOCTOR: &str = "Looks at what surrounds a node, and says what is wrong and how to mend it";

const DOCTOR_HELP: &str = "\
Run it where the node runs, with the configuration that the node has. It changes nothing;
it asks WeChat for the present access token and for one code that ends in a minute.
docs/DOCTOR.md describes each check.

Exit codes:
   0  nothing fails; there may be warnings
   1  something fails
  64  the command line is wrong
  78  the configuration is wrong";

/// The whole command line.
pub(super) fn command() -> Command {
    Command::new("scangate")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .after_help(AFTER_HELP)
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .arg(file())
        .args(Config::settings().map(|setting| flag(setting).hide(true)))
        .subcommand(configured("serve", SERVE).after_help(SERVE_HELP))
        .subcommand(configured(
            "check",
            "Reads the configuration and says everything that is wrong with it",
        ))
        .subcommand(
            configured(
                "config",
                "Prints every setting with its meaning and the value in effect, as TOML",
            )
            .arg(
                Arg::new("markdown")
                    .long("markdown")
                    .action(ArgAction::SetTrue)
                    .help("Print the tables of docs/configuration.md instead"),
            ),
        )
        .subcommand(push())
        .subcommand(probe::probe())
        .subcommand(explain::explain())
        .subcommand(doctor())
}

fn doctor() -> Command {
    configured("doctor", DOCTOR)
        .after_help(DOCTOR_HELP)
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print the findings as JSON"),
        )
        .arg(
            Arg::new("balancer-timeout")
                .long("balancer-timeout")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64).range(1..))
                .help("After which the balancer cuts a silent connection"),
        )
        .arg(
            Arg::new("balancer-config")
                .long("balancer-config")
                .value_name("FILE")
                .value_parser(value_parser!(std::path::PathBuf))
                .help("The balancer's haproxy.cfg or nginx.conf, to read that from"),
        )
        .arg(
            Arg::new("grace-period")
                .long("grace-period")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64))
                .help("How long a node has from SIGTERM to its end by force"),
        )
}

/// A command that reads the configuration.
fn configured(name: &'static str, about: &'static str) -> Command {
    Command::new(name)
        .about(about)
        .arg(file())
        .args(Config::settings().map(flag))
}

fn file() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(std::path::PathBuf))
        .help("The configuration file, TOML [env: SCANGATE_CONFIG]")
}

/// The flag of a setting, known to the matches by the setting's path. A secret's is hidden, and
/// refused where the configuration is read.
fn flag(setting: &'static Setting) -> Arg {
    const COLUMNS: usize = 86;
    let mut help = wrapped(&setting.meaning(), COLUMNS);
    let default = setting.default.filter(|default| !default.is_empty());
    let default = default
        .map(|default| format!("[default: {default}] "))
        .unwrap_or_default();
    let limits = setting
        .range
        .map(|(low, high)| format!("[{low} to {high}] "));
    let limits = limits.unwrap_or_default();
    help.push(format!("{default}{limits}[env: {}]", setting.variable()));
    let arg = Arg::new(setting.path)
        .long(setting.flag())
        .value_name(setting.placeholder)
        .help(help.join("\n"))
        .help_heading(format!("[{}]", setting.section()))
        .hide_short_help(true)
        .hide(setting.secret)
        .allow_negative_numbers(true);
    match setting.notation {
        Notation::Switch => arg.num_args(0..=1).default_missing_value("true"),
        _ => arg,
    }
}

fn push() -> Command {
    Command::new("push")
        .about(PUSH)
        .after_help(PUSH_HELP)
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("HOST:PORT")
                .default_value("127.0.0.1:5678")
                .help("The push port of any node"),
        )
        .arg(
            Arg::new("uid")
                .long("uid")
                .value_name("UID")
                .value_parser(RangedU64ValueParser::<u32>::new().range(1..))
                .help("The uid of the session, unless the JSON names it"),
        )
        .arg(
            Arg::new("ticket")
                .long("ticket")
                .value_name("TICKET")
                .value_parser(NonEmptyStringValueParser::new())
                .help("The ticket of the session, unless the JSON names it"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .value_name("OBJECT")
                .conflicts_with("stdin")
                .help("The event, a JSON object; {} without it"),
        )
        .arg(
            Arg::new("stdin")
                .value_name("-")
                .value_parser(["-"])
                .hide_possible_values(true)
                .help("Read events from standard input, one JSON object a line"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_setting_is_a_flag_of_every_command_that_reads_settings() {
        for word in ["serve", "check", "config", "doctor"] {
            let matches = command()
                .try_get_matches_from(["scangate", word, "--bind-register", "--ping-seconds", "-1"])
                .unwrap();
            let (_, matches) = matches.subcommand().unwrap();
            assert_eq!(matches.get_one::<String>("bind.register").unwrap(), "true");
            assert_eq!(matches.get_one::<String>("ping.seconds").unwrap(), "-1");
        }
    }

    #[test]
    fn help_fits_a_screen_and_hides_secrets() {
        let mut command = command();
        let serve = command.find_subcommand_mut("serve").unwrap();
        let help = serve.render_long_help().to_string();
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
        assert!(help.contains("--session-grace-seconds"));
        assert!(!help.contains("--push-secret"));
        assert!(
            !serve
                .render_help()
                .to_string()
                .contains("--session-grace-seconds")
        );
    }
}
