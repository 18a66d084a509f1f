//! Cells in columns: plain text, Markdown.

use std::fmt::Write;

/// Rows of cells, the head first. The first two columns are words, the others figures.
pub struct Grid(pub Vec<Vec<String>>);

const WORDS: usize = 2;

impl Grid {
    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for row in &self.0 {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = self.width(column);
                let _ = if column < WORDS {
                    write!(line, "{cell:<width$}  ")
                } else {
                    write!(line, "{cell:>width$}  ")
                };
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    /// For a document.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for (number, row) in self.0.iter().enumerate() {
            let _ = writeln!(text, "| {} |", row.join(" | "));
            if number == 0 {
                let figures = row.len().saturating_sub(WORDS);
                let _ = writeln!(text, "{}{}|", "|---".repeat(WORDS), "|--:".repeat(figures));
            }
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let widths = self.0.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    }
}

/// Whole from 100 on, with two decimals below; a dash for what a time too short to be seen divides,
/// and for what is not there.
pub fn figure(number: f64) -> String {
    if !number.is_finite() {
        "–".to_owned()
    } else if number.abs() < 100.0 && number.fract() != 0.0 {
        format!("{number:.2}")
    } else {
        format!("{number:.0}")
    }
}
