//! Live delivery. A commit's events go to their [`room`]s, each room writes them to its
//! [`connection`]s, and a connection that can't take them now catches up by itself in its [`drive`]r.
//!
//! Connections hold cursors, not queues: one that is behind remembers the next event it needs, reads it
//! from the room's ring or from the log, and goes live again at the [`seam`]. Fan-out never waits.

mod bell;
mod connection;
mod deletions;
mod drive;
mod fanout;
mod hub;
mod line;
mod members;
mod news;
mod ring;
mod room;
mod seam;
mod seat;
mod socket;
mod sweeper;
mod typing;

pub(crate) use connection::{Dialect, Errand};
pub(crate) use drive::{Driver, Handler, SendRequest, first_text, turn_away};
pub(crate) use hub::{Hub, HubSettings, Refused};
pub(crate) use line::{End, Line, Reporter};
pub(crate) use room::{Level, encode_frame};
pub(crate) use seat::Seat;
pub(crate) use socket::Socket;
