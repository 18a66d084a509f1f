//! The figures of many nodes: what one node does alone beside two that Redis joins.

use serde::Serialize;

use crate::across::Across;
use crate::delivery::{Delivery, PACE};
use crate::figures::per_100_000;
use crate::grid::{Grid, figure};
use crate::load::WINDOW;

/// The second part of the table.
#[derive(Serialize)]
pub struct Joined {
    /// The brokers that were measured; `embedded` is one node alone.
    brokers: Vec<String>,
    rows: Vec<Row>,
}

/// One figure of every broker.
#[derive(Serialize)]
struct Row {
    name: String,
    unit: &'static str,
    /// None where the broker has no such thing.
    values: Vec<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Target>,
}

/// What those that Redis joins are to reach.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// What stands below the figures.
pub const NOTES: &str = "\
embedded is one node, pushed at and with the pages; the others are two: A is pushed at, B has the
pages. Every push is verified, retained and answered ok, at most 1,000 are undelivered. Redis keeps
nothing on disk. Its loss: it is killed and started again empty; the time is from its first
answer until a push to each of a sample of the bound pages was answered ok and had arrived.
";

/// The loads of one broker.
struct Column<'a> {
    paced: &'a Delivery,
    saturated: &'a Delivery,
    across: Option<&'a Across>,
}

/// A row before it is filled: name, unit, the figure of a broker, what is to be reached.
type Outline = (String, &'static str, Value, Option<Target>);

type Value = fn(&Column<'_>) -> Option<f64>;

/// Every row.
fn outlines() -> Vec<Outline> {
    let row = |name: &str, unit, value: Value| (name.to_owned(), unit, value, None);
    let aimed =
        |name: &str, unit, target, value: Value| (name.to_owned(), unit, value, Some(target));
    let paced = |part| format!("push to page, {PACE}/s: {part}");
    let full = |part| format!("push to page, {WINDOW} in flight: {part}");
    vec![
        aimed(
            "pushes at saturation",
            "1/s",
            Target::AtLeast(30_000.0),
            |column| Some(column.saturated.per_second),
        ),
        aimed(
            "CPU for 100,000: all servers",
            "s",
            Target::AtMost(3.0),
            |column| Some(per_100_000(column.saturated.servers_cpu())),
        ),
        row("CPU for 100,000: A", "s", |column| column.party(0)),
        row("CPU for 100,000: B", "s", |column| column.party(1)),
        row("CPU for 100,000: Redis", "s", |column| column.party(2)),
        row("load, cores busy (of 1)", "", |column| {
            Some(column.saturated.client_cpu.as_secs_f64() * column.saturated.per_second)
        }),
        row(&paced("p50"), "µs", |column| {
            Some(column.paced.latency.p50)
        }),
        row(&paced("p99"), "µs", |column| {
            Some(column.paced.latency.p99)
        }),
        row(&full("p50"), "µs", |column| {
            Some(column.saturated.latency.p50)
        }),
        row(&full("p99"), "µs", |column| {
            Some(column.saturated.latency.p99)
        }),
        row("loss of Redis: pages bound", "", |column| {
            Some(column.across?.recovery.pages as f64)
        }),
        aimed(
            "loss of Redis: pushes arrive again after",
            "s",
            Target::AtMost(5.0),
            |column| Some(column.across?.recovery.lasted.as_secs_f64()),
        ),
    ]
}

impl Joined {
    /// Of the loads of one node alone, if it was measured, and of what was joined.
    pub fn new(alone: Option<[&Delivery; 2]>, joined: &[Across]) -> Self {
        let mut brokers = Vec::new();
        let mut columns = Vec::new();
        if let Some([paced, saturated]) = alone {
            brokers.push("embedded".to_owned());
            columns.push(Column {
                paced,
                saturated,
                across: None,
            });
        }
        for across in joined {
            brokers.push(across.broker.to_string());
            columns.push(Column {
                paced: &across.paced,
                saturated: &across.saturated,
                across: Some(across),
            });
        }
        let rows = outlines()
            .into_iter()
            .map(|(name, unit, value, target)| Row {
                name,
                unit,
                values: columns.iter().map(value).collect(),
                target,
            })
            .collect();
        Self { brokers, rows }
    }

    /// As columns.
    pub fn grid(&self) -> Grid {
        let mut head = vec!["nodes".to_owned(), "unit".to_owned()];
        head.extend(self.brokers.iter().cloned());
        head.push("target".to_owned());
        let rows = self.rows.iter().map(|row| row.cells(&self.brokers));
        Grid(std::iter::once(head).chain(rows).collect())
    }
}

impl Column<'_> {
    /// Seconds of one party for 100,000 pushes; nothing where there is one alone.
    fn party(&self, number: usize) -> Option<f64> {
        self.across?;
        Some(per_100_000(self.saturated.cpu[number]))
    }
}

impl Row {
    fn cells(&self, brokers: &[String]) -> Vec<String> {
        let mut cells = vec![self.name.clone(), self.unit.to_owned()];
        let shown = |value: &Option<f64>| figure(value.unwrap_or(f64::NAN));
        cells.extend(self.values.iter().map(shown));
        cells.push(
            self.target
                .map_or_else(String::new, |target| self.verdict(target, brokers)),
        );
        cells
    }

    /// Whether all who have the figure reach the target.
    fn verdict(&self, target: Target, brokers: &[String]) -> String {
        let misses = |value: f64| match target {
            Target::AtMost(most) => value > most,
            Target::AtLeast(least) => value < least,
        };
        let missed: Vec<_> = brokers
            .iter()
            .zip(&self.values)
            .filter(|(_, value)| value.is_some_and(misses))
            .map(|(broker, _)| broker.as_str())
            .collect();
        let wanted = match target {
            Target::AtMost(most) => format!("≤ {}", figure(most)),
            Target::AtLeast(least) => format!("≥ {}", figure(least)),
        };
        match &missed[..] {
            [] => format!("{wanted} met"),
            missed => format!("{wanted} MISSED by {}", missed.join(", ")),
        }
    }
}
