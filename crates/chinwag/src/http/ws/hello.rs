//! The first words of a user socket: `hello`, who says it, and the cursors that it has.
//!
//! A frame has room for some thousand cursors. Who has more says in `hello` that they follow. Until the last one is
//! there the socket has no place anywhere, so what comes here is bounded in size and time.

use std::time::Duration;

use bytes::Bytes;
use chinwag_protocol::{CloseCode, Command, CommandError, ErrorCode, Hello, MoreCursors, Request, limits};
use tokio::time::{Instant, timeout_at};

use super::authenticate;
use super::refusals::unclear;
use crate::auth::Actor;
use crate::chat::Chat;
use crate::realtime::{End, Socket, encode_frame, first_text};

/// Time for `hello`, and for each frame of cursors behind it.
const FRAME_TIME: Duration = Duration::from_secs(5);
/// Time for all of them.
const CURSORS_TIME: Duration = Duration::from_secs(15);
/// Bytes of a `hello` from somebody who has not said who they are.
const MAX_STRANGER_BYTES: usize = 4 * 1024;
/// RFC 6455 section 7.4.1: what came can't be understood, or is too large.
const PROTOCOL_ERROR: u16 = 1002;
const TOO_LARGE: u16 = 1009;

/// What the handshake said about who this is.
pub(super) enum Credential {
    Token(String),
    Ticket(String),
    /// Nothing: `hello` has to.
    Later,
}

/// Somebody who is let in.
pub(super) struct Guest {
    pub actor: Actor,
    /// With all cursors.
    pub hello: Hello,
    /// Of the `hello`.
    pub reference: Option<String>,
    /// What came behind it.
    pub early: Bytes,
}

/// Somebody who is not let in: what they are told, and how it ends.
pub(super) struct Stranger {
    pub told: Bytes,
    pub end: End,
}

impl Stranger {
    /// Whose first frames are no `hello`, or none that can be read: their token may be good, so the close code is not
    /// about that. The reason is what is wrong.
    fn unclear(error: &CommandError, code: u16) -> Self {
        Self { told: encode_frame(&unclear(error)), end: End::Goodbye(code, error.message) }
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

/// Reads `hello` and the cursors behind it, and finds out who says it.
pub(super) async fn greet(
    chat: &Chat,
    socket: &Socket,
    early: Bytes,
    credential: Credential,
) -> Result<Guest, Stranger> {
    let known = match credential {
        Credential::Token(token) => Some(authenticate(chat, Some(&token)).await?),
        Credential::Ticket(ticket) => {
            let token = chat.spend_ticket(&ticket).ok_or(CloseCode::InvalidToken)?;
            Some(authenticate(chat, Some(&token)).await?)
        }
        Credential::Later => None,
    };
    // Without `hello`, who has said who they are was slow, and who has not has no token.
    let (max_bytes, late) = match known {
        Some(_) => (limits::MAX_FRAME_BYTES, CloseCode::HeartbeatMissed),
        None => (MAX_STRANGER_BYTES, CloseCode::InvalidToken),
    };
    let first = next_request(socket, early, max_bytes, Instant::now() + FRAME_TIME, late).await?;
    let (Request { reference, conversation_id, command }, early) = first;
    let Command::Hello(hello) = command else {
        let request = Request { reference, conversation_id, command };
        return Err(Stranger::out_of_place(request, "the first frame has to be hello"));
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
            return Err(Stranger::out_of_place(request, "hello announced further cursors"));
        };
        hello.cursors.extend(cursors);
        if hello.cursors.len() > limits::MAX_CURSORS {
            return Err(Stranger::too_large("a hello has at most 100,000 cursors"));
        }
        (hello.more_cursors, early) = (more_cursors, rest);
    }
    Ok((hello, early))
}

/// Reads one frame, and what came behind it.
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
            return Err(Stranger::too_large("a hello with the token in it has at most 4 KiB"));
        }
        Ok(Err(End::Goodbye(TOO_LARGE, _))) => {
            return Err(Stranger::too_large(
                "a frame has at most 64 KiB: send the other cursors behind hello",
            ));
        }
        Ok(Err(end)) => return Err(Stranger { told: Bytes::new(), end }),
        Ok(Ok(read)) => read,
    };
    let request = Request::parse(&text).map_err(|error| Stranger::unclear(&error, PROTOCOL_ERROR))?;
    Ok((request, rest))
}
