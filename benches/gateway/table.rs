//! The figures side by side: plain text, Markdown, JSON.

use std::fmt::Write;

use serde::Serialize;

/// The whole result.
#[derive(Serialize)]
pub struct Table {
    cores: usize,
    /// What else the machine was doing: its load of the minute before, in tasks that wanted a core.
    busy: f64,
    seconds: f64,
    rows: Vec<Row>,
}

/// One figure of both servers.
#[derive(Serialize)]
pub struct Row {
    name: String,
    unit: &'static str,
    gateway: f64,
    floor: f64,
    /// Gateway by floor.
    ratio: f64,
    /// What the gateway is to reach: at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
}

const HEAD: [&str; 6] = ["", "unit", "gateway", "floor", "ratio", "target"];

const NOTES: &str = "\
Memory is user memory: the growth by a websocket of `Anonymous` in /proc/PID/smaps_rollup, after a
warm-up and without huge pages; the kernel's sockets are not in it. What is not given back when all
are gone (the events that were retained, too) waits in the allocator for the next. CPU is utime +
stime of the server's process. Latency is from a backend's write to a page's read, the load's own
share included. The floor is a raw tokio program that verifies, retains and limits nothing.
ratio = gateway / floor. On a busy machine believe the ratios, and the latencies not at all.
";

impl Table {
    /// Of rounds in which each load lasted `seconds`, on a machine with the load average `busy`.
    pub fn new(seconds: f64, busy: f64, rows: Vec<Row>) -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            busy,
            seconds,
            rows,
        }
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let cells = self.cells();
        let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max();
        let mut text = self.title();
        for row in &cells {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = width(column).unwrap_or(0);
                let _ = match column {
                    0 | 1 => write!(line, "{cell:<width$}  "),
                    _ => write!(line, "{cell:>width$}  "),
                };
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text + "\n" + NOTES
    }

    /// For a document.
    pub fn markdown(&self) -> String {
        let mut text = self.title();
        for (number, row) in self.cells().iter().enumerate() {
            let _ = writeln!(text, "| {} |", row.join(" | "));
            if number == 0 {
                text += "|---|---|--:|--:|--:|--:|\n";
            }
        }
        text + "\n" + NOTES
    }

    /// For a machine.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("names and numbers") + "\n"
    }

    fn title(&self) -> String {
        format!(
            "The gateway beside a raw tokio floor: {} cores, load average {} at the start, \
             {} s for each load.\n\n",
            self.cores, self.busy, self.seconds
        )
    }

    fn cells(&self) -> Vec<[String; HEAD.len()]> {
        let head = HEAD.map(str::to_owned);
        let rows = self.rows.iter().map(Row::cells);
        std::iter::once(head).chain(rows).collect()
    }
}

impl Row {
    /// A row without a target.
    pub fn new(name: String, unit: &'static str, [gateway, floor]: [f64; 2]) -> Self {
        Self {
            name,
            unit,
            gateway,
            floor,
            ratio: gateway / floor,
            target: None,
        }
    }

    /// The gateway is to stay at or below this.
    pub fn target(mut self, target: f64) -> Self {
        self.target = Some(target);
        self
    }

    fn cells(&self) -> [String; HEAD.len()] {
        let target = self.target.map_or_else(String::new, |target| {
            let met = self.gateway <= target;
            let verdict = if met { "met" } else { "MISSED" };
            format!("≤ {} {verdict}", figure(target))
        });
        [
            self.name.clone(),
            self.unit.to_owned(),
            figure(self.gateway),
            figure(self.floor),
            figure(self.ratio),
            target,
        ]
    }
}

/// Whole from 100 on, with two decimals below; a dash for what a time too short to be seen divides.
fn figure(number: f64) -> String {
    if !number.is_finite() {
        "–".to_owned()
    } else if number.abs() < 100.0 && number.fract() != 0.0 {
        format!("{number:.2}")
    } else {
        format!("{number:.0}")
    }
}
