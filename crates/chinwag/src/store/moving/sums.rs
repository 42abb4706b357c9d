//! What stands in the tables of both ends, read again and compared.

use std::ops::ControlFlow;

use aws_lc_rs::digest::{Context, SHA256};

use super::super::StoreError;
use super::super::catalogue::Table;
use super::super::connection::Sql;
use super::super::sql::{Cell, DatabaseError, Row};
use super::{End, INDEX, MoveError, Tell, tables};

/// After how many rows it is told how far it is.
const TOLD_AFTER: u64 = 1_024;

/// A table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// The sum of the SHA-256 of all rows, cut to 128 bits, in hexadecimal digits: the same in both places, whatever the
    /// engine. `None` for the index of texts, of which SQLite keeps no row that could be read.
    pub checksum: Option<String>,
}

/// Reads all tables at both ends at the same time.
pub(super) fn compare(
    from: &mut End,
    to: &End,
    (own, theirs): (&[Table], &[Table]),
    tell: &mut Tell<'_>,
) -> Result<Vec<MovedTable>, MoveError> {
    let origin = &mut from.sql;
    let (were, are) = std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let texts = "SELECT count(*) FROM events WHERE kind = 'message' AND deleted_at IS NULL";
            read(origin, own, texts, &mut |_, _, _| {})
        });
        let are = read(&to.sql, theirs, &format!("SELECT count(*) FROM {INDEX}"), tell);
        (reading.join(), are)
    });
    let were = were.map_err(|_| from.failed("reading has stopped"))?.map_err(|error| from.failed(error))?;
    let are = are.map_err(|error| to.failed(error))?;
    let other = were.iter().zip(&are).filter(|(was, is)| was != is).map(|(was, _)| was.name.clone());
    let other: Vec<String> = other.collect();
    if other.is_empty() { Ok(are) } else { Err(MoveError::Differs(other)) }
}

fn read(
    sql: &Sql,
    tables: &[Table],
    texts: &str,
    tell: &mut Tell<'_>,
) -> Result<Vec<MovedTable>, StoreError> {
    let mut read = Vec::with_capacity(tables.len() + 1);
    for table in tables {
        let all = sql.single(&tables::select(table, "count(*)"), &[], |row| row.get(0))?;
        let what = format!("check of {}", table.name);
        tell(&what, 0, all);
        let (mut rows, mut sum) = (0, 0_u128);
        sql.scan(&tables::select(table, &table.column_list()), &[], |row| {
            rows += 1;
            // A sum: the engines need not read in the same order.
            sum = sum.wrapping_add(digest(row, table.columns.len())?);
            if rows % TOLD_AFTER == 0 {
                tell(&what, rows, all);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        tell(&what, rows, all);
        read.push(MovedTable { name: table.name.clone(), rows, checksum: Some(format!("{sum:032x}")) });
    }
    let rows = sql.single(texts, &[], |row| row.get(0))?;
    read.push(MovedTable { name: INDEX.to_owned(), rows, checksum: None });
    Ok(read)
}

/// The first half of a row's SHA-256. Each value has its kind and its length before it.
fn digest(row: &Row<'_>, columns: usize) -> Result<u128, DatabaseError> {
    let mut hash = Context::new(&SHA256);
    let mut add = |kind: u8, bytes: &[u8]| {
        hash.update(&[kind]);
        hash.update(&(bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for column in 0..columns {
        match row.0.cell(column)? {
            Cell::Null => add(0, &[]),
            Cell::Integer(number) => add(1, &number.to_be_bytes()),
            Cell::Text(text) => add(2, text.as_bytes()),
            Cell::Bytes(bytes) => add(3, bytes),
        }
    }
    let digest = hash.finish();
    let half = digest.as_ref().first_chunk().copied().unwrap_or_default();
    Ok(u128::from_be_bytes(half))
}
