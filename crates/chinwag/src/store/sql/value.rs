//! What goes into a statement and what comes out of a row, whatever the driver.

use std::fmt;

use chinwag_protocol::{ConversationId, FileId, MessageId, Seq, Stamp, Timestamp, UserId};

/// A parameter. In the text it has a number: `?1`.
#[derive(Clone, Copy)]
pub(in crate::store) enum Value<'a> {
    /// Nothing, where there could be one of this kind.
    Null(Kind),
    Boolean(bool),
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// What kind of value stands in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Boolean,
    Integer,
    Text,
    Bytes,
}

impl Value<'_> {
    pub(in crate::store) fn kind(&self) -> Kind {
        match self {
            Self::Null(kind) => *kind,
            Self::Boolean(_) => Kind::Boolean,
            Self::Integer(_) => Kind::Integer,
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) => Kind::Bytes,
        }
    }
}

/// Its kind alone: a driver may log its parameters, and no log may have what people write.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(formatter)
    }
}

/// What is always a parameter of one kind.
pub(in crate::store) trait Parameter {
    const KIND: Kind;
}

/// The parameters of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::store::sql::Value::from($value)),*]
    };
}
pub(in crate::store) use values;

impl<'a, T: Into<Self> + Parameter> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null(T::KIND), Into::into)
    }
}

macro_rules! parameters {
    ($($type:ty: $kind:ident, $value:ident => $into:expr;)*) => {$(
        impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self {
                Self::$kind($into)
            }
        }
        impl<'a> Parameter for $type {
            const KIND: Kind = Kind::$kind;
        }
    )*};
}
parameters! {
    bool: Boolean, is_true => is_true;
    i64: Integer, number => number;
    u32: Integer, number => number.into();
    // More than the database can count is as good as no bound.
    usize: Integer, number => i64::try_from(number).unwrap_or(i64::MAX);
    &'a str: Text, text => text;
    &'a String: Text, text => text;
    &'a [u8]: Bytes, bytes => bytes;
    &'a Vec<u8>: Bytes, bytes => bytes;
    &'a Stamp: Text, stamp => stamp.as_str();
    ConversationId: Integer, id => id.0;
    FileId: Integer, id => id.0;
    MessageId: Integer, id => id.0;
    Seq: Integer, seq => seq.0;
    Timestamp: Integer, time => time.0;
    UserId: Integer, id => id.0;
}

/// What stands in one column of a row.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Cell<'a> {
    Null,
    /// A boolean is 0 or 1.
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Why a cell can't be read as what is expected there.
pub(in crate::store) type Unreadable = String;

impl<'a> Cell<'a> {
    fn integer(self) -> Result<i64, Unreadable> {
        match self {
            Self::Integer(number) => Ok(number),
            other => Err(format!("a number was expected, not {}", other.name())),
        }
    }

    pub(in crate::store) fn text(self) -> Result<&'a str, Unreadable> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(format!("a text was expected, not {}", other.name())),
        }
    }

    fn bytes(self) -> Result<&'a [u8], Unreadable> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => Err(format!("bytes were expected, not {}", other.name())),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Integer(_) => "a number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
        }
    }
}

/// What can be read from a column.
pub(in crate::store) trait Column: Sized {
    fn of(cell: Cell<'_>) -> Result<Self, Unreadable>;
}

macro_rules! columns {
    ($($type:ty, $cell:ident => $read:expr;)*) => {$(
        impl Column for $type {
            fn of($cell: Cell<'_>) -> Result<Self, Unreadable> {
                $read
            }
        }
    )*};
}
columns! {
    bool, cell => cell.integer().map(|number| number != 0);
    i64, cell => cell.integer();
    u32, cell => unsigned(cell);
    // Counts and sizes: never negative.
    u64, cell => unsigned(cell);
    usize, cell => unsigned(cell);
    String, cell => cell.text().map(str::to_owned);
    Vec<u8>, cell => cell.bytes().map(<[u8]>::to_vec);
    Stamp, cell => cell.text()?.parse().map_err(|_| "a stamp was expected".to_owned());
    ConversationId, cell => cell.integer().map(Self);
    FileId, cell => cell.integer().map(Self);
    MessageId, cell => cell.integer().map(Self);
    Seq, cell => cell.integer().map(Self);
    Timestamp, cell => cell.integer().map(Self);
    UserId, cell => cell.integer().map(Self);
}

fn unsigned<T: TryFrom<i64>>(cell: Cell<'_>) -> Result<T, Unreadable> {
    let number = cell.integer()?;
    T::try_from(number).map_err(|_| format!("{number} is out of range"))
}

impl<T: Column> Column for Option<T> {
    fn of(cell: Cell<'_>) -> Result<Self, Unreadable> {
        if matches!(cell, Cell::Null) { Ok(None) } else { T::of(cell).map(Some) }
    }
}
