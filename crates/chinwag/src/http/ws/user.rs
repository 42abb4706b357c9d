//! `/ws`: one socket for all of a user's conversations.
//!
//! The first frame is `hello`. It may carry the token, if the handshake did not, and names the cursors
//! that the client has; `ready` answers with everything as it stands, and live events follow.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use chinwag_protocol::frame::Ready;
use chinwag_protocol::rest::Limits;
use chinwag_protocol::{
    CloseCode, Command, CommandError, ConversationId, Cursor, ErrorCode, Frame, GapReason, Hello,
    Request as Incoming, Seq, Timestamp, limits,
};
use hyper::upgrade::OnUpgrade;
use tokio::sync::OwnedSemaphorePermit;

use super::commands::{execute, refuse, refuse_frame, send};
use super::upgrade::{Handshake, Origin, accept, take_over};
use super::uploads::Uploads;
use super::{authenticate, close_code, present_actor, resume, still_takes_part};
use crate::auth::Actor;
use crate::chat::{Chat, EnterError, Entered, is_small};
use crate::error::Refusal;
use crate::http::Shared;
use crate::http::admission::Slot;
use crate::http::extract::query;
use crate::listener::ClientAddress;
use crate::realtime::{
    Dialect, Driver, End, Errand, Handler, Level, Line, Refused, Seat, SendRequest, Socket, encode_frame,
    first_text, turn_away,
};

/// The subprotocol of this socket.
const PROTOCOL: &str = "chinwag.v1";
/// Time for `hello`.
const HELLO_TIME: Duration = Duration::from_secs(5);
/// Bytes of a `hello` from somebody who has not said who they are.
const MAX_STRANGER_BYTES: usize = 4 * 1024;
/// RFC 6455 section 7.4.1: what came can't be understood, or is too large.
const PROTOCOL_ERROR: u16 = 1002;
const TOO_LARGE: u16 = 1009;
/// Conversations in `ready`. The rest comes by REST; their events come all the same.
const MAX_LISTED: usize = 500;

/// What the handshake said about who this is.
enum Credential {
    Token(String),
    Ticket(String),
    /// Nothing: `hello` has to.
    Later,
}

pub(in crate::http) async fn user(
    State(shared): State<Shared>,
    slot: Option<Extension<Slot>>,
    address: Option<Extension<ClientAddress>>,
    mut request: Request,
) -> Response {
    let (is_spoken, bearer) = subprotocols(request.headers());
    let mut query = query(request.uri());
    let in_query = query.remove("token").filter(|_| shared.chat.config().auth.token_in_query);
    let credential = match (bearer, query.remove("ticket"), in_query) {
        (Some(token), ..) | (None, None, Some(token)) => Credential::Token(token),
        (None, Some(ticket), _) => Credential::Ticket(ticket),
        (None, None, None) => Credential::Later,
    };
    let Handshake { mut response, upgrade } = match accept(&mut request) {
        Ok(handshake) => handshake,
        Err(response) => return *response,
    };
    if is_spoken {
        // Only the protocol is named back: the token stays in the client's own header.
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    }
    let chat = shared.chat.clone();
    let origin = Origin::new(slot, address);
    Driver::spawn(enter(chat, upgrade, credential, origin));
    response
}

/// Whether the client offers our protocol, and the token that it sent along with it.
fn subprotocols(headers: &HeaderMap) -> (bool, Option<String>) {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    let offered: Vec<&str> = offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let bearer = offered.iter().find_map(|offer| offer.strip_prefix("bearer."));
    (offered.contains(&PROTOCOL), bearer.map(str::to_owned))
}

