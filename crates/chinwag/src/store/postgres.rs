//! What is specific to PostgreSQL: its driver, how connections are opened and replaced, how the server finds out what
//! became of a commit whose answer was lost, and PostgreSQL's spelling of what the engines write differently.
//!
//! A thread owns its connection, and drives it while it waits for an answer. The beginning of a transaction or savepoint
//! is sent together with the first statement in it, and the rows of new events with the commit.

use std::cell::{Cell as Plain, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chinwag_protocol::Stamp;
use futures_util::future::join;
use futures_util::{TryStreamExt as _, pin_mut};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use super::StoreError;
use super::sql::{DatabaseError, DatabaseErrorKind, Kind, Reader, Row, Value};

mod bulk;
mod channel;
mod connect;
mod driver;
mod errors;
mod gathered;
mod log_end;
mod outbox;
mod schema;
mod spelling;
mod values;

pub(super) use bulk::CATALOGUE;
pub(crate) use channel::{Channel, Listener};
use connect::Fate;
pub(super) use connect::Target;
use driver::Driver;
use gathered::Gathered;
use log_end::LOG_END;
pub(super) use log_end::LogEnd;
pub(crate) use outbox::leave_in_outbox;
pub(super) use schema::{make_or_demand, migrate, versions};
pub(super) use spelling::{PAIRS, SPELLING, USED_CLIENT_IDS};

/// Each batch holds this row's lock through its commit, so ids grow in the order of commits, whoever writes. The row is
/// locked and never updated: an update would leave a dead row behind, which stays as long as an old transaction reads.
const BEGIN_WRITING: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT FROM logs WHERE id = 1 FOR UPDATE";
/// How long the server asks what became of a commit whose answer was lost.
const SETTLE: Duration = Duration::from_secs(30);
/// The pause between two of those questions.
const SETTLE_PAUSE: Duration = Duration::from_millis(50);

/// A row of a transaction, by its number and its stamp: where it is, the transaction is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trace {
    Event(i64, Stamp),
    Notice(i64, Stamp),
}

/// A connection to a database.
pub(super) struct Postgres {
    target: Arc<Target>,
    driver: Driver,
    link: Link,
    /// Grows with each change that was made here.
    changes: Plain<u64>,
    /// The id of the open write transaction.
    transaction: Option<String>,
}

/// Everything that belongs to one connection and is lost with it.
struct Link {
    client: Client,
    statements: RefCell<HashMap<String, Statement>>,
    /// What is sent with the next statement.
    deferred: RefCell<Vec<&'static str>>,
    /// New events, which are inserted before the next statement or with the commit.
    gathered: RefCell<Gathered>,
    is_in_transaction: Plain<bool>,
    /// A statement failed, so the transaction refuses further ones, and its commit would be a rollback.
    is_failed: Plain<bool>,
    /// The database has warned that a commit did not wait for its standby.
    is_unconfirmed: Arc<AtomicBool>,
}

impl Postgres {
    /// Opens a connection.
    pub(super) fn open(target: &Arc<Target>) -> Result<Self, DatabaseError> {
        let driver = Driver::new().map_err(|error| DatabaseError::other(&error.to_string()))?;
        let link = driver.block_on(target.connect())?;
        let target = Arc::clone(target);
        Ok(Self { target, driver, link, changes: Plain::new(0), transaction: None })
    }

    /// Whether the connection is open, as far as this side knows.
    pub(super) fn is_connected(&self) -> bool {
        // The end of a connection is noticed only while it is driven.
        self.driver.block_on(tokio::task::yield_now());
        !self.link.client.is_closed()
    }

