//! `/ws`: one socket for all of a user's conversations.
//!
//! The first frame is `hello`. It may carry the token, if the handshake did not, and names the client's
//! cursors; `ready` answers with the present state of everything, and live events follow.

use std::collections::{HashMap, VecDeque};

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use chinwag_protocol::frame::Ready;
use chinwag_protocol::rest::Limits;
use chinwag_protocol::{
    Added, CloseCode, Command, CommandError, ConversationId, Cursor, Event, Frame, GapReason, Hello,
    Request as Incoming, Seq, Timestamp, limits,
};
use hyper::upgrade::OnUpgrade;
use tokio::sync::OwnedSemaphorePermit;

use super::commands::{execute, send};
use super::hello::{Credential, Guest, Stranger, greet};
use super::refusals::{refuse, refuse_unclear};
use super::replay::{log, resume};
use super::upgrade::{Handshake, Origin, PROTOCOL, accept, bearer_header, offered_protocols, take_over};
use super::uploads::Uploads;
use super::{close_code, takes_no_part_in};
use crate::chat::{Chat, EnterError, Entered, Start, is_small};
use crate::error::Refusal;
use crate::http::Shared;
use crate::http::admission::Slot;
use crate::http::extract::query;
use crate::listener::ClientAddress;
use crate::realtime::{
    Dialect, Driver, End, Errand, Handler, Interest, Line, SendRequest, TurnedAway, turn_away,
};

/// Conversations in `ready`. The rest is available over REST; their events are sent anyway.
const MAX_LISTED: usize = 500;
/// Conversations to enter in one read, and whose participants are read at once.
const MAX_ENTERED: usize = 500;

pub(in crate::http) async fn user(
    State(shared): State<Shared>,
    slot: Option<Extension<Slot>>,
    address: Option<Extension<ClientAddress>>,
    mut request: Request,
) -> Response {
    let (is_spoken, bearer) = subprotocols(request.headers());
    let mut query = query(request.uri());
    let in_query = query.remove("token").filter(|_| shared.chat.config().auth.token_in_query);
    let bearer = bearer_header(&request).or(bearer);
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
        // Only the protocol is echoed: the token stays in the client's own header.
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    }
    let origin = Origin::new(slot, address);
    Driver::spawn(enter(shared, upgrade, credential, origin));
    response
}

/// Whether the client offers our protocol, and the token that it offers along with it.
fn subprotocols(headers: &HeaderMap) -> (bool, Option<String>) {
    let offered: Vec<&str> = offered_protocols(headers).collect();
    let bearer = offered.iter().find_map(|offer| offer.strip_prefix("bearer."));
    (offered.contains(&PROTOCOL), bearer.map(str::to_owned))
}

/// Authenticates the client, registers it with the hub, and begins. `None`: it has left already.
async fn enter(
    shared: Shared,
    upgrade: OnUpgrade,
    credential: Credential,
    origin: Origin,
) -> Option<Driver<User>> {
    let Shared { chat, hub, .. } = shared;
    let (socket, early) = take_over(upgrade).await?;
    origin.end_turn();
    let (socket, told, end) = match greet(&chat, &socket, early, credential).await {
        Ok(Guest { actor, hello, reference, early }) => {
            let admitted = origin.hand_over();
            match hub.register(actor, Dialect::User, socket, origin.address) {
                Ok(registration) => {
                    if registration.is_first {
                        chat.arrived(registration.connection.actor.user_id);
                    }
                    let added = hello.added;
                    let hello = Some(Box::new((hello, reference)));
                    let user = User { chat, hello, added, uploads: Uploads::default(), _admitted: admitted };
                    return Driver::begin(registration, early, user).await;
                }
                Err(TurnedAway { socket, code }) => (socket, Bytes::new(), code.into()),
            }
        }
        Err(Stranger { told, end }) => (socket, told, end),
    };
    turn_away(&hub, socket, told, end).await;
    None
}

struct User {
    chat: Chat,
    /// Kept until it is answered, with its `ref`.
    hello: Option<Box<(Hello, Option<String>)>>,
    /// Where a conversation begins that the user is added to.
    added: Added,
    uploads: Uploads,
    _admitted: Option<OwnedSemaphorePermit>,
}

