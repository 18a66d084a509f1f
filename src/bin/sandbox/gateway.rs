//! The gateway as a child process: how it is found, set up to believe in the sandbox, and awaited.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Arg, value_parser};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::process::Command;

use crate::settings;
use crate::state::Sandbox;

/// How long a gateway may take to become ready.
const STARTUP: Duration = Duration::from_secs(30);

/// Where a gateway listens.
#[derive(Clone, Copy)]
pub struct Addresses {
    pub page: SocketAddr,
    pub push: SocketAddr,
    pub ops: SocketAddr,
}

/// A flag that says where something listens.
pub fn listen_flag(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    let flag = Arg::new(name).long(name).value_name("ADDR:PORT");
    let flag = flag.default_value(default).help(help);
    flag.value_parser(value_parser!(SocketAddr))
}

/// What is left of the command line, for the gateway.
pub fn arguments_flag() -> Arg {
    Arg::new("gateway-arguments")
        .value_name("GATEWAY ARGUMENTS")
        .help("Passed to the gateway, after --")
        .num_args(0..)
        .last(true)
}

/// The command that starts the gateway built together with this program, so that it believes in
/// `sandbox`.
///
/// # Errors
/// A sentence when there is none.
pub fn command(
    sandbox: &Sandbox,
    listens: Addresses,
    arguments: &[String],
) -> Result<Command, String> {
    let account = &sandbox.settings;
    let api = format!("http://{}", reachable(sandbox.address));
    let pictures = format!("{}/cgi-bin/showqrcode", sandbox.base);
    let mut command = Command::new(program()?);
    command
        .arg("serve")
        .args(arguments)
        .env("SCANGATE_PUBLIC_LISTEN", listens.page.to_string())
        .env("SCANGATE_PUSH_LISTEN", listens.push.to_string())
        .env("SCANGATE_OPS_LISTEN", listens.ops.to_string())
        .env("SCANGATE_WECHAT_APP_ID", &account.app_id)
        .env("SCANGATE_WECHAT_APP_SECRET", &account.app_secret)
        .env("SCANGATE_WECHAT_TOKEN", &account.token)
        .env(
            "SCANGATE_WECHAT_ENCODING_AES_KEY",
            &account.encoding_aes_key,
        )
        .env("SCANGATE_WECHAT_ORIGINAL_ID", &account.original_id)
        .env("SCANGATE_WECHAT_TEMPLATE_ID", &account.template_id)
        .env("SCANGATE_WECHAT_MODE", settings::word(account.mode))
        .env("SCANGATE_WECHAT_API_URL", api)
        .env("SCANGATE_WECHAT_QR_URL", pictures)
        .env("SCANGATE_LIMIT_QRCODES_PER_MINUTE", "0")
        // A group of its own: Ctrl-C then reaches us alone, and we pass it on once.
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// Waits until the gateway says that it is ready.
///
/// # Errors
/// A sentence when it takes too long.
pub async fn wait_until_ready(ops: SocketAddr) -> Result<(), String> {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let url = format!("http://{}/readyz", reachable(ops));
    let url: hyper::Uri = url.parse().expect("an address makes a URL");
    let start = Instant::now();
    while start.elapsed() < STARTUP {
        if let Ok(answer) = client.get(url.clone()).await
            && answer.status().is_success()
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!(
        "the gateway was not ready after {} s",
        STARTUP.as_secs()
    ))
}

/// An address to connect to: `0.0.0.0` is one to listen on only.
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], listen.port()))
    } else {
        listen
    }
}

fn program() -> Result<PathBuf, String> {
    let own = std::env::current_exe()
        .map_err(|cause| format!("could not learn where this program is: {cause}"))?;
    let program = own.with_file_name("scangate");
    if program.exists() {
        return Ok(program);
    }
    Err(format!(
        "there is no gateway at {}; `cargo build` makes both programs",
        program.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_reached_by_loopback() {
        assert_eq!(
            reachable("0.0.0.0:7".parse().unwrap()),
            "127.0.0.1:7".parse().unwrap()
        );
    }
}
