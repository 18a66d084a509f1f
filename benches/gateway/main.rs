//! Measures the gateway, as the program that is shipped, beside a raw tokio floor: what a
//! websocket costs in memory, and a push, a bind and a TLS handshake in time.
//!
//! `cargo bench --bench gateway`, with `-- --help` for the sizes. Both servers run as processes of
//! their own, in turn; the pages and the backends live in this one, whose CPU is counted apart.

use std::process::ExitCode;
use std::time::Duration;

use failure::Failure;
use options::{Invocation, Options};
use round::{Round, Sizes};
use server::{Certificate, Program};
use table::Table;

mod failure;
mod figures;
mod floor;
mod load;
mod measure;
mod options;
mod page;
mod round;
mod server;
mod table;

/// The gateway's own allocator, so that the floor has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A page is a file here and a file in the server; where the limit cannot be raised, opening says so.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let result = match options::read() {
        Invocation::Floor => floor::run(),
        Invocation::Bench(options) => bench(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("the bench failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Every round, then the table.
fn bench(options: &Options) -> Result<(), Failure> {
    // One thread: the load may have one core at most, so the server always has the other.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let table = runtime.block_on(rounds(options))?;
    if options.markdown {
        print!("{}", table.markdown());
    } else {
        print!("{}", table.text());
    }
    if let Some(file) = &options.json {
        std::fs::write(file, table.json())?;
    }
    Ok(())
}

/// Gateway and floor by turns, so that a machine that grows warm or busy is unkind to both.
async fn rounds(options: &Options) -> Result<Table, Failure> {
    let sizes = |pages| Sizes {
        pages,
        warm: options.warm,
        load: Duration::from_secs_f64(options.seconds),
    };
    let busy = measure::load_average()?;
    let certificate = Certificate::new()?;
    let plain = sizes(options.connections);
    let gateway = round(Program::Gateway, None, plain).await?;
    let floor = round(Program::Floor, None, plain).await?;
    let tls = sizes(options.tls_connections);
    let gateway_tls = round(Program::Gateway, Some(&certificate), tls).await?;
    let floor_tls = round(Program::Floor, Some(&certificate), tls).await?;
    let rows = figures::rows([&gateway, &floor], [&gateway_tls, &floor_tls]);
    Ok(Table::new(options.seconds, busy, rows))
}

async fn round(
    program: Program,
    certificate: Option<&Certificate>,
    sizes: Sizes,
) -> Result<Round, Failure> {
    let transport = if certificate.is_some() {
        "TLS"
    } else {
        "plain"
    };
    eprintln!("{program}: {} websockets, {transport}", sizes.pages);
    round::run(program, certificate, sizes).await
}