impl Handler for User {
    async fn open(&mut self, line: &mut Line) -> Result<(), End> {
        let (hello, reference) = self.hello.take().map(|hello| *hello).unwrap_or_default();
        let replay_limit = hello.replay_limit.unwrap_or(limits::REPLAY_LIMIT);
        let chat = &self.chat;
        let ids = or_overloaded(chat.conversation_ids(line.actor().user_id).await)?;
        // Rooms are held before their heads are read, so that nothing committed in between is missed.
        let mut seats: VecDeque<_> = ids.iter().map(|id| (*id, line.reserve(*id))).collect();
        let heads = ready(chat, line, reference.as_deref(), &ids).await?;
        let named = hello.cursors.keys().map(|id| ConversationId(*id));
        for id in named.filter(|id| ids.binary_search(id).is_err()) {
            let reason = GapReason::Membership;
            line.answer(&Frame::Gap { conversation_id: id, head: Cursor::START, reason }).await?;
        }
        while !seats.is_empty() {
            let next = seats.iter().take(MAX_ENTERED).map(|(id, _)| *id);
            let wanted = next.map(|id| (id, start(&hello, id))).collect();
            let entered = chat.enter_some(&line.present_actor(), wanted, replay_limit).await;
            let entered = entered.map_err(|error| End::from(close_code(&error)))?;
            let now: Vec<_> = seats.drain(..entered.len()).collect();
            let mut taken = Vec::with_capacity(now.len());
            for ((id, seat), entered) in now.into_iter().zip(entered) {
                let Some(entered) = entered else {
                    // The user was removed after the list was made; the log of that moment has told the
                    // others.
                    tell_left(chat, line, id).await?;
                    continue;
                };
                // A client that starts at the head continues from the one that `ready` named.
                let mut after = heads.get(&id).map_or(entered.head.seq, |head| head.seq);
                let interest = interest_in(&entered);
                if entered.resume.is_some() {
                    after = entered.head.seq;
                    resume(chat, line, id, entered, Vec::new()).await?;
                }
                line.take(id, seat, after, interest);
                taken.push(id);
            }
            give_back_lost_seats(chat, line, taken).await?;
        }
        for some in ids.chunks(MAX_ENTERED) {
            let some = some.iter().map(|id| (*id, start(&hello, *id) != Start::Head)).collect();
            meet(chat, line, some).await?;
        }
        Ok(())
    }

    async fn sends(&mut self, line: &mut Line, requests: Vec<SendRequest>) -> Result<(), End> {
        send(&self.chat, line, None, requests).await
    }

