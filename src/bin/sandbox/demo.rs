//! Everything at once: the sandbox, and a gateway beside it that is set up to believe in it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgMatches};
use tokio::process::Child;

use crate::gateway::{self, Addresses, arguments_flag, listen_flag, reachable};
use crate::host::{Stop, ask_to_end, ensure_free};
use crate::http;
use crate::settings::{self, Settings};
use crate::state::Sandbox;

/// How long the gateway may take to end, after it was asked to.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// A sandbox and a gateway.
pub struct Demo {
    settings: Settings,
    listens: Addresses,
    /// Handed through to the gateway.
    gateway_arguments: Vec<String>,
}

/// The flags that `demo` has beside those of `serve`.
pub fn flags() -> [Arg; 4] {
    [
        listen_flag(
            "page-listen",
            "127.0.0.1:2129",
            "Where the gateway's page listens",
        ),
        listen_flag(
            "push-listen",
            "127.0.0.1:5678",
            "Where the gateway's push port listens",
        ),
        listen_flag(
            "ops-listen",
            "127.0.0.1:9129",
            "Where the gateway's metrics and health listen",
        ),
        arguments_flag(),
    ]
}

impl Demo {
    /// Reads what the command line gave.
    pub fn read(given: &ArgMatches) -> Demo {
        let arguments = given.get_many("gateway-arguments").unwrap_or_default();
        Demo {
            settings: Settings::read(given),
            listens: Addresses {
                page: settings::value(given, "page-listen"),
                push: settings::value(given, "push-listen"),
                ops: settings::value(given, "ops-listen"),
            },
            gateway_arguments: arguments.cloned().collect(),
        }
    }

    /// Runs until the gateway ends or somebody stops it.
    ///
    /// # Errors
    /// A sentence when it cannot start.
    pub async fn run(mut self) -> Result<ExitCode, String> {
        let mut stop = Stop::watch()?;
        self.listens.page = ensure_free(self.listens.page, "--page-listen")?;
        self.listens.push = ensure_free(self.listens.push, "--push-listen")?;
        self.listens.ops = ensure_free(self.listens.ops, "--ops-listen")?;
        self.settings.callback = format!("http://{}/wechat", reachable(self.listens.page));
        let (listener, sandbox) = crate::open(self.settings.clone()).await?;
        let data = std::env::temp_dir().join(format!("scangate-demo-{}", std::process::id()));
        let mut gateway = self.spawn(&sandbox, &data)?;
        tokio::spawn(http::serve(listener, sandbox.clone()));
        let outcome = self.watch(&mut gateway, &sandbox, &mut stop).await;
        // Nothing of the demo is worth keeping; a directory that stays behind is no harm.
        let _ = std::fs::remove_dir_all(&data);
        outcome
    }

    fn spawn(&self, sandbox: &Sandbox, data: &Path) -> Result<Child, String> {
        gateway::command(sandbox, self.listens, &self.gateway_arguments)?
            .env("SCANGATE_DATA_DIR", data)
            .env("SCANGATE_DRAIN_DELAY_SECONDS", "0")
            .env("SCANGATE_DRAIN_SECONDS", "1")
            .spawn()
            .map_err(|cause| format!("could not start the gateway: {cause}"))
    }

    async fn watch(
        &self,
        gateway: &mut Child,
        sandbox: &Sandbox,
        stop: &mut Stop,
    ) -> Result<ExitCode, String> {
        tokio::select! {
            ready = gateway::wait_until_ready(self.listens.ops) => ready?,
            status = gateway.wait() => return ended(status),
            () = stop.asked() => return end(gateway, stop).await,
        }
        self.welcome(sandbox);
        tokio::select! {
            status = gateway.wait() => ended(status),
            () = stop.asked() => end(gateway, stop).await,
        }
    }

    fn welcome(&self, sandbox: &Sandbox) {
        let page = reachable(self.listens.page);
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

/// Asks the gateway to end, and insists after a while or when asked again.
async fn end(gateway: &mut Child, stop: &mut Stop) -> Result<ExitCode, String> {
    if let Some(id) = gateway.id() {
        ask_to_end(id).await;
    }
    tokio::select! {
        status = gateway.wait() => return ended(status),
        () = stop.asked() => {}
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
