//! A pretend WeChat for developers and tests: the platform's API, its callbacks, and a phone to scan with.
//!
//! A program of its own. The gateway knows nothing of it but URLs: `SCANGATE_WECHAT_API_URL` and
//! `SCANGATE_WECHAT_QR_URL` point here, and the callbacks go to where WeChat's would.
//!
//! | path | what |
//! |---|---|
//! | `/cgi-bin/…` | the platform's API, with its documented errors ([`api`]) |
//! | `/phone`, `/q/{id}` | the pretend phone, and what a code opens in a real camera ([`phone`]) |
//! | `/sandbox/…` | the same as JSON, for tests ([`control`]) |

mod api;
mod callback;
mod chat;
mod cluster;
mod codes;
mod control;
mod courier;
mod demo;
mod family;
mod faults;
mod gateway;
mod host;
mod http;
mod people;
mod phone;
mod picture;
mod quota;
mod random;
mod reader;
mod scan;
mod settings;
mod state;
mod tokens;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Command;
use tokio::net::TcpListener;

use cluster::Cluster;
use demo::Demo;
use host::Stop;
use settings::Settings;
use state::Sandbox;

#[tokio::main]
async fn main() -> ExitCode {
    let given = command_line().get_matches();
    let outcome = match given.subcommand() {
        Some(("demo", given)) => Demo::read(given).run().await,
        Some(("cluster", given)) => Cluster::read(given).run().await,
        Some((_, given)) => serve(Settings::read(given)).await,
        None => unreachable!("a command is required"),
    };
    outcome.unwrap_or_else(|fault| {
        eprintln!("scangate-sandbox: {fault}");
        ExitCode::FAILURE
    })
}

fn command_line() -> Command {
    let serve = Command::new("serve")
        .about("Play WeChat: the API, the callbacks and a phone page")
        .args(settings::flags());
    let demo = Command::new("demo")
        .about("Play WeChat and run a gateway beside it; everything is set up")
        .args(settings::flags())
        // The demo knows where its own gateway listens.
        .mut_arg("callback", |flag| flag.hide(true))
        .args(demo::flags());
    let cluster = Command::new("cluster")
        .about("Play WeChat and run up to three gateways, with Redis and HAProxy; everything is set up")
        .args(settings::flags())
        // Callbacks come through HAProxy.
        .mut_arg("callback", |flag| flag.hide(true))
        .args(cluster::flags());
    Command::new("scangate-sandbox")
        .about("A pretend WeChat: scan codes without an official account")
        .subcommand_required(true)
        .subcommands([serve, demo, cluster])
}

async fn serve(settings: Settings) -> Result<ExitCode, String> {
    let mut stop = Stop::watch()?;
    let (listener, sandbox) = open(settings).await?;
    let callback = &sandbox.settings.callback;
    println!("sandbox listening on http://{}", sandbox.address);
    println!("phone at {}/phone, callbacks to {callback}", sandbox.base);
    tokio::select! {
        () = http::serve(listener, sandbox.clone()) => {}
        () = stop.asked() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Binds the listener and builds the sandbox behind it.
async fn open(settings: Settings) -> Result<(TcpListener, Arc<Sandbox>), String> {
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|cause| host::cannot_listen(settings.listen, "--listen", &cause))?;
    let address = listener
        .local_addr()
        .map_err(|cause| format!("could not learn the bound address: {cause}"))?;
    Ok((listener, Arc::new(Sandbox::new(settings, address))))
}