    async fn command(&mut self, line: &mut Line, request: Result<Incoming, CommandError>) -> Result<(), End> {
        let request = match request {
            Ok(request) => request,
            Err(error) => return refuse_unclear(line, &error).await,
        };
        let reference = request.reference.clone();
        let result = match (&request.command, request.conversation_id) {
            (Command::Subscribe(after), Some(id)) => {
                subscribe(&self.chat, line, id, *after, Interest::Full).await?
            }
            (Command::Unsubscribe, Some(id)) => {
                subscribe(&self.chat, line, id, None, Interest::Counts).await?
            }
            _ => return execute(&self.chat, line, &mut self.uploads, None, request).await,
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
        let chat = &self.chat;
        match errand {
            Errand::Join(id) => join(chat, line, id, self.added).await,
            // Otherwise it was told already.
            Errand::Left(id) if line.interest(id).is_some() => {
                line.leave(id);
                tell_left(chat, line, id).await?;
                // Added again meanwhile: that errand came while the old seat was still taken.
                join(chat, line, id, self.added).await
            }
            Errand::Left(id) => join(chat, line, id, self.added).await,
            Errand::Refresh(id) => super::tell_receipts(chat, line, id).await,
            Errand::Count(id) => count(chat, line, id).await,
        }
    }

    async fn log(&mut self, id: ConversationId, after: Seq, through: Seq) -> Result<Vec<Event>, End> {
        log(&self.chat, id, after, through).await
    }
}

/// Where the client continues in a conversation.
fn start(hello: &Hello, id: ConversationId) -> Start {
    match (hello.cursors.get(&id.0), hello.added) {
        (Some(cursor), _) => Start::After(*cursor),
        (None, Added::Replay) => Start::Joining,
        (None, Added::Head) => Start::Head,
    }
}

/// Answers `hello`; returns the heads that the answer named.
async fn ready(
    chat: &Chat,
    line: &Line,
    reference: Option<&str>,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, Cursor>, End> {
    let listed = ids.iter().take(MAX_LISTED).copied().collect();
    let (user, conversations) = or_overloaded(chat.overview(line.actor(), listed).await)?;
    let heads = conversations.iter().map(|state| (state.id, state.head)).collect();
    let ready = Ready {
        reference,
        session_id: line.actor().session.as_deref().unwrap_or_default().to_owned(),
        user,
        heartbeat_ms: chat.heartbeat_ms(),
        server_time: Timestamp::now(),
        limits: Limits {
            content_chars: limits::MAX_CONTENT_CHARS,
            content_bytes: limits::MAX_CONTENT_BYTES,
            frame_bytes: limits::MAX_FRAME_BYTES,
            replay_events: limits::REPLAY_LIMIT,
            upload_bytes: chat.upload_bytes(),
            attachments: limits::MAX_ATTACHMENTS,
            push: chat.vapid().is_ok(),
        },
        conversations,
        more: ids.len() > MAX_LISTED,
    };
    line.answer(&Frame::Ready(Box::new(ready))).await?;
    Ok(heads)
}

/// Gives back those of the new seats whose user was removed meanwhile.
async fn give_back_lost_seats(chat: &Chat, line: &mut Line, taken: Vec<ConversationId>) -> Result<(), End> {
    let gone = takes_no_part_in(chat, line, taken).await.map_err(|error| End::from(close_code(&error)))?;
    for id in gone {
        line.leave(id);
        tell_left(chat, line, id).await?;
    }
    Ok(())
}

/// Tells that the user no longer takes part.
async fn tell_left(chat: &Chat, line: &Line, id: ConversationId) -> Result<(), End> {
    let actor_id = or_overloaded(chat.who_removed(line.actor().user_id, id).await)?;
    line.answer(&Frame::ConversationLeft { conversation_id: id, actor_id }).await
}

/// Enters a conversation that the user was added to.
async fn join(chat: &Chat, line: &mut Line, id: ConversationId, added: Added) -> Result<(), End> {
    if line.interest(id).is_some() {
        return Ok(());
    }
    let seat = line.reserve(id);
    let start = if added == Added::Replay { Start::Joining } else { Start::Head };
    let entered = match super::enter(chat, line, id, start, Some(limits::REPLAY_LIMIT)).await {
        Ok(entered) => entered,
        // Removed again meanwhile.
        Err(EnterError::Refused(Refusal::NotParticipant | Refusal::NoConversation)) => return Ok(()),
        Err(error) => return Err(close_code(&error).into()),
    };
    let state = or_overloaded(chat.conversation_state(line.actor().user_id, id).await)?;
    let Some(state) = state else { return Ok(()) };
    line.answer(&Frame::Conversation(&state)).await?;
    let interest = interest_in(&entered);
    // Without a replay from the head that the client was told, which may be newer than the one at which it
    // entered.
    let mut after = state.head.seq;
    let is_resumed = entered.resume.is_some();
    if is_resumed {
        after = entered.head.seq;
        resume(chat, line, id, entered, Vec::new()).await?;
    }
    line.take(id, seat, after, interest);
    give_back_lost_seats(chat, line, vec![id]).await?;
    meet(chat, line, vec![(id, is_resumed)]).await
}

/// Tells who is in conversations that the connection entered; true for those that it resumes. Called after
/// the seats, so that later changes arrive live.
async fn meet(chat: &Chat, line: &Line, mut conversations: Vec<(ConversationId, bool)>) -> Result<(), End> {
    conversations.retain(|(id, _)| line.interest(*id).is_some());
    let company = or_overloaded(chat.company(line.actor(), conversations).await)?;
    super::tell_company(chat, line, company).await
}

async fn count(chat: &Chat, line: &Line, id: ConversationId) -> Result<(), End> {
    let state = or_overloaded(chat.conversation_state(line.actor().user_id, id).await)?;
    let Some(state) = state else { return Ok(()) };
    let (head, unread, mentions) = (state.head, state.unread, state.mentions);
    line.answer(&Frame::Unread { conversation_id: id, head, unread, mentions }).await
}

/// Subscribes to every event of a conversation, or only to its counts.
async fn subscribe(
    chat: &Chat,
    line: &mut Line,
    id: ConversationId,
    after: Option<Cursor>,
    interest: Interest,
) -> Result<Result<(), Refusal>, End> {
    if after.is_none() && line.interest(id) == Some(interest) {
        // A new seat would lose what is on its way to the old one.
        return Ok(Ok(()));
    }
    let seat = line.reserve(id);
    // Quieten before the head is read: live events after it would come twice.
    line.quieten(id);
    match super::enter(chat, line, id, after.into(), Some(limits::REPLAY_LIMIT)).await {
        Ok(entered) => {
            let head = entered.head;
            if interest == Interest::Full {
                resume(chat, line, id, entered, Vec::new()).await?;
            }
            line.take(id, seat, head.seq, interest);
            give_back_lost_seats(chat, line, vec![id]).await?;
            if interest == Interest::Full {
                meet(chat, line, vec![(id, after.is_some())]).await?;
            }
            Ok(Ok(()))
        }
        Err(EnterError::Account) => Err(CloseCode::SessionRevoked.into()),
        Err(EnterError::Refused(refusal @ (Refusal::NotParticipant | Refusal::NoConversation))) => {
            Ok(Err(refusal))
        }
        // Nothing comes from this conversation now, so the client must reconnect.
        Err(error) => Err(close_code(&error).into()),
    }
}

fn interest_in(entered: &Entered) -> Interest {
    if is_small(entered.participants) { Interest::Full } else { Interest::Counts }
}

/// A failed read here leaves the client without its state: it reconnects and gets it then.
fn or_overloaded<T>(result: Result<T, Refusal>) -> Result<T, End> {
    result.map_err(|error| {
        tracing::warn!(%error, "can't read a user's state");
        CloseCode::Overloaded.into()
    })
}
