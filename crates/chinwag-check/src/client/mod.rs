//! Clients that follow the protocol, and record everything they see.

pub(crate) mod crowd;
pub(crate) mod device;
mod event_stream;
pub(crate) mod frames;
pub(crate) mod nodes;
pub(crate) mod record;
pub(crate) mod rest_writer;
pub(crate) mod socket;
mod stream_reader;
