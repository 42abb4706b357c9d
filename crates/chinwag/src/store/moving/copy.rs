//! Rows from one database to the other: a thread reads, and this one writes what it has read.

use std::ops::ControlFlow;
use std::sync::mpsc::{SyncSender, sync_channel};

use super::super::StoreError;
use super::super::catalogue::{Column, Kept, Table};
use super::super::connection::Sql;
use super::super::search::LATEST_TEXT;
use super::super::sql::{DatabaseError, Kind, Row};
use super::{End, INDEX, MoveError, Tell, tables};
use crate::unicode::search_key;

/// Rows that are passed on together.
const BATCH: usize = 256;
/// Batches that wait to be written.
const WAITING: usize = 8;

/// Rows that are passed on, or why there won't be more.
type Batch = Result<Vec<Vec<Kept>>, StoreError>;

/// Copies a table.
pub(super) fn rows(
    from: &mut End,
    to: &End,
    (own, theirs): (&Table, &Table),
    tell: &mut Tell<'_>,
) -> Result<(), MoveError> {
    let width = own.columns.len();
    let read = move |row: &Row<'_>| (0..width).map(|column| Ok(row.0.cell(column)?.into())).collect();
    let count = tables::select(own, "count(*)");
    pour(from, to, (&count, &tables::select_in_order(own)), theirs, read, tell)
}

/// Makes the texts that searches compare; says up to which event.
pub(super) fn texts(from: &mut End, to: &End, tell: &mut Tell<'_>) -> Result<Option<i64>, MoveError> {
    let column = |name: &str, kind| Column { name: name.to_owned(), kind, key: 0, is_counted: false };
    let columns = vec![column(to.sql.catalogue().text_key, Kind::Integer), column("content", Kind::Text)];
    let table = Table { name: INDEX.to_owned(), columns };
    let read = |row: &Row<'_>| Ok(vec![Kept::Integer(row.get(0)?), Kept::Text(search_key(row.text(1)?))]);
    let there = "FROM events WHERE kind = 'message' AND deleted_at IS NULL";
    let count = format!("SELECT count(*) {there}");
    let texts = format!("SELECT id, {LATEST_TEXT} {there} ORDER BY id");
    pour(from, to, (&count, &texts), &table, read, tell)?;
    let newest = from.sql.single("SELECT max(id) FROM events", &[], |row| row.get(0));
    newest.map_err(|error| from.failed(error))
}

/// Reads rows in one place, and writes them into a table of the other.
fn pour(
    from: &mut End,
    to: &End,
    (count, select): (&str, &str),
    table: &Table,
    read: impl Fn(&Row<'_>) -> Result<Vec<Kept>, DatabaseError> + Send,
    tell: &mut Tell<'_>,
) -> Result<(), MoveError> {
    let all = from.sql.single(count, &[], |row| row.get(0)).map_err(|error| from.failed(error))?;
    tell(&table.name, 0, all);
    let (sender, batches) = sync_channel::<Batch>(WAITING);
    let origin = &mut from.sql;
    let (read, filled) = std::thread::scope(|scope| {
        let reading = scope.spawn(move || read_on(origin, select, read, &sender));
        let mut done = 0;
        let mut rows = batches.into_iter().inspect(|batch| {
            done += batch.as_ref().map_or(0, |rows| rows.len() as u64);
            tell(&table.name, done, all);
        });
        let filled = to.sql.fill(table, &mut rows);
        // Whoever still reads hears that nobody wants more.
        drop(rows);
        (reading.join(), filled)
    });
    match read {
        Ok(Ok(())) => filled.map_err(|error| to.failed(error)),
        Ok(Err(error)) => Err(from.failed(error)),
        Err(_) => Err(from.failed("reading has stopped")),
    }
}

fn read_on(
    sql: &mut Sql,
    select: &str,
    read: impl Fn(&Row<'_>) -> Result<Vec<Kept>, DatabaseError>,
    sender: &SyncSender<Batch>,
) -> Result<(), StoreError> {
    let mut batch = Vec::with_capacity(BATCH);
    let scanned = sql.scan(select, &[], |row| {
        batch.push(read(row)?);
        if batch.len() < BATCH {
            return Ok(ControlFlow::Continue(()));
        }
        let is_wanted = sender.send(Ok(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))).is_ok();
        Ok(if is_wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    // Nobody listens only if writing has failed, which is told there.
    let last = if scanned.is_ok() { Ok(batch) } else { Err(StoreError::Stopped) };
    drop(sender.send(last));
    scanned
}
