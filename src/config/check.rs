//! What settings must be together; each alone was looked at when it was read.

use super::Config;
use super::fault::Fault;
use super::reader::Reader;
use super::wechat::Mode;

/// Adds what does not fit together to the reader's faults.
pub(super) fn check(config: &Config, reader: &mut Reader) {
    let faults = [
        tls_pair(config, reader),
        wechat_account(config, reader),
        wechat_key(config, reader),
        ping_before_heartbeat(config, reader),
        hook_complete(config, reader),
    ];
    reader.faults.extend(faults.into_iter().flatten());
}

fn tls_pair(config: &Config, reader: &Reader) -> Option<Fault> {
    let (given, missing) = match (&config.public.tls_cert, &config.public.tls_key) {
        (Some(_), None) => ("public.tls_cert", "public.tls_key"),
        (None, Some(_)) => ("public.tls_key", "public.tls_cert"),
        _ => return None,
    };
    let message = format!("{given} needs {missing}, which is not set");
    Some(Fault::new(reader.place(given), message))
}

fn wechat_account(config: &Config, reader: &Reader) -> Option<Fault> {
    let wechat = &config.wechat;
    let needed = [
        ("wechat.app_id", wechat.app_id.is_some()),
        ("wechat.app_secret", wechat.app_secret.is_some()),
        ("wechat.token", wechat.token.is_some()),
    ];
    let (given, _) = needed.iter().find(|(_, set)| *set)?;
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(_, set)| !set)
        .map(|(path, _)| *path)
        .collect();
    if missing.is_empty() || !reader.all_right(&missing) {
        return None;
    }
    let message = format!("{given} needs {}, not set", missing.join(" and "));
    Some(Fault::new(reader.place(given), message))
}

fn wechat_key(config: &Config, reader: &Reader) -> Option<Fault> {
    let encrypted = matches!(config.wechat.mode, Some(Mode::Compat | Mode::Safe));
    let key = "wechat.encoding_aes_key";
    if !encrypted || config.wechat.encoding_aes_key.is_some() || !reader.all_right(&[key]) {
        return None;
    }
    let message = format!("this mode needs {key}, which is not set");
    Some(Fault::new(reader.place("wechat.mode"), message))
}

fn ping_before_heartbeat(config: &Config, reader: &Reader) -> Option<Fault> {
    let (ping, heartbeat) = (config.ping.after, config.heartbeat.after);
    if ping < heartbeat || !reader.all_right(&["ping.seconds", "heartbeat.seconds"]) {
        return None;
    }
    let given = if reader.found.contains_key("ping.seconds") {
        "ping.seconds"
    } else {
        "heartbeat.seconds"
    };
    let message = format!(
        "ping.seconds ({}) must be less than heartbeat.seconds ({}), or 0",
        ping.as_secs_f64(),
        heartbeat.as_secs_f64()
    );
    Some(Fault::new(reader.place(given), message))
}

fn hook_complete(config: &Config, reader: &Reader) -> Option<Fault> {
    let hook = &config.hook;
    let (given, missing) = match (&hook.url, &hook.secret) {
        (None, _) if !hook.events.is_empty() => ("hook.events", "hook.url"),
        (Some(_), None) => ("hook.url", "hook.secret"),
        _ => return None,
    };
    if !reader.all_right(&[given, missing]) {
        return None;
    }
    let message = format!("{given} needs {missing}, which is not set");
    Some(Fault::new(reader.place(given), message))
}
