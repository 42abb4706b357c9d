//! Live delivery. A commit's events go to their [`room`]s, each room writes them to its [`connection`]s, and
//! a connection that can't take them now catches up by itself in its [`drive`]r.
//!
//! Connections hold cursors, not queues: one that is behind remembers the next event it needs, reads it from
//! the room's ring or from the log, and goes live again at the [`seam`]. Fan-out never waits.
//!
//! | | Examples | Where it lives | How it travels |
//! |---|---|---|---|
//! | event | message, edit, removal | the log | room's inbox → fan-out → live connections; the others by cursor |
//! | state | receipt, unread, presence | a row, overwritten | a notice of the commit; the latest per user in the inbox |
//! | signal | typing, joined, left | memory of this process, told to [`elsewhere`] | written if the socket takes it now, else dropped |
//!
//! A queue for each socket would grow with the slowest reader, and then something would have to be dropped.
//! The log exists anyway, so a socket that is behind costs a few bytes. Once nobody is behind, the ring is
//! emptied.
//!
//! Fan-out and the sweeper try to write once and never wait. The connection's driver finishes what was begun,
//! sends pages to a connection that is behind, answers commands, and closes. All of them hold the
//! connection's outbox, so frames never interleave. Nobody queues a frame for another thread to write: the
//! system call is nearly the whole cost of a delivery, and a hand-over would be most of the rest.
//!
//! What fan-out can't do, because it needs the database or must wait, becomes an *errand*: it is left with
//! the connection, once for each kind and conversation, and the driver does it when nothing waits for the
//! socket.
//!
//! Locks are short, and none is held across an `.await`. Their order: `room.live` → `room.inbox`; `room.live`
//! → `connection.outbox`; a shard of the user table → the counts of addresses, `connection.outbox` or
//! `connection.renewed`; the outbox → the socket's own lock (TLS only). `room.live` and a shard of the user table
//! → what is known of other nodes. `room.typing` is held alone. A shard of the rooms is held alone, and never
//! together with a room.

mod bell;
mod connection;
mod connections;
mod deletions;
mod drive;
mod elsewhere;
mod fanout;
mod hub;
mod line;
mod neighbours;
mod news;
mod occupants;
mod ring;
mod room;
mod seam;
mod seat;
mod socket;
mod sweeper;
mod typing;

pub(crate) use connection::{Dialect, Errand};
pub(crate) use connections::{Connections, Departure, Move};
pub(crate) use drive::{Driver, Handler, SendRequest, first_text, turn_away};
pub(crate) use hub::{Hub, HubSettings, TurnedAway};
pub(crate) use line::{End, Line, Reporter};
pub(crate) use news::News;
pub(crate) use ring::MAX_PAGE_BYTES;
pub(crate) use room::{Interest, encode_frame};
pub(crate) use seat::Seat;
pub(crate) use socket::Socket;