    pub(super) fn scan(
        &self,
        text: &str,
        values: &[Value<'_>],
        read: &mut Reader<'_>,
    ) -> Result<(), StoreError> {
        if text.starts_with("INSERT") || text.starts_with("UPDATE") || text.starts_with("DELETE") {
            self.changes.set(self.changes.get() + 1);
        }
        self.driver.block_on(async {
            self.link.flush().await?;
            let statement = self.link.prepare(text, || types_of(values)).await?;
            let rows = self.link.run(self.link.client.query_raw(&statement, parameters(values))).await?;
            pin_mut!(rows);
            while let Some(row) = rows.try_next().await.map_err(|error| self.link.failed(&error))? {
                if read(&Row(&row))?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    pub(super) fn change(&self, text: &str, values: &[Value<'_>]) -> Result<usize, DatabaseError> {
        let changed = self.driver.block_on(async {
            self.link.flush().await?;
            let statement = self.link.prepare(text, || types_of(values)).await?;
            self.link.run(self.link.client.execute_raw(&statement, parameters(values))).await
        })?;
        self.changes.set(self.changes.get() + changed);
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    pub(super) fn begin_reading(&self) -> Result<(), DatabaseError> {
        self.link.defer("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        Ok(())
    }

    /// Begins a batch, on a new connection if the last one is lost. Waits for its turn among all writers, and says where
    /// the log ends until the commit.
    pub(super) fn begin_writing(&mut self) -> Result<LogEnd, StoreError> {
        self.reconnect()?;
        self.link.defer(BEGIN_WRITING);
        let (transaction, end) = self.look()?;
        self.transaction = transaction;
        Ok(end)
    }

    /// Where the log ends now.
    pub(super) fn log_end(&mut self) -> Result<LogEnd, StoreError> {
        self.reconnect()?;
        Ok(self.look()?.1)
    }

    fn reconnect(&mut self) -> Result<(), DatabaseError> {
        if !self.is_connected() {
            self.link = self.driver.block_on(self.target.connect())?;
        }
        Ok(())
    }

    fn look(&self) -> Result<(Option<String>, LogEnd), StoreError> {
        let (mut transaction, mut end) = (None, LogEnd::default());
        self.scan(LOG_END, &[], &mut |row| {
            transaction = row.get(0)?;
            end = LogEnd::of(row)?;
            Ok(std::ops::ControlFlow::Break(()))
        })?;
        Ok((transaction, end))
    }

    /// Ends a transaction. After an error it has changed nothing, unless the error is of the kind `Unknown`: then nobody
    /// knows, as always without a trace of what it wrote if the answer is lost.
    pub(super) fn commit(&mut self, trace: Option<&Trace>) -> Result<(), DatabaseError> {
        if self.link.is_failed.get() {
            self.roll_back()?;
            return Err(DatabaseError::other("a statement of the transaction failed"));
        }
        let transaction = self.transaction.take();
        self.link.is_unconfirmed.store(false, Ordering::Relaxed);
        match self.driver.block_on(self.link.commit()) {
            Ok(()) if transaction.is_some() && self.link.is_unconfirmed.swap(false, Ordering::Relaxed) => {
                Err(DatabaseError::new(
                    DatabaseErrorKind::Unknown,
                    "the standby did not confirm the commit: it is known once it is asked for again",
                ))
            }
            Ok(()) => Ok(()),
            Err(error) => match transaction {
                Some(transaction) if error.kind() == DatabaseErrorKind::Away => {
                    self.settle(&transaction, trace)
                }
                _ => Err(error),
            },
        }
    }

    /// Asks what became of a commit whose answer was lost.
    fn settle(&mut self, transaction: &str, trace: Option<&Trace>) -> Result<(), DatabaseError> {
        let unknown =
            || DatabaseError::new(DatabaseErrorKind::Unknown, "nobody knows what became of a commit");
        let trace = trace.ok_or_else(unknown)?;
        tracing::warn!("the connection to the database was lost during a commit; asking what became of it");
        let asked_at = Instant::now();
        loop {
            match self.driver.block_on(self.target.fate(transaction, trace)) {
                Ok((link, fate)) => {
                    self.link = link;
                    match fate {
                        Fate::Committed => return Ok(()),
                        Fate::Open => {}
                        Fate::Lost => {
                            return Err(DatabaseError::new(DatabaseErrorKind::Away, "the commit was lost"));
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "can't ask yet"),
            }
            if asked_at.elapsed() > SETTLE {
                return Err(unknown());
            }
            std::thread::sleep(SETTLE_PAUSE);
        }
    }

    pub(super) fn roll_back(&self) -> Result<(), DatabaseError> {
        if !self.link.leave() {
            return Ok(());
        }
        let rolled_back = self.driver.block_on(self.link.client.batch_execute("ROLLBACK"));
        rolled_back.map_err(|error| errors::database_error(&error))
    }

    /// Begins or ends a savepoint. What was gathered before it is not undone with it.
    pub(super) fn savepoint(&self, text: &'static str) -> Result<(), DatabaseError> {
        if text.starts_with("SAVEPOINT") {
            self.driver.block_on(self.link.flush())?;
        }
        self.link.savepoint(text);
        Ok(())
    }

    pub(super) fn gather(&self, row: &[Value<'_>]) {
        self.changes.set(self.changes.get() + 1);
        self.link.gathered.borrow_mut().push(row);
    }

    pub(super) fn total_changes(&self) -> u64 {
        self.changes.get()
    }

    /// Whether the open transaction takes further statements.
    pub(super) fn is_sound(&self) -> bool {
        !self.link.is_failed.get()
    }
}

impl Link {
    /// Sends a statement, behind what waited for it.
    async fn run<T>(
        &self,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DatabaseError> {
        let deferred = self.deferred.take();
        let result = if deferred.is_empty() {
            statement.await
        } else {
            self.is_in_transaction.set(true);
            let before = deferred.join("; ");
            let (before, result) = join(self.client.batch_execute(&before), statement).await;
            before.and(result)
        };
        result.map_err(|error| self.failed(&error))
    }

    /// A statement whose parameters are of these types, prepared once.
    async fn prepare(
        &self,
        text: &str,
        types: impl FnOnce() -> Vec<Type>,
    ) -> Result<Statement, DatabaseError> {
        if let Some(statement) = self.statements.borrow().get(text) {
            return Ok(statement.clone());
        }
        let prepared = self.run(self.client.prepare_typed(&numbered(text), &types())).await?;
        self.statements.borrow_mut().insert(text.to_owned(), prepared.clone());
        Ok(prepared)
    }

    fn failed(&self, error: &tokio_postgres::Error) -> DatabaseError {
        self.is_failed.set(self.is_in_transaction.get());
        errors::database_error(error)
    }

    fn defer(&self, text: &'static str) {
        self.is_failed.set(false);
        self.deferred.borrow_mut().push(text);
    }

    fn savepoint(&self, text: &'static str) {
        let mut deferred = self.deferred.borrow_mut();
        let is_untouched = deferred.last().is_some_and(|last| last.starts_with("SAVEPOINT"));
        match text.split(' ').next() {
            // Nothing has happened since it began.
            Some("ROLLBACK") if is_untouched => drop(self.gathered.take()),
            Some("RELEASE") if is_untouched => drop(deferred.pop()),
            Some("ROLLBACK") => {
                self.gathered.take();
                self.is_failed.set(false);
                deferred.push(text);
            }
            _ => deferred.push(text),
        }
    }

    /// Inserts the rows that wait.
    async fn flush(&self) -> Result<(), DatabaseError> {
        let gathered = self.gathered.take();
        if gathered.is_empty() {
            return Ok(());
        }
        let statement = self.prepare(gathered::INSERT, || gathered::TYPES.to_vec()).await?;
        self.run(self.client.execute_raw(&statement, gathered.parameters())).await?;
        Ok(())
    }

    /// Ends the transaction, if it has begun, with the rows that wait.
    async fn commit(&self) -> Result<(), DatabaseError> {
        let gathered = self.gathered.take();
        if gathered.is_empty() {
            let deferred = self.deferred.take();
            if !self.is_in_transaction.take() {
                return Ok(());
            }
            let text = [deferred.as_slice(), &["COMMIT"]].concat().join("; ");
            return self.client.batch_execute(&text).await.map_err(|error| errors::database_error(&error));
        }
        let statement = self.prepare(gathered::INSERT, || gathered::TYPES.to_vec()).await?;
        // One behind the other without waiting: a commit behind an insert that failed rolls back.
        let inserted = self.run(self.client.execute_raw(&statement, gathered.parameters()));
        let (inserted, committed) = join(inserted, self.client.batch_execute("COMMIT")).await;
        self.is_in_transaction.set(false);
        inserted?;
        committed.map_err(|error| errors::database_error(&error))
    }

    /// Forgets the transaction; false if it has not begun.
    fn leave(&self) -> bool {
        self.deferred.take();
        self.gathered.take();
        self.is_failed.set(false);
        self.is_in_transaction.take()
    }
}

fn parameters<'a>(values: &'a [Value<'a>]) -> impl ExactSizeIterator<Item = &'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync))
}

fn types_of(values: &[Value<'_>]) -> Vec<Type> {
    values.iter().map(|value| type_of(value.kind())).collect()
}

fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Boolean => Type::BOOL,
        Kind::Integer => Type::INT8,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
    }
}

/// The text with its parameters as PostgreSQL numbers them: `$1`, where it says `?1`.
fn numbered(text: &str) -> String {
    text.replace('?', "$")
}