/// Finds out who it is, gives them a place in the hub, and begins. `None`: they are gone again.
async fn enter(
    chat: Chat,
    upgrade: OnUpgrade,
    credential: Credential,
    origin: Origin,
) -> Option<Driver<User>> {
    let (socket, early) = take_over(upgrade).await?;
    origin.end_turn();
    let (socket, told, end) = match greet(&chat, &socket, early, credential).await {
        Ok((actor, hello, reference, early)) => {
            let admitted = origin.settle();
            match chat.hub().register(actor, Dialect::User, socket, origin.address) {
                Ok(registration) => {
                    if registration.is_first {
                        chat.arrived(registration.connection.actor.user_id);
                    }
                    let hello = Some(Box::new((hello, reference)));
                    let user = User { hello, uploads: Uploads::default(), _admitted: admitted };
                    return Driver::begin(chat, registration, early, user).await;
                }
                Err(Refused { socket, code }) => (socket, Bytes::new(), code.into()),
            }
        }
        Err(Stranger { told, end }) => (socket, told, end),
    };
    turn_away(&chat, socket, told, end).await;
    None
}

/// Somebody who is not let in: what they are told, and how it ends.
struct Stranger {
    told: Bytes,
    end: End,
}

impl Stranger {
    /// Whose first frame is no `hello`: their token may be good, so the close code is not about that.
    fn unclear(error: &CommandError, code: u16) -> Self {
        let told = encode_frame(&Frame::Error {
            reference: error.reference.as_deref(),
            message: error.message,
            code: error.code,
            retry: false,
            retry_after_ms: None,
            client_id: None,
            upload_id: None,
        });
        Self { told, end: End::Goodbye(code, "the first frame has to be hello") }
    }
}

impl From<End> for Stranger {
    fn from(end: End) -> Self {
        if let End::Goodbye(TOO_LARGE, _) = end {
            let (code, message) = (ErrorCode::TooLarge, "a hello with the token in it has at most 4 KiB");
            return Self::unclear(&CommandError { code, message, reference: None }, TOO_LARGE);
        }
        Self { told: Bytes::new(), end }
    }
}

impl From<CloseCode> for Stranger {
    fn from(code: CloseCode) -> Self {
        Self { told: Bytes::new(), end: code.into() }
    }
}

/// Reads `hello`, and finds out who says it.
async fn greet(
    chat: &Chat,
    socket: &Socket,
    early: Bytes,
    credential: Credential,
) -> Result<(Actor, Hello, Option<String>, Bytes), Stranger> {
    let known = match credential {
        Credential::Token(token) => Some(authenticate(chat, Some(&token)).await?),
        Credential::Ticket(ticket) => {
            let token = chat.spend_ticket(&ticket).ok_or(CloseCode::InvalidToken)?;
            Some(authenticate(chat, Some(&token)).await?)
        }
        Credential::Later => None,
    };
    let max_bytes = if known.is_some() { limits::MAX_FRAME_BYTES } else { MAX_STRANGER_BYTES };
    let first = tokio::time::timeout(HELLO_TIME, first_text(socket, early, max_bytes)).await;
    // Without `hello`, who has said who they are was slow, and who has not has no token.
    let late = if known.is_some() { CloseCode::HeartbeatMissed } else { CloseCode::InvalidToken };
    let (text, early) = first.map_err(|_| late)??;
    let request = Incoming::parse(&text).map_err(|error| Stranger::unclear(&error, PROTOCOL_ERROR))?;
    let Command::Hello(hello) = request.command else {
        let (code, message) = (ErrorCode::InvalidFrame, "the first frame has to be hello");
        let error = CommandError { code, message, reference: request.reference };
        return Err(Stranger::unclear(&error, PROTOCOL_ERROR));
    };
    let actor = match known {
        Some(actor) => actor,
        None => authenticate(chat, hello.token.as_deref()).await?,
    };
    Ok((actor, hello, request.reference, early))
}

struct User {
    /// Until it is answered; with its reference.
    hello: Option<Box<(Hello, Option<String>)>>,
    uploads: Uploads,
    _admitted: Option<OwnedSemaphorePermit>,
}

