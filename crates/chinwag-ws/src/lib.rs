//! RFC 6455 framing for the server's end of a socket, without I/O and without extensions.
//!
//! [`Decoder`] turns received bytes into [`Message`]s. The frame functions make the bytes to send, which any
//! number of sockets can share. The caller owns the socket, the timers and the close handshake. Nothing here
//! may allocate for an idle connection, or trust an announced length.

mod decode;
mod encode;
mod error;
mod handshake;
mod header;
mod mask;
mod message;
mod utf8;

pub use decode::{Decoder, Limits};
pub use encode::{binary_frame, close_frame, ping_frame, pong_frame, text_frame};
pub use error::Error;
pub use handshake::accept_key;
pub use message::Message;
