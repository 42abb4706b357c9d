//! The least that any server must do for the same work: what its figures are divided by.

mod file;
mod sockets;

pub(crate) use file::FileFloor;
pub(crate) use sockets::{Job, SocketFloor};
