//! The words of the wire: identifiers, frames, commands, REST bodies and close codes.
//!
//! Everything here is plain data with serde: no I/O, no async, no rules. The server, its tests and
//! its tools share these types, and the OpenAPI document is generated from them.

pub mod codes;
pub mod command;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod rest;
pub mod time;

pub use codes::{CloseCode, ErrorCode};
pub use command::{Command, CommandError, Send};
pub use frame::Frame;
pub use ids::{ConversationId, Cursor, MessageId, Seq, Stamp, UserId};
pub use time::Timestamp;
