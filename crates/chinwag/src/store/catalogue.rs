//! Tables as the database itself describes them, for whoever moves them as they are: nothing here names a column.

use super::sql::{Cell, Kind, Value};

/// How an engine describes its tables.
pub(super) struct Catalogue {
    /// Asks for the names of the tables.
    pub tables: &'static str,
    /// Asks for the columns of table `?1`: name, type, place in the primary key (0: none), and whether the table counts
    /// with it by itself.
    pub columns: &'static str,
    /// Asks for the highest number that table `?1` has counted, if it has counted one.
    pub counted: &'static str,
    /// Lets table `?1` count on behind `?2`.
    pub count_on: &'static [&'static str],
    /// Asks how many others are connected, where a lock of the folder does not keep them out.
    pub others: &'static str,
    /// Empties these tables.
    pub clear: fn(&[&str]) -> Vec<String>,
    /// The column of the table of searched texts that has the id of a message.
    pub text_key: &'static str,
    /// Said before many rows are inserted, and behind them, before the last commit.
    pub before_filling: &'static [&'static str],
    pub after_filling: &'static [&'static str],
    /// Said when everything is there.
    pub settle: &'static str,
}

/// A table that is moved.
#[derive(Debug)]
pub(super) struct Table {
    pub name: String,
    /// In the order of their names.
    pub columns: Vec<Column>,
}

/// A column of it.
#[derive(Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
    /// Its place in the primary key; 0 outside.
    pub key: usize,
    pub is_counted: bool,
}

impl Table {
    /// The names of the columns, in a list.
    pub(super) fn column_list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        names.join(", ")
    }
}

/// The kind of a column's values, from the name of its type in either engine.
pub(super) fn kind_of(type_name: &str) -> Option<Kind> {
    Some(match type_name {
        "INTEGER" | "bigint" => Kind::Integer,
        "TEXT" | "text" => Kind::Text,
        "BLOB" | "bytea" => Kind::Bytes,
        "boolean" => Kind::Boolean,
        _ => return None,
    })
}

/// What stood in one column of a row.
pub(super) enum Kept {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<Cell<'_>> for Kept {
    fn from(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Integer(number) => Self::Integer(number),
            Cell::Text(text) => Self::Text(text.to_owned()),
            Cell::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl Kept {
    /// As a parameter for a column of this kind.
    pub(super) fn value(&self, kind: Kind) -> Value<'_> {
        match self {
            Self::Null => Value::Null(kind),
            // SQLite keeps booleans as numbers.
            Self::Integer(number) if kind == Kind::Boolean => Value::Boolean(*number != 0),
            Self::Integer(number) => Value::Integer(*number),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

/// Rows on their way into a table; an error if there won't be more, so that the table is not taken for whole.
pub(super) type Rows<'a> = dyn Iterator<Item = Result<Vec<Vec<Kept>>, super::StoreError>> + 'a;
