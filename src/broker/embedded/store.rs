//! What outlives a restart: records, jobs and the installation's secret, in one database file. Each
//! change is on disk before it is answered; a crash loses nothing answered.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use super::jobs::{self, Waiting};
use crate::broker::{BrokerError, Record};
use crate::clock::unix_time;

/// Name → version, unix milliseconds of its end (0: never), text.
const RECORDS: TableDefinition<&str, (u64, u64, &str)> = TableDefinition::new("records");
/// When a record may end → its name.
const ENDS: TableDefinition<(u64, &str), ()> = TableDefinition::new("ends");
/// Name → value, of the installation itself.
const INSTALLATION: TableDefinition<&str, &[u8]> = TableDefinition::new("installation");
const SECRET: &str = "secret";

/// Records that have ended are removed by those that write others, so many at most each time.
const MOST_REMOVED: usize = 16;

/// The database file's name in the data directory.
const FILE_NAME: &str = "scangate.redb";

/// Why the database file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory or the file in it cannot be made.
    #[error("could not make {}: {reason}", path.display())]
    Directory {
        /// What was to be made.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The file is no database of ours, is broken, or is open in another process.
    #[error("could not open {}: {reason}", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What the database says.
        reason: Box<redb::Error>,
    },
}

#[derive(Debug, Clone)]
pub(in crate::broker) struct Store {
    database: Arc<Database>,
    /// How many jobs there are.
    pub waiting: Arc<Waiting>,
}

pub(super) type StoreResult<T> = Result<T, redb::Error>;

impl Store {
    /// Opens the file in `directory`; both are made where missing, readable for their owner alone.
    pub async fn open(directory: &Path) -> Result<Self, StoreError> {
        let directory = directory.to_owned();
        tokio::task::spawn_blocking(move || Self::open_now(&directory))
            .await
            .expect("opening does not panic")
    }

    fn open_now(directory: &Path) -> Result<Self, StoreError> {
        let unmade = |path: &Path| {
            let path = path.to_owned();
            move |reason| StoreError::Directory { path, reason }
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(unmade(directory))?;
        let path = directory.join(FILE_NAME);
        let unopened = |reason| StoreError::Database {
            path: path.clone(),
            reason: Box::new(reason),
        };
        let database = open_database(&path).map_err(unopened)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(unmade(&path))?;
        let waiting = Waiting::count(&database).map_err(unopened)?;
        Ok(Self {
            database: Arc::new(database),
            waiting: Arc::new(waiting),
        })
    }

    /// The record under `name`.
    pub async fn read(&self, name: &str) -> Result<Option<Record>, BrokerError> {
        let name = name.to_owned();
        self.run(move |database| {
            let read = database.begin_read()?;
            let records = read.open_table(RECORDS)?;
            let Some(found) = records.get(name.as_str())? else {
                return Ok(None);
            };
            let (version, ends, text) = found.value();
            Ok(is_alive(ends).then(|| Record {
                version,
                text: text.to_owned(),
            }))
        })
        .await
    }

    /// Writes or removes a record whose version is `known`.
    pub async fn write(
        &self,
        name: &str,
        known: u64,
        text: Option<&str>,
        life: Option<Duration>,
    ) -> Result<bool, BrokerError> {
        let name = name.to_owned();
        let text = text.map(str::to_owned);
        self.run(move |database| {
            let write = database.begin_write()?;
            let done = write_record(&write, &name, known, text.as_deref(), life)?;
            if done {
                remove_ended(&write)?;
                write.commit()?;
            }
            Ok(done)
        })
        .await
    }

    pub async fn installation_secret(&self) -> Result<[u8; 32], BrokerError> {
        self.run(|database| {
            let read = database.begin_read()?;
            let installation = read.open_table(INSTALLATION)?;
            let secret = installation.get(SECRET)?;
            Ok(secret
                .and_then(|secret| secret.value().try_into().ok())
                .expect("made when the file was opened"))
        })
        .await
    }

    /// Runs database work, which waits for the disk, off the async threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> StoreResult<T> + Send + 'static,
    ) -> Result<T, BrokerError> {
        let database = Arc::clone(&self.database);
        tokio::task::spawn_blocking(move || work(&database))
            .await
            .expect("database work does not panic")
            .map_err(|error| BrokerError::Store(Box::new(error)))
    }
}

