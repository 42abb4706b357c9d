//! The words of the wire: identifiers, frames, commands, REST bodies and close codes.
//!
//! Everything here is plain data with serde: no I/O, no async, no rules. The server, its tests and
//! its tools share these types, and the OpenAPI and AsyncAPI documents are generated from them.

pub mod asyncapi;
pub mod codes;
pub mod command;
pub mod event;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod rest;
pub mod time;

pub use codes::{CloseCode, ErrorCode};
pub use command::{Added, Command, CommandError, Edit, Hello, MoreCursors, NewUpload, Op, Request, Send};
pub use event::{Entry, Event, EventKind};
pub use frame::{Frame, GapReason};
pub use ids::{ConversationId, Cursor, FileId, MessageId, Seq, Stamp, UserId};
pub use time::Timestamp;
