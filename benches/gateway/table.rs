//! The figures side by side: plain text, Markdown, JSON.

use serde::Serialize;

use crate::grid::{Grid, figure};
use crate::joined::{self, Joined};

/// The whole result.
#[derive(Serialize)]
pub struct Table {
    cores: usize,
    /// What else the machine was doing: its load of the minute before, in tasks that wanted a core.
    busy: f64,
    seconds: f64,
    /// Of one node.
    pub rows: Vec<Row>,
    /// Of many.
    pub joined: Option<Joined>,
    /// Rows that are not there, and why.
    pub left_out: Option<&'static str>,
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

const HEAD: [&str; 6] = ["one node", "unit", "gateway", "floor", "ratio", "target"];

const NOTES: &str = "\
Memory is user memory: the growth by a websocket of `Anonymous` in /proc/PID/smaps_rollup, after a
warm-up and without huge pages; the kernel's sockets are not in it. What is not given back when all
are gone (the events that were retained, too) waits in the allocator for the next. CPU is utime +
stime of the server's process. Latency is from a backend's write to a page's read, the load's own
share included. The floor is a raw tokio program that verifies, retains and limits nothing.
ratio = gateway / floor. On a busy machine believe the ratios, and the latencies not at all.
";

impl Table {
    /// Without rows yet. Each load lasts `seconds`, on a machine with the load average `busy`.
    pub fn new(seconds: f64, busy: f64) -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            busy,
            seconds,
            rows: Vec::new(),
            joined: None,
            left_out: None,
        }
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        self.with(Grid::text)
    }

    /// For a document.
    pub fn markdown(&self) -> String {
        self.with(Grid::markdown)
    }

    /// For a machine.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("names and numbers") + "\n"
    }

    fn with(&self, shown: fn(&Grid) -> String) -> String {
        let mut text = format!(
            "{} cores, load average {} at the start, {} s for each load.\n",
            self.cores, self.busy, self.seconds
        );
        if !self.rows.is_empty() {
            text += &format!("\n{}\n{NOTES}", shown(&self.grid()));
        }
        if let Some(joined) = &self.joined {
            text += &format!("\n{}\n{}", shown(&joined.grid()), joined::NOTES);
        }
        if let Some(left_out) = self.left_out {
            text += &format!("\nLeft out: {left_out}\n");
        }
        text
    }

    fn grid(&self) -> Grid {
        let head = HEAD.map(str::to_owned).to_vec();
        let rows = self.rows.iter().map(Row::cells);
        Grid(std::iter::once(head).chain(rows).collect())
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

    fn cells(&self) -> Vec<String> {
        let target = self.target.map_or_else(String::new, |target| {
            let met = self.gateway <= target;
            let verdict = if met { "met" } else { "MISSED" };
            format!("≤ {} {verdict}", figure(target))
        });
        vec![
            self.name.clone(),
            self.unit.to_owned(),
            figure(self.gateway),
            figure(self.floor),
            figure(self.ratio),
            target,
        ]
    }
}