/// Opens or makes the file, with every table and the installation's secret in it.
fn open_database(path: &Path) -> StoreResult<Database> {
    let database = Database::create(path)?;
    let write = database.begin_write()?;
    write.open_table(RECORDS)?;
    write.open_table(ENDS)?;
    jobs::open_tables(&write)?;
    {
        let mut installation = write.open_table(INSTALLATION)?;
        if installation.get(SECRET)?.is_none() {
            installation.insert(SECRET, crate::random::bytes::<32>().as_slice())?;
        }
    }
    write.commit()?;
    Ok(database)
}

fn write_record(
    write: &WriteTransaction,
    name: &str,
    known: u64,
    text: Option<&str>,
    life: Option<Duration>,
) -> StoreResult<bool> {
    let mut records = write.open_table(RECORDS)?;
    let mut ends_of = write.open_table(ENDS)?;
    let (stored, ended) = records
        .get(name)?
        .map_or((0, 0), |found| (found.value().0, found.value().1));
    let version = if is_alive(ended) { stored } else { 0 };
    if version != known {
        return Ok(false);
    }
    if ended != 0 {
        ends_of.remove((ended, name))?;
    }
    let Some(text) = text else {
        records.remove(name)?;
        return Ok(true);
    };
    let ends = life.map_or(0, |life| unix_millis() + life.as_millis() as u64);
    // A record that was removed and made anew never has an old version again.
    let fresh = unix_micros().max(stored + 1);
    records.insert(name, (fresh, ends, text))?;
    if ends != 0 {
        ends_of.insert((ends, name), ())?;
    }
    Ok(true)
}

/// Removes some of what has ended.
fn remove_ended(write: &WriteTransaction) -> StoreResult<()> {
    let mut records = write.open_table(RECORDS)?;
    let mut ends_of = write.open_table(ENDS)?;
    let mut ended = Vec::new();
    for entry in ends_of.range(..(unix_millis() + 1, ""))?.take(MOST_REMOVED) {
        let key = entry?.0;
        let (ends, name) = key.value();
        ended.push((ends, name.to_owned()));
    }
    for (ends, name) in ended {
        ends_of.remove((ends, name.as_str()))?;
        records.remove(name.as_str())?;
    }
    Ok(())
}

fn is_alive(ends: u64) -> bool {
    ends == 0 || unix_millis() < ends
}

fn unix_micros() -> u64 {
    unix_time().as_micros() as u64
}

pub(super) fn unix_millis() -> u64 {
    unix_micros() / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn records_outlive_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let secret = store.installation_secret().await.unwrap();
        assert!(store.write("a", 0, Some("1"), None).await.unwrap());
        let record = store.read("a").await.unwrap().unwrap();
        drop(store);

        let store = Store::open(directory.path()).await.unwrap();
        assert_eq!(store.installation_secret().await.unwrap(), secret);
        assert_eq!(store.read("a").await.unwrap(), Some(record));
    }

    #[tokio::test]
    async fn what_has_ended_is_removed_by_the_next_write() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let short = Some(Duration::ZERO);
        assert!(store.write("short", 0, Some("1"), short).await.unwrap());
        while store.read("short").await.unwrap().is_some() {}
        store.write("other", 0, Some("1"), None).await.unwrap();
        let left = store.run(|database| {
            let read = database.begin_read()?;
            let records = read.open_table(RECORDS)?.iter()?.count();
            Ok((records, read.open_table(ENDS)?.iter()?.count()))
        });
        assert_eq!(left.await.unwrap(), (1, 0));
    }

    #[tokio::test]
    async fn a_second_process_is_told_that_the_file_is_in_use() {
        let directory = tempfile::tempdir().unwrap();
        let _store = Store::open(directory.path()).await.unwrap();
        let error = Store::open(directory.path()).await.unwrap_err();
        assert!(error.to_string().contains("scangate.redb"), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE_NAME), "not a database").unwrap();
        assert!(Store::open(directory.path()).await.is_err());
    }
}
