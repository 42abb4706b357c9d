//! The least that any server must do for the same work: what its figures are divided by.

mod door;
mod file;
mod process;
mod sockets;

pub(crate) use file::FileFloor;
pub(crate) use process::serve_floor;
pub(crate) use sockets::{Job, Shape, SocketFloor};
