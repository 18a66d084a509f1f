//! What holds for the configuration as a whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

/// Inputs in a form that fits on a line.
fn read(file: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Reading, Faults> {
    let owned = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        pairs
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    };
    Config::read(&Inputs {
        file: Some(File {
            name: "scangate.toml",
            text: file,
        }),
        variables: owned(variables),
        flags: owned(flags),
        secret_file: &|path| match path == Path::new("/run/secrets/push") {
            true => Ok("hush-hush-hush\n".to_owned()),
            false => Err(std::io::ErrorKind::NotFound.into()),
        },
    })
}

fn faults(file: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Vec<String> {
    let faults = read(file, variables, flags).unwrap_err().faults;
    faults.iter().map(Fault::to_string).collect()
}

#[test]
fn without_inputs_everything_has_its_default() {
    let reading = Config::read(&Inputs::none()).unwrap();
    let config = reading.config;
    assert_eq!(config, Config::default());
    assert_eq!(config.public.listen.to_string(), "0.0.0.0:2129");
    assert_eq!(config.push.listen.to_string(), "127.0.0.1:5678");
    assert_eq!(config.ops.listen.to_string(), "127.0.0.1:9129");
    assert_eq!(config.public.origins, Origins::SameOrigin);
    assert_eq!(config.session.life, Duration::from_secs(120));
    assert_eq!(config.session.grace, Duration::from_secs(60));
    assert_eq!(config.ping.interval(), Some(Duration::from_secs(25)));
    assert_eq!(config.limit.connections, None);
    assert_eq!(config.data.dir, PathBuf::from("./data"));
    assert_eq!(config.wechat.mode(), Mode::Plain);
    assert!(config.push.retain && !config.bind.register);
    assert!(reading.warnings.is_empty() && reading.places.is_empty());
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let file = "[heartbeat]\nseconds = 50\n[session]\nevents = 0x10\nseconds = 1.5\n\
                [limit]\nconnections = 7";
    let reading = read(
        file,
        &[
            ("SCANGATE_SESSION_EVENTS", "20"),
            ("SCANGATE_LIMIT_CONNECTIONS", "8"),
        ],
        &[("limit-connections", "9")],
    )
    .unwrap();
    assert_eq!(reading.config.heartbeat.after, Duration::from_secs(50));
    assert_eq!(reading.config.session.life, Duration::from_millis(1500));
    assert_eq!(reading.config.session.events, 20);
    assert_eq!(reading.config.limit.connections, Some(9));
    assert_eq!(reading.places["heartbeat.seconds"], "scangate.toml:2");
    assert_eq!(reading.places["session.events"], "SCANGATE_SESSION_EVENTS");
    assert_eq!(reading.places["limit.connections"], "--limit-connections");
}

#[test]
fn all_faults_are_said_at_once_each_with_its_place() {
    let file = "[public]\nlisen = \"x\"\ntls_cert = \"a.pem\"\n\n[pusch]\n[session]\nevents = 0\n\
                [ops]\nlisten = { port = 1 }\n[limit]\nmessage_byte = 1";
    let found = faults(
        file,
        &[
            ("SCANGATE_PUSH_LISTEN", "here"),
            ("SCANGATE_BROKER_URL", "amqp://db"),
        ],
        &[("drain-secnds", "1"), ("bind-register", "maybe")],
    );
    for said in [
        "scangate.toml:2: unknown setting public.lisen; did you mean public.listen?",
        "scangate.toml:3: public.tls_cert needs public.tls_key, which is not set",
        "scangate.toml:5: unknown section [pusch]; did you mean [push]?",
        "scangate.toml:7: expected a whole number from 1 to 10000, found `0`",
        "scangate.toml:9: expected ADDR:PORT, found a table",
        "scangate.toml:11: unknown setting limit.message_byte; did you mean limit.message_bytes?",
        "SCANGATE_PUSH_LISTEN: expected ADDR:PORT such as 127.0.0.1:8080 or [::1]:8080, found `here`",
        "--drain-secnds: unknown flag; did you mean --drain-seconds?",
        "--bind-register: expected true or false, found `maybe`",
        "SCANGATE_BROKER_URL: expected embedded or a redis URL, found `amqp://…`",
    ] {
        assert!(
            found.iter().any(|fault| fault == said),
            "{said}\nnot in {found:#?}"
        );
    }
    assert_eq!(found.len(), 10, "{found:#?}");
}

#[test]
fn a_file_that_is_no_toml_is_told_by_line_without_its_text() {
    let found = faults(
        "[push]\nsecret = \"hush-hush-hush\n[ops]\nlisten = \"x\"",
        &[],
        &[],
    );
    assert!(
        found[0].starts_with("scangate.toml:2: not TOML: "),
        "{found:#?}"
    );
    assert!(!found.concat().contains("hush"), "{found:#?}");
}

#[test]
fn an_unknown_variable_is_a_warning() {
    let variables = [
        ("SCANGATE_PORT", "tcp://10.0.0.1:2129"),
        ("SCANGATE_PUBLIC_LISTN", "x"),
        ("SCANGATE_CONFIG", "scangate.toml"),
        ("SCANGATE_PUBLIC_LISTEN_FILE", "x"),
        ("HOME", "/"),
    ];
    let warnings = read("", &variables, &[]).unwrap().warnings;
    let warnings: Vec<String> = warnings.iter().map(Fault::to_string).collect();
    assert_eq!(warnings.len(), 3, "{warnings:#?}");
    assert_eq!(
        warnings[1],
        "SCANGATE_PUBLIC_LISTN: unknown variable, ignored; did you mean SCANGATE_PUBLIC_LISTEN?"
    );
}

#[test]
fn secrets_come_from_variables_and_files_but_not_from_flags() {
    let file = [("SCANGATE_PUSH_SECRET_FILE", "/run/secrets/push")];
    let config = read("", &file, &[]).unwrap().config;
    assert_eq!(config.push.secret.unwrap().expose(), "hush-hush-hush");

    let both = [file[0], ("SCANGATE_PUSH_SECRET", "hush-hush")];
    let said =
        "SCANGATE_PUSH_SECRET_FILE: SCANGATE_PUSH_SECRET is set too; only one of them can count";
    assert_eq!(faults("", &both, &[]), [said]);

    let flag = faults("", &[], &[("push-secret", "hush-hush-hush")]);
    assert!(flag[0].contains("use SCANGATE_PUSH_SECRET or SCANGATE_PUSH_SECRET_FILE"));
    assert!(!flag[0].contains("hush"));

    let missing = faults("", &[("SCANGATE_OPS_API_KEY_FILE", "/nowhere")], &[]);
    assert!(
        missing[0].contains("could not read /nowhere"),
        "{missing:#?}"
    );
}

#[test]
fn secrets_that_are_none_are_refused_and_never_shown() {
    let weak = [
        ("SCANGATE_PUSH_SECRET", ""),
        ("SCANGATE_OPS_API_KEY", "hunter2"),
    ];
    let found = faults("", &weak, &[]);
    assert_eq!(found[0], "SCANGATE_PUSH_SECRET: is empty");
    assert_eq!(
        found[1],
        "SCANGATE_OPS_API_KEY: is too short, expected at least 8 bytes"
    );

    let variables = [
        ("SCANGATE_PUSH_SECRET", "swordfish-1"),
        ("SCANGATE_WECHAT_APP_ID", "wx0123456789abcdef"),
        ("SCANGATE_WECHAT_APP_SECRET", "swordfish-2"),
        ("SCANGATE_WECHAT_TOKEN", "swordfish3"),
        (
            "SCANGATE_WECHAT_ENCODING_AES_KEY",
            "swordfish0123456789012345678901234567890123",
        ),
    ];
    let reading = read("", &variables, &[]).unwrap();
    assert_eq!(reading.config.wechat.mode(), Mode::Safe);
    assert!(!format!("{reading:?}").contains("swordfish"));
    assert!(!reading.to_toml().contains("swordfish"));

    let bad = [
        ("SCANGATE_WECHAT_TOKEN", "swordfish-3"),
        ("SCANGATE_WECHAT_ENCODING_AES_KEY", "swordfish"),
    ];
    let found = faults("", &bad, &[]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(!found.concat().contains("swordfish"), "{found:#?}");
}

#[test]
fn the_account_is_whole_or_absent() {
    let found = faults(
        "[wechat]\napp_id = \"wx0123456789abcdef\"\nmode = \"safe\"",
        &[],
        &[],
    );
    assert_eq!(
        found,
        [
            "scangate.toml:2: wechat.app_id needs wechat.app_secret and wechat.token, not set",
            "scangate.toml:3: this mode needs wechat.encoding_aes_key, which is not set",
        ]
    );
    let found = faults(
        "[wechat]\napp_id = \"wx0123456789ABCDEF\"\nmode = \"secure\"",
        &[],
        &[],
    );
    assert_eq!(
        found,
        [
            "scangate.toml:2: expected wx and 16 hexadecimal digits, found `wx0123456789ABCDEF`",
            "scangate.toml:3: expected one of plain, compat, safe, found `secure`",
        ]
    );
}

#[test]
fn a_ping_comes_before_the_heartbeat_or_never() {
    let heartbeat = "[heartbeat]\nseconds = 20";
    let said = "scangate.toml:2: ping.seconds (25) must be less than heartbeat.seconds (20), or 0";
    assert_eq!(faults(heartbeat, &[], &[]), [said]);
    let quiet = read(heartbeat, &[("SCANGATE_PING_SECONDS", "0")], &[]).unwrap();
    assert_eq!(quiet.config.ping.interval(), None);
}

#[test]
fn arrays_and_commas_are_one() {
    let array =
        "[public]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\norigins = [\"https://a.example\"]";
    let commas = "[public]\ntrusted_proxies = \"10.0.0.0/8, ::1\"\norigins = \"https://a.example\"";
    assert_eq!(
        read(array, &[], &[]).unwrap().config,
        read(commas, &[], &[]).unwrap().config
    );
}

#[test]
fn a_reload_takes_what_it_can_and_names_the_rest() {
    let old = Config::default();
    let new = read(
        "[log]\nlevel = \"debug\"\n[push]\nsecret = \"hush-hush\"\nlisten = \"[::1]:1\"\n\
         [session]\nseconds = 60",
        &[],
        &[],
    );
    let (merged, now, restart) = old.reloaded(new.unwrap().config);
    assert_eq!(now, ["push.secret", "log.level"]);
    assert_eq!(restart, ["push.listen", "session.seconds"]);
    assert_eq!(merged.log.level, "debug");
    assert_eq!(merged.push.listen, old.push.listen);
    assert_eq!(merged.session, old.session);

    let (same, now, restart) = merged.reloaded(merged.clone());
    assert_eq!(same, merged);
    assert!(now.is_empty() && restart.is_empty());
}

#[test]
fn every_setting_has_a_name_of_its_own_and_every_secret_no_flag() {
    let mut names = std::collections::BTreeSet::new();
    for setting in Config::settings() {
        assert!(names.insert(setting.variable()), "{}", setting.path);
        assert!(setting.meaning().ends_with('.'), "{}", setting.path);
        if setting.secret {
            assert!(names.insert(format!("{}_FILE", setting.variable())));
            let fault = faults("", &[], &[(&setting.flag(), "hush-hush-hush")]);
            assert!(fault[0].contains("cannot be a flag"), "{fault:#?}");
        }
    }
}

#[test]
fn every_range_is_kept() {
    for setting in Config::settings() {
        let Some((low, high)) = setting.range else {
            continue;
        };
        for wrong in [low - 1.0, high + 1.0] {
            let found = faults("", &[], &[(&setting.flag(), &wrong.to_string())]);
            assert!(
                found[0].starts_with(&format!("--{}: expected", setting.flag())),
                "{found:#?}"
            );
        }
    }
}

#[test]
fn what_is_printed_can_be_read_again() {
    let file = "[public]\norigins = \"https://a.example,https://b.example\"\n\
                [session]\nseconds = 90.5\n[wechat]\noriginal_id = 'gh_\"x\\y'";
    let reading = read(file, &[("SCANGATE_LIMIT_CONNECTIONS", "9")], &[]).unwrap();
    let page = reading.to_toml();
    assert_eq!(
        read(&page, &[], &[]).unwrap().config,
        reading.config,
        "{page}"
    );
    assert!(
        page.contains("seconds = 90.5  # from scangate.toml:4"),
        "{page}"
    );
    assert!(
        page.lines().all(|line| line.chars().count() <= 100),
        "{page}"
    );
}

#[test]
fn the_example_is_a_good_configuration() {
    read(include_str!("../../examples/scangate.toml"), &[], &[]).unwrap();
}

#[test]
fn the_manual_is_in_step() {
    let manual = include_str!("../../docs/configuration.md");
    assert!(
        manual.ends_with(&Config::to_markdown()),
        "replace the tables of docs/configuration.md with `scangate config --markdown`"
    );
}
