//! Moves everything from one database to another, row by row as it stands: `chinwag migrate`. Ids, positions and stamps
//! stay, so whoever was connected notices no more than a reconnect.
//!
//! Nobody uses either database meanwhile. A target that is being filled says so in `meta`, and a server refuses it. A move
//! that was interrupted begins again, from the same origin. It ends with the sums of every table, read again on both sides.

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::catalogue::Table;
use super::connection::Sql;
use super::meta::UNFINISHED;
use super::outbox::WAITING;
use super::source::Source;
use super::sql::values;
use super::{FILE_NAME, OpenError, StoreError, lock, make_private_folder};
use crate::store_url::StoreUrl;

mod copy;
mod sums;
mod tables;

pub use sums::MovedTable;
use tables::{Content, INDEX, MOVED};

/// What the names of SQLite's files have behind that of the database.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];
/// How long a connection may linger whose server has ended.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks whether it has gone.
const PAUSE: Duration = Duration::from_millis(50);

/// Where data is. Read it from text with [`str::parse`]: what begins like `postgres://` is an address, everything else a
/// folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A data folder, with its SQLite file.
    Folder(PathBuf),
    /// A database of PostgreSQL's.
    Database(StoreUrl),
}

/// Why data was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// What stands in one of the places does not allow it. Neither has changed.
    #[error("{0}")]
    Refused(String),
    /// A server uses one of the places.
    #[error("a chinwag server is using {0}; stop it first")]
    InUse(String),
    /// A place can't be used, or failed meanwhile. A target that was begun stays unfinished.
    #[error("{place}: {reason}")]
    Failed {
        /// Where.
        place: String,
        /// The cause.
        reason: String,
    },
    /// What was read again is not the same on both sides: the names of the tables. The target stays unfinished.
    #[error("what was moved is not what was there: {}", .0.join(", "))]
    Differs(Vec<String>),
}

/// Hears how far it is: with what, how much of it is done, and how much there is.
pub(crate) type Tell<'a> = dyn FnMut(&str, u64, u64) + 'a;

/// A secret of the server, by its name.
pub(crate) type Secret = (&'static str, Vec<u8>);

/// One end of a move, which nobody else uses.
pub(crate) struct End {
    name: String,
    sql: Sql,
    _lock: Option<File>,
}

/// The end that can be filled.
pub(crate) struct Target {
    name: String,
    source: Source,
    /// `None`: its file is to be made, or made anew.
    sql: Option<Sql>,
    lock: Option<File>,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(_) => text.parse().map(Self::Database),
            None if text.is_empty() => Err("a folder or an address is missing".to_owned()),
            None => Ok(Self::Folder(text.into())),
        }
    }
}

impl Place {
    /// As it is told, and noted in what is filled from it.
    fn name(&self) -> String {
        match self {
            Self::Folder(folder) => {
                let whole = folder.canonicalize().or_else(|_| std::path::absolute(folder));
                whole.unwrap_or_else(|_| folder.clone()).display().to_string()
            }
            Self::Database(url) => url.to_string(),
        }
    }

    /// Claims it. Makes a folder that is missing.
    fn claim(&self) -> Result<(Source, Option<File>), MoveError> {
        let (folder, address, lock) = match self {
            Self::Folder(folder) => (folder.as_path(), None, Some(claim_folder(folder)?)),
            Self::Database(url) => (Path::new(""), Some(url.secret()), None),
        };
        let source = Source::new(folder, FILE_NAME, address).map_err(|error| failed(&self.name(), error))?;
        Ok((source, lock))
    }
}

/// Keeps servers out of a folder for as long as the lock is held.
pub(crate) fn claim_folder(folder: &Path) -> Result<File, MoveError> {
    let made = make_private_folder(folder).and_then(|()| lock(folder));
    made.map_err(|error| match error {
        OpenError::InUse(folder) => MoveError::InUse(folder.display().to_string()),
        error => MoveError::Failed { place: folder.display().to_string(), reason: error.to_string() },
    })
}

