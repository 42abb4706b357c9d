//! The least that any server must do for the same work: the divisor of its figures.

mod door;
mod file;
mod sockets;

pub(crate) use file::FileFloor;
pub(crate) use sockets::{Shape, SocketFloor, Work, serve_floor};
