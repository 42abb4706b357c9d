//! The WebSocket routes: the handshake (RFC 6455 section 4.2), then who may enter, then the frames.

mod room;
mod upgrade;

pub(super) use room::room;
