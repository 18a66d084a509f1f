//! Everything at once: the sandbox, and a gateway beside it that is set up to believe in it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Arg, ArgMatches, value_parser};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::process::{Child, Command};

use crate::host::{ensure_free, stop_signal};
use crate::http;
use crate::settings::{self, Settings};
use crate::state::Sandbox;

/// How long the gateway may take to become ready.
const STARTUP: Duration = Duration::from_secs(30);
/// How long it may take to end, after it was asked to.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// The flags that `demo` has beside those of `serve`: name, default, help.
const FLAGS: [[&str; 3]; 3] = [
    [
        "page-listen",
        "127.0.0.1:2129",
        "Where the gateway's page listens",
    ],
    [
        "push-listen",
        "127.0.0.1:5678",
        "Where the gateway's push port listens",
    ],
    [
        "ops-listen",
        "127.0.0.1:9129",
        "Where the gateway's metrics and health listen",
    ],
];

/// A sandbox and a gateway.
pub struct Demo {
    settings: Settings,
    page_listen: SocketAddr,
    push_listen: SocketAddr,
    ops_listen: SocketAddr,
    /// Handed through to the gateway.
    gateway_arguments: Vec<String>,
}

/// The flags, for the command line.
pub fn flags() -> impl Iterator<Item = Arg> {
    let listen = |[name, default, help]: [&'static str; 3]| {
        let flag = Arg::new(name).long(name).value_name("ADDR:PORT");
        let flag = flag.default_value(default).help(help);
        flag.value_parser(value_parser!(SocketAddr))
    };
    let rest = Arg::new("gateway-arguments")
        .value_name("GATEWAY ARGUMENTS")
        .help("Passed to the gateway, after --")
        .num_args(0..)
        .last(true);
    FLAGS.into_iter().map(listen).chain([rest])
}

impl Demo {
    /// Reads what the command line gave.
    pub fn read(given: &ArgMatches) -> Demo {
        let arguments = given.get_many("gateway-arguments").unwrap_or_default();
        Demo {
            settings: Settings::read(given),
            page_listen: settings::value(given, "page-listen"),
            push_listen: settings::value(given, "push-listen"),
            ops_listen: settings::value(given, "ops-listen"),
            gateway_arguments: arguments.cloned().collect(),
        }
    }

    /// Runs until the gateway ends or somebody stops it.
    ///
    /// # Errors
    /// A sentence when it cannot start.
    pub async fn run(mut self) -> Result<ExitCode, String> {
        ensure_free(self.page_listen, "--page-listen")?;
        ensure_free(self.push_listen, "--push-listen")?;
        ensure_free(self.ops_listen, "--ops-listen")?;
        self.settings.callback = format!("http://{}/wechat", reachable(self.page_listen));
        let (listener, sandbox) = crate::open(self.settings.clone()).await?;
        let data = std::env::temp_dir().join(format!("scangate-demo-{}", std::process::id()));
        let mut gateway = self.spawn(&sandbox, &data)?;
        tokio::spawn(http::serve(listener, sandbox.clone()));
        let outcome = self.watch(&mut gateway, &sandbox).await;
        // Nothing of the demo is worth keeping; a directory that stays behind is no harm.
        let _ = std::fs::remove_dir_all(&data);
        outcome
    }

    fn spawn(&self, sandbox: &Sandbox, data: &PathBuf) -> Result<Child, String> {
        let program = gateway_program()?;
        let account = &self.settings;
        let api = format!("http://{}", reachable(sandbox.address));
        Command::new(&program)
            .arg("serve")
            .args(&self.gateway_arguments)
            .env("SCANGATE_PUBLIC_LISTEN", self.page_listen.to_string())
            .env("SCANGATE_PUSH_LISTEN", self.push_listen.to_string())
            .env("SCANGATE_OPS_LISTEN", self.ops_listen.to_string())
            .env("SCANGATE_DATA_DIR", data)
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
            .env("SCANGATE_WECHAT_API_URL", &api)
            .env(
                "SCANGATE_WECHAT_QR_URL",
                format!("{}/cgi-bin/showqrcode", sandbox.base),
            )
            .env("SCANGATE_LIMIT_QRCODES_PER_MINUTE", "0")
            .env("SCANGATE_DRAIN_DELAY_SECONDS", "0")
            .env("SCANGATE_DRAIN_SECONDS", "1")
            // A group of its own: Ctrl-C then reaches us alone, and we pass it on once.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|cause| format!("could not start {}: {cause}", program.display()))
    }

    async fn watch(&self, gateway: &mut Child, sandbox: &Sandbox) -> Result<ExitCode, String> {
        tokio::select! {
            ready = self.wait_until_ready() => ready?,
            status = gateway.wait() => return ended(status),
            result = stop_signal() => {
                result?;
                return stop(gateway).await;
            }
        }
        self.welcome(sandbox);
        tokio::select! {
            status = gateway.wait() => ended(status),
            result = stop_signal() => {
                result?;
                stop(gateway).await
            }
        }
    }

    async fn wait_until_ready(&self) -> Result<(), String> {
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let url = format!("http://{}/readyz", reachable(self.ops_listen));
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

    fn welcome(&self, sandbox: &Sandbox) {
        let page = reachable(self.page_listen);
        println!();
        println!("  The gateway and a pretend WeChat are running.");
        println!();
        println!("    the page with the code   http://{page}/");
        println!("    the phone to scan with   {}/phone", sandbox.base);
        println!();
        println!("  Open both side by side, and scan. Ctrl-C ends it.");
        println!();
    }
}

/// The gateway that was built together with this program.
fn gateway_program() -> Result<PathBuf, String> {
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

/// An address to connect to: `0.0.0.0` is one to listen on only.
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], listen.port()))
    } else {
        listen
    }
}

/// Asks the gateway to end, and insists after a while or when asked again.
async fn stop(gateway: &mut Child) -> Result<ExitCode, String> {
    if let Some(id) = gateway.id() {
        let _ = Command::new("kill").arg(id.to_string()).status().await;
    }
    tokio::select! {
        status = gateway.wait() => return ended(status),
        _ = stop_signal() => {}
        () = tokio::time::sleep(SHUTDOWN) => {}
    }
    gateway
        .kill()
        .await
        .map_err(|cause| format!("could not end the gateway: {cause}"))?;
    Ok(ExitCode::FAILURE)
}

/// The gateway's exit code becomes ours.
fn ended(status: std::io::Result<std::process::ExitStatus>) -> Result<ExitCode, String> {
    let status = status.map_err(|cause| format!("could not wait for the gateway: {cause}"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
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