impl Handler for User {
    async fn open(&mut self, line: &mut Line) -> Result<(), End> {
        let (hello, reference) = self.hello.take().map(|hello| *hello).unwrap_or_default();
        let replay_limit = hello.replay_limit.unwrap_or(limits::REPLAY_LIMIT);
        let ids = or_overloaded(line.chat.conversation_ids(line.actor().user_id).await)?;
        // Rooms are held before their heads are read: what is committed in between is not missed.
        let mut seats: VecDeque<_> = ids.iter().map(|id| (*id, line.reserve(*id))).collect();
        let heads = ready(line, reference.as_deref(), &ids).await?;
        for id in hello.cursors.keys().map(|id| ConversationId(*id)).filter(|id| !ids.contains(id)) {
            let reason = GapReason::Membership;
            line.answer(&Frame::Gap { conversation_id: id, head: Cursor::START, reason }).await?;
        }
        while !seats.is_empty() {
            let wanted = seats.iter().map(|(id, _)| (*id, hello.cursors.get(&id.0).copied())).collect();
            let entered = line.chat.enter_some(&present_actor(line), wanted, replay_limit).await;
            let entered = entered.map_err(|error| End::from(close_code(&error)))?;
            let now: Vec<_> = seats.drain(..entered.len()).collect();
            for ((id, seat), entered) in now.into_iter().zip(entered) {
                let Some(entered) = entered else {
                    // Removed since the list was made: the log of that moment has said so to the others.
                    line.answer(&Frame::ConversationLeft { conversation_id: id }).await?;
                    continue;
                };
                // Without a cursor the client goes on from the head that `ready` named.
                let mut after = heads.get(&id).map_or(entered.head.seq, |head| head.seq);
                let level = level_for(&entered);
                if entered.resume.is_some() {
                    after = entered.head.seq;
                    resume(line, id, entered, Vec::new()).await?;
                }
                settle(line, id, seat, after, level).await?;
            }
        }
        let resumed = ids.into_iter().map(|id| (id, hello.cursors.contains_key(&id.0))).collect();
        let company = or_overloaded(line.chat.company(line.actor(), resumed).await)?;
        super::tell_company(line, company).await
    }

    async fn sends(&mut self, line: &mut Line, requests: Vec<SendRequest>) -> Result<(), End> {
        send(line, None, requests).await
    }

    async fn command(&mut self, line: &mut Line, request: Result<Incoming, CommandError>) -> Result<(), End> {
        let request = match request {
            Ok(request) => request,
            Err(error) => return refuse_frame(line, &error).await,
        };
        let reference = request.reference.clone();
        let result = match (&request.command, request.conversation_id) {
            (Command::Subscribe(after), Some(id)) => subscribe(line, id, *after, Level::Full).await?,
            (Command::Unsubscribe, Some(id)) => subscribe(line, id, None, Level::Counts).await?,
            _ => return execute(line, &mut self.uploads, None, request).await,
        };
        match result {
            Ok(()) => {
                let reference = reference.as_deref();
                line.answer(&Frame::Ok(chinwag_protocol::frame::Done { reference, ..Default::default() }))
                    .await
            }
            Err(refusal) => refuse(line, reference.as_deref(), None, &refusal).await,
        }
    }

    async fn binary(&mut self, line: &mut Line, bytes: Bytes) -> Result<(), End> {
        self.uploads.chunk(line, bytes).await
    }

    async fn errand(&mut self, line: &mut Line, errand: Errand) -> Result<(), End> {
        match errand {
            Errand::Join(id) => join(line, id).await,
            // Else it was told already.
            Errand::Left(id) if line.level(id).is_some() => {
                line.leave(id);
                line.answer(&Frame::ConversationLeft { conversation_id: id }).await?;
                // Added again meanwhile: that errand came while the old place still stood.
                join(line, id).await
            }
            Errand::Left(id) => join(line, id).await,
            Errand::Refresh(id) => super::tell_receipts(line, id).await,
            Errand::Count(id) => count(line, id).await,
        }
    }
}

