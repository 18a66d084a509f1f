//! The site's own backend is told what happens.

mod command;
mod lanes;
mod late;
mod presence;
mod scan;
mod snippets;
mod trouble;