/// Waits for those who have just gone, and refuses a database with which somebody else is connected.
fn demand_alone(sql: &Sql, name: &str) -> Result<(), MoveError> {
    let asked_at = Instant::now();
    while count_others(sql).map_err(|error| failed(name, error))? > 0 {
        if asked_at.elapsed() > PATIENCE {
            return Err(MoveError::InUse(name.to_owned()));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn count_others(sql: &Sql) -> Result<i64, StoreError> {
    sql.single(sql.catalogue().others, &[], |row| row.get(0))
}

fn failed(place: &str, reason: impl Display) -> MoveError {
    MoveError::Failed { place: place.to_owned(), reason: reason.to_string() }
}

impl End {
    /// Opens what is to be moved.
    pub(crate) fn open(place: &Place) -> Result<Self, MoveError> {
        if let Place::Folder(folder) = place
            && !folder.join(FILE_NAME).is_file()
        {
            return Err(MoveError::Refused(format!("there is no {FILE_NAME} in {}", folder.display())));
        }
        let (source, lock) = place.claim()?;
        let name = place.name();
        let sql = source.as_it_is().map_err(|error| failed(&name, error))?;
        demand_alone(&sql, &name)?;
        match tables::content(&sql, &name)? {
            Content::Chat => {}
            Content::Nothing => return Err(MoveError::Refused(format!("there is no chat in {name}"))),
            Content::Unfinished(origin) => {
                return Err(MoveError::Refused(format!(
                    "{name} is half filled from {origin}: run that move again first"
                )));
            }
        }
        if sql.is_remote()
            && sql.single(WAITING, &[], |row| row.get(0)).map_err(|error| failed(&name, error))?
        {
            return Err(MoveError::Refused(format!(
                "messages of applications wait in the outbox of {name}: let the server take them first"
            )));
        }
        // Everything is read from one moment.
        sql.begin_reading().map_err(|error| failed(&name, error))?;
        Ok(Self { name, sql, _lock: lock })
    }

    /// The bytes that belong to it: the name of each file's in the store of files, and how many there are.
    pub(crate) fn files(&self, mut hear: impl FnMut(&str, u64)) -> Result<(), MoveError> {
        let scanned = self.sql.scan("SELECT blob, size FROM files", &[], |row| {
            hear(row.text(0)?, row.get(1)?);
            Ok(ControlFlow::Continue(()))
        });
        scanned.map_err(|error| self.failed(error))
    }

    /// A secret that is a row; `None` where it is a file.
    pub(crate) fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, MoveError> {
        if !self.sql.is_remote() {
            return Ok(None);
        }
        let found =
            self.sql.one("SELECT bytes FROM secrets WHERE name = ?1", values![name], |row| row.get(0));
        found.map_err(|error| self.failed(error))
    }

    /// Keeps secrets where they are rows.
    fn keep_secrets(&mut self, secrets: &[Secret]) -> Result<(), StoreError> {
        if !self.sql.is_remote() {
            return Ok(());
        }
        self.sql.begin_writing()?;
        for (name, bytes) in secrets {
            self.sql.change(
                "INSERT INTO secrets (name, bytes) VALUES (?1, ?2) \
                 ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes",
                values![*name, bytes],
            )?;
        }
        Ok(self.sql.commit()?)
    }

    /// Moves everything to a target, which is whole when this returns. `others` moves what is in no table, as soon as the
    /// target is marked as unfinished.
    pub(crate) fn move_to(
        &mut self,
        target: Target,
        secrets: &[Secret],
        tell: &mut Tell<'_>,
        others: impl FnOnce(&mut Tell<'_>) -> Result<(), MoveError>,
    ) -> Result<Vec<MovedTable>, MoveError> {
        let mut target = target.begin(&self.name)?;
        target.keep_secrets(secrets).map_err(|error| target.failed(error))?;
        others(tell)?;
        let mut own = Vec::with_capacity(MOVED.len());
        let mut theirs = Vec::with_capacity(MOVED.len());
        for name in MOVED {
            own.push(tables::describe(&self.sql, name).map_err(|error| self.failed(error))?);
            theirs.push(tables::describe(&target.sql, name).map_err(|error| target.failed(error))?);
        }
        for (from, to) in own.iter().zip(&theirs) {
            tables::agree(from, to).map_err(|reason| target.failed(reason))?;
            copy::rows(self, &target, (from, to), tell)?;
        }
        let indexed_through = copy::texts(self, &target, tell)?;
        for (from, to) in own.iter().zip(&theirs) {
            self.count_on(&target, from, to).map_err(|error| target.failed(error))?;
        }
        let moved = sums::compare(self, &target, (&own, &theirs), tell)?;
        if count_others(&self.sql).map_err(|error| self.failed(error))? > 0 {
            return Err(MoveError::InUse(self.name.clone()));
        }
        target.finish(indexed_through)?;
        Ok(moved)
    }

    /// Lets a table that counts by itself go on where it was, also if its newest rows were removed.
    fn count_on(&self, target: &Self, from: &Table, to: &Table) -> Result<(), StoreError> {
        let is_counted = |table: &Table| table.columns.iter().any(|column| column.is_counted);
        if !is_counted(to) {
            return Ok(());
        }
        let counted: Option<i64> = if is_counted(from) {
            self.sql.one(self.sql.catalogue().counted, values![&from.name], |row| row.get(0))?.flatten()
        } else {
            None
        };
        let highest = format!("SELECT max(id) FROM {}", to.name);
        let highest: Option<i64> = target.sql.single(&highest, &[], |row| row.get(0))?;
        let Some(highest) = counted.max(highest) else { return Ok(()) };
        target.sql.run(target.sql.catalogue().count_on, values![&to.name, highest])
    }

    /// What was filled is from now on like any other database.
    fn finish(mut self, indexed_through: Option<i64>) -> Result<(), MoveError> {
        let catalogue = self.sql.catalogue();
        let finished = (|| {
            self.sql.run(&[catalogue.settle], &[])?;
            self.sql.run(catalogue.after_filling, &[])?;
            self.sql.begin_writing()?;
            if let Some(position) = indexed_through {
                let text = "INSERT INTO meta (key, value) VALUES ('indexed_through', ?1)";
                self.sql.change(text, values![&position.to_string()])?;
            }
            self.sql.change("DELETE FROM meta WHERE key = ?1", values![UNFINISHED])?;
            Ok::<_, StoreError>(self.sql.commit()?)
        })();
        finished.map_err(|error| self.failed(error))
    }

    fn failed(&self, reason: impl Display) -> MoveError {
        failed(&self.name, reason)
    }
}

impl Target {
    /// Looks whether a place can be filled from `origin`: whether it is empty, or an earlier move from there did not end.
    pub(crate) fn open(place: &Place, origin: &End) -> Result<Self, MoveError> {
        if place.name() == origin.name {
            return Err(MoveError::Refused(format!("{} can't be moved to itself", origin.name)));
        }
        let (source, lock) = place.claim()?;
        let name = place.name();
        let mut target = Self { name, source, sql: None, lock };
        if matches!(&target.source, Source::File(path) if !path.exists()) {
            return Ok(target);
        }
        let sql = target.source.as_it_is().map_err(|error| failed(&target.name, error))?;
        demand_alone(&sql, &target.name)?;
        match tables::content(&sql, &target.name)? {
            Content::Nothing => target.sql = Some(sql),
            Content::Unfinished(earlier) if earlier == origin.name => {
                // A new file is quicker than rows that are removed.
                target.sql = matches!(&target.source, Source::Server(_)).then_some(sql);
            }
            Content::Unfinished(earlier) => {
                return Err(MoveError::Refused(format!(
                    "{} is half filled from {earlier}: move from there again, or name an empty place",
                    target.name
                )));
            }
            Content::Chat => {
                return Err(MoveError::Refused(format!(
                    "{} has a chat already: name an empty place, or put that one aside",
                    target.name
                )));
            }
        }
        Ok(target)
    }

    /// Makes the schema, without a row, and marks it as unfinished.
    fn begin(self, origin: &str) -> Result<End, MoveError> {
        let sql = match self.sql {
            Some(sql) => sql,
            None => {
                if let Source::File(path) = &self.source {
                    remove_files(path).map_err(|error| failed(&self.name, error))?;
                }
                self.source.as_it_is().map_err(|error| failed(&self.name, error))?
            }
        };
        let mut end = End { name: self.name, sql, _lock: self.lock };
        let begun = (|| {
            let sql = &mut end.sql;
            sql.migrate()?;
            sql.begin_writing()?;
            for text in (sql.catalogue().clear)(&[&MOVED[..], &[INDEX]].concat()) {
                sql.change(&text, &[])?;
            }
            sql.change("INSERT INTO meta (key, value) VALUES (?1, ?2)", values![UNFINISHED, origin])?;
            sql.commit()?;
            sql.run(sql.catalogue().before_filling, &[])
        })();
        begun.map_err(|error: StoreError| end.failed(error))?;
        Ok(end)
    }
}

impl Sql {
    /// Runs statements one after the other, whatever they answer.
    fn run(&self, texts: &[&str], values: &[super::sql::Value<'_>]) -> Result<(), StoreError> {
        texts.iter().try_for_each(|text| self.scan(text, values, |_| Ok(ControlFlow::Continue(()))))
    }
}

fn remove_files(database: &Path) -> io::Result<()> {
    for suffix in SUFFIXES {
        let mut path = database.as_os_str().to_owned();
        path.push(suffix);
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
