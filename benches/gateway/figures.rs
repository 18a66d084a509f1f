//! Which figures of the rounds are shown, in which unit, and what the gateway is to reach.

use std::time::Duration;

use crate::delivery::{Delivery, PACE};
use crate::load::WINDOW;
use crate::measure::Latency;
use crate::round::Round;
use crate::table::Row;

/// The gateway's round and the floor's.
type Pair<'a> = [&'a Round; 2];

/// Rows of a push load: name, unit, value.
type Loads = [(&'static str, &'static str, fn(&Delivery) -> f64); 4];

/// Every row, from the rounds of plain and of TLS websockets.
pub fn rows(plain: Pair<'_>, tls: Pair<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(holding("plain", plain, 1.5 * 1024.0));
    rows.extend(holding("wss", tls, 13.0 * 1024.0));
    rows.push(row("plain: server CPU to open one", "ms", plain, open_ms));
    rows.push(
        row(
            "wss: server CPU to open one, full handshake",
            "ms",
            tls,
            open_ms,
        )
        .target(0.4),
    );
    for (transport, pair) in [("plain", plain), ("wss", tls)] {
        let binds = row(format!("{transport}: binds"), "1/s", pair, |round| {
            round.holding.binds_per_second
        });
        rows.push(binds);
    }
    rows.extend(saturation("plain", plain, Some(1.0)));
    rows.extend(saturation("wss", tls, None));
    for (transport, pair) in [("plain", plain), ("wss", tls)] {
        rows.extend(latencies(
            &format!("{transport}, {PACE}/s"),
            pair,
            |round| &round.paced,
        ));
        rows.extend(latencies(
            &format!("{transport}, {WINDOW} in flight"),
            pair,
            |round| &round.saturated,
        ));
    }
    rows
}

fn row(
    name: impl Into<String>,
    unit: &'static str,
    pair: Pair<'_>,
    value: impl Fn(&Round) -> f64,
) -> Row {
    Row::new(name.into(), unit, pair.map(value))
}

/// What websockets cost that only wait.
fn holding(transport: &str, pair: Pair<'_>, most_bytes: f64) -> [Row; 4] {
    let of =
        |name, unit, value: fn(&Round) -> f64| row(format!("{transport}{name}"), unit, pair, value);
    [
        of(" websockets held", "", |round| round.holding.pages as f64),
        of(": memory of one, idle", "bytes", |round| {
            round.holding.idle_bytes
        })
        .target(most_bytes),
        of(
            ": memory of one, bound, with its session",
            "bytes",
            |round| round.holding.bound_bytes,
        ),
        of(
            ": memory not given back when all are gone",
            "KiB",
            |round| round.left_bytes / 1024.0,
        ),
    ]
}

/// What a server does when it does all it can.
fn saturation(transport: &str, pair: Pair<'_>, most_cpu: Option<f64>) -> Vec<Row> {
    const ROWS: Loads = [
        ("pushes at saturation", "1/s", |load| load.per_second),
        ("server CPU for 100,000", "s", |load| {
            per_100_000(load.servers_cpu())
        }),
        ("server, cores busy", "", |load| {
            load.servers_cpu().as_secs_f64() * load.per_second
        }),
        ("load, cores busy (of 1)", "", |load| {
            load.client_cpu.as_secs_f64() * load.per_second
        }),
    ];
    let mut rows: Vec<_> = ROWS
        .into_iter()
        .map(|(name, unit, value)| {
            row(format!("{transport}: {name}"), unit, pair, |round| {
                value(&round.saturated)
            })
        })
        .collect();
    rows[1].target = most_cpu;
    rows
}

/// How long pushes took.
fn latencies(load: &str, pair: Pair<'_>, of: fn(&Round) -> &Delivery) -> [Row; 3] {
    let of = |name, value: fn(&Latency) -> f64| {
        row(
            format!("push to page, {load}: {name}"),
            "µs",
            pair,
            |round| value(&of(round).latency),
        )
    };
    [
        of("p50", |latency| latency.p50),
        of("p99", |latency| latency.p99),
        of("max", |latency| latency.max),
    ]
}

fn open_ms(round: &Round) -> f64 {
    round.holding.open_cpu.as_secs_f64() * 1e3
}

/// Seconds.
pub fn per_100_000(time: Duration) -> f64 {
    time.as_secs_f64() * 1e5
}
