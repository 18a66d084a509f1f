//! What outlives a restart: persons, their send tokens and the installation's secret, in one
//! database file. Each change is on disk before it is answered; a crash loses nothing answered.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::broker::{Account, BrokerError, SecretHash};

/// Person → account, as JSON.
const ACCOUNTS: TableDefinition<&str, &[u8]> = TableDefinition::new("accounts");
/// SHA-256 of a send token → person.
const SEND_TOKENS: TableDefinition<&[u8], &str> = TableDefinition::new("send_tokens");
/// Name → value, of the installation itself.
const INSTALLATION: TableDefinition<&str, &[u8]> = TableDefinition::new("installation");
const SECRET: &str = "secret";

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
pub(super) struct Store {
    database: Arc<Database>,
}

type StoreResult<T> = Result<T, redb::Error>;

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
        let database = open_database(&path).map_err(|reason| StoreError::Database {
            path: path.clone(),
            reason: Box::new(reason),
        })?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(unmade(&path))?;
        Ok(Self {
            database: Arc::new(database),
        })
    }

    pub async fn account(&self, person: &str) -> Result<Option<Account>, BrokerError> {
        let person = person.to_owned();
        self.run(move |database| {
            let read = database.begin_read()?;
            let accounts = read.open_table(ACCOUNTS)?;
            let account = accounts.get(person.as_str())?;
            Ok(account.map(|account| decode(account.value())))
        })
        .await
    }

    pub async fn enrol(
        &self,
        person: &str,
        first_token: SecretHash,
    ) -> Result<Account, BrokerError> {
        if let Some(account) = self.account(person).await? {
            return Ok(account);
        }
        let person = person.to_owned();
        self.run(move |database| {
            let write = database.begin_write()?;
            let account = {
                let mut accounts = write.open_table(ACCOUNTS)?;
                let known = accounts
                    .get(person.as_str())?
                    .map(|account| decode(account.value()));
                match known {
                    Some(account) => account,
                    None => {
                        let account = Account {
                            token_generation: 0,
                            unionid: None,
                            profiled: false,
                            since: unix_seconds(),
                        };
                        accounts.insert(person.as_str(), encode(&account).as_slice())?;
                        let mut tokens = write.open_table(SEND_TOKENS)?;
                        tokens.insert(first_token.as_slice(), person.as_str())?;
                        account
                    }
                }
            };
            write.commit()?;
            Ok(account)
        })
        .await
    }

    pub async fn profile(&self, person: &str, unionid: Option<&str>) -> Result<(), BrokerError> {
        let person = person.to_owned();
        let unionid = unionid.map(str::to_owned);
        self.run(move |database| {
            let write = database.begin_write()?;
            {
                let mut accounts = write.open_table(ACCOUNTS)?;
                let known = accounts
                    .get(person.as_str())?
                    .map(|account| decode(account.value()));
                if let Some(mut account) = known {
                    account.unionid = unionid.or(account.unionid);
                    account.profiled = true;
                    accounts.insert(person.as_str(), encode(&account).as_slice())?;
                }
            }
            write.commit()?;
            Ok(())
        })
        .await
    }

    pub async fn token_owner(&self, token: SecretHash) -> Result<Option<String>, BrokerError> {
        self.run(move |database| {
            let read = database.begin_read()?;
            let tokens = read.open_table(SEND_TOKENS)?;
            let owner = tokens.get(token.as_slice())?;
            Ok(owner.map(|owner| owner.value().to_owned()))
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
    async fn run<T: Send + 'static>(
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
    write.open_table(ACCOUNTS)?;
    write.open_table(SEND_TOKENS)?;
    {
        let mut installation = write.open_table(INSTALLATION)?;
        if installation.get(SECRET)?.is_none() {
            installation.insert(SECRET, crate::random::bytes::<32>().as_slice())?;
        }
    }
    write.commit()?;
    Ok(database)
}

fn encode(account: &Account) -> Vec<u8> {
    serde_json::to_vec(account).expect("an account is plain data")
}

fn decode(account: &[u8]) -> Account {
    serde_json::from_slice(account).expect("written by this program")
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn persons_outlive_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let secret = store.installation_secret().await.unwrap();
        assert_eq!(store.account("o1").await.unwrap(), None);
        let account = store.enrol("o1", [7; 32]).await.unwrap();
        store.profile("o1", Some("u1")).await.unwrap();
        drop(store);

        let store = Store::open(directory.path()).await.unwrap();
        assert_eq!(store.installation_secret().await.unwrap(), secret);
        let again = store.enrol("o1", [8; 32]).await.unwrap();
        assert_eq!(again.since, account.since);
        assert_eq!(again.unionid.as_deref(), Some("u1"));
        assert!(again.profiled);
        assert_eq!(
            store.token_owner([7; 32]).await.unwrap().as_deref(),
            Some("o1")
        );
        assert_eq!(store.token_owner([8; 32]).await.unwrap(), None);
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
