//! Rows of events that wait to be inserted with one statement.

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::super::sql::Value;
use super::values::text_of;

/// Columns of numbers and of texts, in the order of the table.
pub(super) const INSERT: &str = "INSERT INTO events (id, conversation_id, seq, stamp, ts, actor_id, kind, content, \
     client_id, message_id, version, detail) \
     SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

pub(super) const TYPES: [Type; 12] = [
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::TEXT_ARRAY,
];

/// By column.
pub(super) struct Gathered {
    columns: [Column; 12],
    rows: usize,
}

enum Column {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
}

/// Nothing of it: the driver logs its parameters, and no log may have what people write.
impl fmt::Debug for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a column")
    }
}

impl ToSql for Column {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Numbers(numbers) => numbers.to_sql(kind, out),
            Self::Texts(texts) => texts.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8_ARRAY, Type::TEXT_ARRAY].contains(kind)
    }

    to_sql_checked!();
}

impl Default for Gathered {
    fn default() -> Self {
        let columns = TYPES.map(|kind| match kind {
            Type::INT8_ARRAY => Column::Numbers(Vec::new()),
            _ => Column::Texts(Vec::new()),
        });
        Self { columns, rows: 0 }
    }
}

impl Gathered {
    pub(super) fn push(&mut self, row: &[Value<'_>]) {
        self.rows += 1;
        for (column, value) in self.columns.iter_mut().zip(row) {
            match column {
                Column::Numbers(numbers) => numbers.push(match value {
                    Value::Integer(number) => Some(*number),
                    _ => None,
                }),
                Column::Texts(texts) => texts.push(match value {
                    Value::Text(text) => Some(text_of(text).into_owned()),
                    _ => None,
                }),
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(super) fn parameters(&self) -> impl ExactSizeIterator<Item = &(dyn ToSql + Sync)> {
        self.columns.iter().map(|column| column as &(dyn ToSql + Sync))
    }
}