/// Answers `hello`; gives the heads that it named.
async fn ready(
    line: &Line,
    reference: Option<&str>,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, Cursor>, End> {
    let listed = ids.iter().take(MAX_LISTED).copied().collect();
    let (user, conversations) = or_overloaded(line.chat.overview(line.actor(), listed).await)?;
    let heads = conversations.iter().map(|state| (state.id, state.head)).collect();
    let ready = Ready {
        reference,
        session_id: line.actor().session.as_deref().unwrap_or_default().to_owned(),
        user,
        heartbeat_ms: line.chat.heartbeat_ms(),
        server_time: Timestamp::now(),
        limits: Limits {
            content_chars: limits::MAX_CONTENT_CHARS,
            content_bytes: limits::MAX_CONTENT_BYTES,
            frame_bytes: limits::MAX_FRAME_BYTES,
            replay_events: limits::REPLAY_LIMIT,
            upload_bytes: line.chat.upload_bytes(),
            attachments: limits::MAX_ATTACHMENTS,
            push: line.chat.vapid().is_ok(),
        },
        conversations,
        more: ids.len() > MAX_LISTED,
    };
    line.answer(&Frame::Ready(Box::new(ready))).await?;
    Ok(heads)
}

/// Takes a place, unless the user was removed meanwhile.
async fn settle(
    line: &mut Line,
    id: ConversationId,
    seat: Seat,
    after: Seq,
    level: Level,
) -> Result<(), End> {
    line.take(id, seat, after, level);
    match still_takes_part(line, id).await {
        Err(EnterError::Refused(Refusal::NotParticipant | Refusal::NoConversation)) => {
            line.leave(id);
            line.answer(&Frame::ConversationLeft { conversation_id: id }).await
        }
        result => result.map_err(|error| close_code(&error).into()),
    }
}

/// The user takes part in one more conversation.
async fn join(line: &mut Line, id: ConversationId) -> Result<(), End> {
    if line.level(id).is_some() {
        return Ok(());
    }
    let seat = line.reserve(id);
    let entered = match super::enter(line, id, None, None).await {
        Ok(entered) => entered,
        // Removed again meanwhile.
        Err(EnterError::Refused(Refusal::NotParticipant | Refusal::NoConversation)) => return Ok(()),
        Err(error) => return Err(close_code(&error).into()),
    };
    let state = or_overloaded(line.chat.conversation_state(line.actor().user_id, id).await)?;
    let Some(state) = state else { return Ok(()) };
    line.answer(&Frame::Conversation(&state)).await?;
    // From the head that the client was told, which may be newer than the one that it entered at.
    settle(line, id, seat, state.head.seq, level_for(&entered)).await
}

async fn count(line: &Line, id: ConversationId) -> Result<(), End> {
    let state = or_overloaded(line.chat.conversation_state(line.actor().user_id, id).await)?;
    let Some(state) = state else { return Ok(()) };
    let (head, unread, mentions) = (state.head, state.unread, state.mentions);
    line.answer(&Frame::Unread { conversation_id: id, head, unread, mentions }).await
}

/// Gets every event of a conversation from now on, or only its counts.
async fn subscribe(
    line: &mut Line,
    id: ConversationId,
    after: Option<Cursor>,
    level: Level,
) -> Result<Result<(), Refusal>, End> {
    if after.is_none() && line.level(id) == Some(level) {
        // Taking the place anew would lose what is on its way to the old one.
        return Ok(Ok(()));
    }
    let seat = line.reserve(id);
    // Quiet before the head is read: what came live behind it would come again.
    line.quieten(id);
    match super::enter(line, id, after, Some(limits::REPLAY_LIMIT)).await {
        Ok(entered) => {
            let head = entered.head;
            if level == Level::Full {
                resume(line, id, entered, Vec::new()).await?;
            }
            settle(line, id, seat, head.seq, level).await?;
            Ok(Ok(()))
        }
        Err(EnterError::Account) => Err(CloseCode::SessionRevoked.into()),
        Err(EnterError::Refused(refusal @ (Refusal::NotParticipant | Refusal::NoConversation))) => {
            Ok(Err(refusal))
        }
        // Nothing comes from this conversation now: the client has to come back for it.
        Err(error) => Err(close_code(&error).into()),
    }
}

fn level_for(entered: &Entered) -> Level {
    if is_small(entered.participants) { Level::Full } else { Level::Counts }
}

/// A read that fails here leaves the client without its state: it comes back and gets it then.
fn or_overloaded<T>(result: Result<T, Refusal>) -> Result<T, End> {
    result.map_err(|error| {
        tracing::warn!(%error, "can't read a user's state");
        CloseCode::Overloaded.into()
    })
}
