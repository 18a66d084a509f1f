//! Backends that push over the push port, with the pages of their uids: what k6 cannot speak, and pages
//! that do not read, which k6 cannot be. Prints what came of it as JSON; `loadtest/run` starts it.

mod api;
mod backend;
mod book;
mod page;
mod settings;
mod tally;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use book::Book;
use settings::Settings;
use tally::Tally;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> ExitCode {
    let settings = Settings::read();
    match run(settings).await {
        Ok(tally) => {
            println!("{:#}", tally.json());
            if tally.is_good() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(fault) => {
            eprintln!("scangate-load: {fault}");
            ExitCode::from(2)
        }
    }
}

/// Opens the pages, pushes to them for a while, and waits for what is still under way.
async fn run(settings: Settings) -> Result<Tally, String> {
    let settings = Arc::new(settings);
    let codes = api::register(&settings, settings.pages + settings.sleepers).await?;
    let book = Arc::new(Book::new(codes));
    // Those of the last uids sleep.
    let pages = page::open_all(&settings, &book).await?;
    let begun = Instant::now();
    let mut backends = JoinSet::new();
    for number in 0..settings.connections {
        backends.spawn(backend::run(settings.clone(), book.clone(), number));
    }
    for outcome in backends.join_all().await {
        outcome?;
    }
    let lasted = begun.elapsed();
    book.settle(settings.patience, settings.pages).await;
    drop(pages);
    Ok(book.tally(&settings, lasted))
}
