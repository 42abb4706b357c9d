//! The first frames of a user socket: `hello`, who sends it, and the client's cursors.
//!
//! A frame has room for a few thousand cursors. A client with more says in `hello` that they follow. Until
//! the last one has come, the socket has no seat in any room, so what comes here is bounded in size and
//! time.

use std::time::Duration;

use bytes::Bytes;
use chinwag_protocol::{CloseCode, Command, CommandError, ErrorCode, Hello, MoreCursors, Request, limits};
use tokio::time::{Instant, timeout_at};

use super::authenticate;
use super::refusals::unclear_frame;
use crate::auth::Actor;
use crate::chat::Chat;
use crate::realtime::{End, Socket, encode_frame, first_text};

/// The time for `hello`, and for each following frame of cursors.
const FRAME_TIME: Duration = Duration::from_secs(5);
/// The time for all of them.
const CURSORS_TIME: Duration = Duration::from_secs(15);
/// The largest `hello` from an unauthenticated client.
const MAX_STRANGER_BYTES: usize = 4 * 1024;
/// RFC 6455 section 7.4.1: the frame can't be understood, or is too large.
const PROTOCOL_ERROR: u16 = 1002;
const TOO_LARGE: u16 = 1009;

/// What the handshake says about the client's identity.
pub(super) enum Credential {
    Token(String),
    Ticket(String),
    /// Nothing: `hello` must say it.
    Later,
}

/// A user who is let in.
pub(super) struct Guest {
    pub actor: Actor,
    /// With all cursors.
    pub hello: Hello,
    /// The `ref` of the `hello`.
    pub reference: Option<String>,
    /// The bytes that followed it.
    pub early: Bytes,
}

/// A client that is not let in: the last frames for it, and how the socket ends.
pub(super) struct Stranger {
    pub told: Bytes,
    pub end: End,
}

impl Stranger {
    /// A client whose first frames are not a readable `hello`. Its token may be good, so the close code does
    /// not blame that; the reason says what is wrong.
    fn unclear(error: &CommandError, code: u16) -> Self {
        Self { told: encode_frame(&unclear_frame(error)), end: End::Goodbye(code, error.message) }
    }

    fn too_large(message: &'static str) -> Self {
        let error = CommandError { code: ErrorCode::TooLarge, message, reference: None };
        Self::unclear(&error, TOO_LARGE)
    }

    fn out_of_place(request: Request, message: &'static str) -> Self {
        let error = CommandError { code: ErrorCode::InvalidFrame, message, reference: request.reference };
        Self::unclear(&error, PROTOCOL_ERROR)
    }
}

impl From<CloseCode> for Stranger {
    fn from(code: CloseCode) -> Self {
        Self { told: Bytes::new(), end: code.into() }
    }
}

/// Reads `hello` and the following cursors, and authenticates the client.
pub(super) async fn greet(
    chat: &Chat,
    socket: &Socket,
    early: Bytes,
    credential: Credential,
) -> Result<Guest, Stranger> {
    let known = match credential {
        Credential::Token(token) => Some(authenticate(chat, Some(&token)).await?),
        Credential::Ticket(ticket) => {
            let token = chat.spend_ticket(&ticket).await.map_err(|_| CloseCode::Overloaded)?;
            Some(authenticate(chat, token.as_deref()).await?)
        }
        Credential::Later => None,
    };
    // Without `hello`, an authenticated client was too slow, and an unauthenticated one has no token.
    let (max_bytes, late) = match known {
        Some(_) => (limits::MAX_FRAME_BYTES, CloseCode::HeartbeatMissed),
        None => (MAX_STRANGER_BYTES, CloseCode::InvalidToken),
    };
    let first = next_request(socket, early, max_bytes, Instant::now() + FRAME_TIME, late).await?;
    let (Request { reference, conversation_id, command }, early) = first;
    let Command::Hello(hello) = command else {
        let request = Request { reference, conversation_id, command };
        return Err(Stranger::out_of_place(request, "the first frame must be hello"));
    };
    let actor = match known {
        Some(actor) => actor,
        None => authenticate(chat, hello.token.as_deref()).await?,
    };
    let (hello, early) = take_cursors(socket, early, hello).await?;
    Ok(Guest { actor, hello, reference, early })
}

/// Reads the cursors that did not fit into `hello`.
async fn take_cursors(
    socket: &Socket,
    mut early: Bytes,
    mut hello: Hello,
) -> Result<(Hello, Bytes), Stranger> {
    let end = Instant::now() + CURSORS_TIME;
    while hello.more_cursors {
        let next = end.min(Instant::now() + FRAME_TIME);
        let (request, rest) =
            next_request(socket, early, limits::MAX_FRAME_BYTES, next, CloseCode::HeartbeatMissed).await?;
        let Command::Cursors(MoreCursors { cursors, more_cursors }) = request.command else {
            return Err(Stranger::out_of_place(request, "hello announced more cursors"));
        };
        hello.cursors.extend(cursors);
        if hello.cursors.len() > limits::MAX_CURSORS {
            return Err(Stranger::too_large("a hello may have at most 100,000 cursors"));
        }
        (hello.more_cursors, early) = (more_cursors, rest);
    }
    Ok((hello, early))
}

/// Reads one frame, and the bytes that followed it.
async fn next_request(
    socket: &Socket,
    early: Bytes,
    max_bytes: usize,
    until: Instant,
    late: CloseCode,
) -> Result<(Request, Bytes), Stranger> {
    let (text, rest) = match timeout_at(until, first_text(socket, early, max_bytes)).await {
        Err(_) => return Err(late.into()),
        Ok(Err(End::Goodbye(TOO_LARGE, _))) if max_bytes == MAX_STRANGER_BYTES => {
            return Err(Stranger::too_large("a hello with a token may have at most 4 KiB"));
        }
        Ok(Err(End::Goodbye(TOO_LARGE, _))) => {
            return Err(Stranger::too_large(
                "a frame may have at most 64 KiB: send the other cursors after hello",
            ));
        }
        Ok(Err(end)) => return Err(Stranger { told: Bytes::new(), end }),
        Ok(Ok(read)) => read,
    };
    let request = Request::parse(&text).map_err(|error| Stranger::unclear(&error, PROTOCOL_ERROR))?;
    Ok((request, rest))
}
