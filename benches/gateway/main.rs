//! Measures the gateway, as the program that is shipped, beside a raw tokio floor: what a
//! websocket costs in memory, and a push, a bind and a TLS handshake in time. Then the same push
//! across two nodes that a Redis joins.
//!
//! `cargo bench --bench gateway`, with `-- --help` for the sizes. Every server runs as a process of
//! its own; the pages and the backends live in this one, whose CPU is counted apart.

use std::process::ExitCode;

use failure::Failure;
use joined::Joined;
use options::{Broker, Invocation, Options};
use round::{Round, Sizes};
use server::{Certificate, Program};
use store::Store;
use table::{Row, Table};

mod across;
mod delivery;
mod failure;
mod figures;
mod floor;
mod grid;
mod joined;
mod load;
mod measure;
mod options;
mod page;
mod recovery;
mod round;
mod server;
mod store;
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

/// One node, then many.
async fn rounds(options: &Options) -> Result<Table, Failure> {
    let mut table = Table::new(options.seconds, measure::load_average()?);
    let alone = if options.brokers.contains(&Broker::Embedded) {
        let (rows, alone) = one_node(options).await?;
        table.rows = rows;
        Some(alone)
    } else {
        None
    };
    let mut joined = Vec::new();
    let with_redis = options.brokers.iter().copied();
    for broker in with_redis.filter(|broker| *broker != Broker::Embedded) {
        if !Store::is_there().await {
            table.left_out = Some("the nodes that Redis joins; there is no redis-server here.");
            break;
        }
        eprintln!("{broker}: two nodes, then Redis loses everything");
        let sizes = options.sizes(options.connections);
        joined.push(across::run(broker, sizes, options.bound).await?);
    }
    if !joined.is_empty() {
        let alone = alone.as_ref().map(|round| [&round.paced, &round.saturated]);
        table.joined = Some(Joined::new(alone, &joined));
    }
    Ok(table)
}

/// Gateway and floor by turns, so that a machine that grows warm or busy is unkind to both. The
/// rows, and the gateway's round of plain websockets.
async fn one_node(options: &Options) -> Result<(Vec<Row>, Round), Failure> {
    let certificate = Certificate::new()?;
    let plain = options.sizes(options.connections);
    let gateway = round(Program::Gateway, None, plain).await?;
    let floor = round(Program::Floor, None, plain).await?;
    let tls = options.sizes(options.tls_connections);
    let gateway_tls = round(Program::Gateway, Some(&certificate), tls).await?;
    let floor_tls = round(Program::Floor, Some(&certificate), tls).await?;
    let rows = figures::rows([&gateway, &floor], [&gateway_tls, &floor_tls]);
    Ok((rows, gateway))
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
