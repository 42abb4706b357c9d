//! `/conversations/{id}/ws`: one conversation's socket. Level 0 is the original document's, level 1 (`v=1`)
//! has every frame and resumes from a cursor.
//!
//! A browser can't read the status of a refused handshake, so a close code after it tells why the user may
//! not enter.

use axum::Extension;
use axum::extract::{RawPathParams, Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use chinwag_protocol::{
    CloseCode, CommandError, ConversationId, Cursor, ErrorCode, Event, Frame, Request, Seq,
};
use hyper::upgrade::OnUpgrade;
use tokio::sync::OwnedSemaphorePermit;

use super::commands::{Begun, begin_sends, execute, send};
use super::refusals::{refuse, refuse_unclear};
use super::replay::{log, resume};
use super::upgrade::{Handshake, Origin, accept, bearer_header, take_over};
use super::uploads::Uploads;
use super::{authenticate, close_code, still_takes_part, tell_company};
use crate::chat::{Chat, Company, EnterError, Entered, Sent, Start};
use crate::http::Shared;
use crate::http::admission::Slot;
use crate::http::error::detail;
use crate::http::extract::query;
use crate::listener::ClientAddress;
use crate::realtime::{
    Dialect, Driver, End, Errand, Handler, Interest, Line, Seat, SendRequest, TurnedAway, encode_frame,
    turn_away,
};

/// What the client requested in the query.
struct Wish {
    token: Option<String>,
    dialect: Dialect,
    after: Option<String>,
}

pub(in crate::http) async fn room(
    State(shared): State<Shared>,
    slot: Option<Extension<Slot>>,
    address: Option<Extension<ClientAddress>>,
    parameters: RawPathParams,
    mut request: HttpRequest,
) -> Response {
    let id = parameters
        .iter()
        .find(|(name, _)| *name == "conversation_id")
        .and_then(|(_, text)| text.parse().ok())
        .filter(|id| *id > 0)
        .map(ConversationId);
    let mut query = query(request.uri());
    let dialect = match query.get("v").map(String::as_str) {
        None | Some("" | "0") => Dialect::Original,
        Some("1") => Dialect::Room,
        Some(_) => {
            return detail(StatusCode::BAD_REQUEST, "This server supports only v=0 and v=1 of this socket");
        }
    };
    let wish = Wish {
        token: bearer_header(&request).or_else(|| query.remove("token")),
        dialect,
        after: query.remove("after").filter(|_| dialect != Dialect::Original),
    };
    let Handshake { response, upgrade } = match accept(&mut request) {
        Ok(handshake) => handshake,
        Err(response) => return *response,
    };
    let origin = Origin::new(slot, address);
    Driver::spawn(enter(shared, upgrade, wish, id, origin));
    response
}

/// Authenticates the client, registers it with the hub, and begins. `None`: it has left already.
async fn enter(
    shared: Shared,
    upgrade: OnUpgrade,
    wish: Wish,
    id: Option<ConversationId>,
    origin: Origin,
) -> Option<Driver<Room>> {
    let Shared { chat, hub, .. } = shared;
    let (socket, early) = take_over(upgrade).await?;
    let Wish { token, dialect, after } = wish;
    let known = authenticate(&chat, token.as_deref()).await.and_then(|actor| {
        let admitted = origin.hand_over();
        id.map(|id| (actor, admitted, id)).ok_or(CloseCode::NoConversation)
    });
    origin.end_turn();
    let refused = match known {
        Ok((actor, admitted, id)) => match hub.register(actor, dialect, socket, origin.address) {
            Ok(registration) => {
                if registration.is_first && dialect == Dialect::Original {
                    chat.arrived(registration.connection.actor.user_id);
                }
                let after = after.map(String::into_boxed_str);
                let room = Room { chat, id, after, uploads: Uploads::default(), _admitted: admitted };
                return Driver::begin(registration, early, room).await;
            }
            Err(refused) => refused,
        },
        Err(code) => TurnedAway { socket, code },
    };
    turn_away(&hub, refused.socket, Bytes::new(), refused.code.into()).await;
    None
}

struct Room {
    chat: Chat,
    id: ConversationId,
    /// Kept until the connection is open.
    after: Option<Box<str>>,
    uploads: Uploads,
    _admitted: Option<OwnedSemaphorePermit>,
}

impl Handler for Room {
    async fn open(&mut self, line: &mut Line) -> Result<(), End> {
        let after: Option<Option<Cursor>> = self.after.take().map(|text| text.parse().ok());
        // The room is held before its head is read, so that nothing committed in between is missed.
        let seat = line.reserve(self.id);
        if line.connection().dialect == Dialect::Original {
            return self.open_original(line, seat).await;
        }
        let (entered, company) = self.arrive(line, after.flatten().into(), line.is_first()).await?;
        let head = entered.head;
        let connected = connected(line, self.id, Some((head, self.chat.heartbeat_ms())));
        let mut ahead = Vec::from(connected);
        if after == Some(None) {
            line.answer_bytes(&std::mem::take(&mut ahead).into()).await?;
            refuse_unclear(line, &invalid("after is not a cursor")).await?;
        }
        resume(&self.chat, line, self.id, entered, ahead).await?;
        line.take(self.id, seat, head.seq, Interest::Full);
        // If the place is behind, the user may have been removed meanwhile, so check again.
        let is_as_read = line.is_live(self.id) && self.chat.is_current(&company);
        let company = if is_as_read { company } else { self.arrive(line, Start::Head, false).await?.1 };
        tell_company(&self.chat, line, company).await
    }

    async fn sends(&mut self, line: &mut Line, requests: Vec<SendRequest>) -> Result<(), End> {
        if line.connection().dialect != Dialect::Original {
            return send(&self.chat, line, Some(self.id), requests).await;
        }
        // The original's sender learns from the echo that its message is stored, so only refusals are
        // answered.
        for Begun { reference, client_id, sent } in begin_sends(&self.chat, line, Some(self.id), requests) {
            match sent.await {
                // A repeat creates no event, and the echo of the first may have been lost with another
                // socket.
                Ok(Sent { message, is_duplicate: true }) => line.echo(message).await?,
                Ok(_) => {}
                Err(refusal) => refuse(line, reference.as_deref(), client_id.as_deref(), &refusal).await?,
            }
        }
        Ok(())
    }

    async fn command(&mut self, line: &mut Line, request: Result<Request, CommandError>) -> Result<(), End> {
        match request {
            Ok(request) if line.connection().dialect != Dialect::Original => {
                execute(&self.chat, line, &mut self.uploads, Some(self.id), request).await
            }
            Ok(_) => {
                let unknown = CommandError { code: ErrorCode::UnknownType, ..invalid("unknown frame type") };
                refuse_unclear(line, &unknown).await
            }
            Err(error) => refuse_unclear(line, &error).await,
        }
    }

    async fn binary(&mut self, line: &mut Line, bytes: Bytes) -> Result<(), End> {
        if line.connection().dialect == Dialect::Original {
            return refuse_unclear(line, &invalid("send JSON in text frames")).await;
        }
        self.uploads.chunk(line, bytes).await
    }

    async fn errand(&mut self, line: &mut Line, errand: Errand) -> Result<(), End> {
        match errand {
            Errand::Refresh(id) => super::tell_receipts(&self.chat, line, id).await,
            Errand::Join(_) | Errand::Left(_) | Errand::Count(_) => Ok(()),
        }
    }

    async fn log(&mut self, id: ConversationId, after: Seq, through: Seq) -> Result<Vec<Event>, End> {
        log(&self.chat, id, after, through).await
    }
}

impl Room {
    /// The original document's socket begins at the head, and receives only messages.
    async fn open_original(&self, line: &mut Line, seat: Seat) -> Result<(), End> {
        let entered = super::enter(&self.chat, line, self.id, Start::Head, None)
            .await
            .map_err(|error| end_for(&error))?;
        line.answer_bytes(&connected(line, self.id, None)).await?;
        line.take(self.id, seat, entered.head.seq, Interest::Full);
        still_takes_part(&self.chat, line, self.id).await.map_err(|error| end_for(&error))
    }

    /// Lets the connection into the conversation, and reads who is there. Tells the others if its user just came.
    async fn arrive(&self, line: &Line, start: Start, is_new: bool) -> Result<(Entered, Company), End> {
        let arrived = self.chat.arrive(&line.present_actor(), self.id, start, is_new).await;
        arrived.map_err(|error| end_for(&error))
    }
}

/// The first frame. The original's has neither head nor heartbeat.
fn connected(line: &Line, id: ConversationId, more: Option<(Cursor, u64)>) -> Bytes {
    encode_frame(&Frame::Connection {
        status: "connected",
        conversation_id: id,
        user_id: line.actor().user_id,
        head: more.map(|(head, _)| head),
        heartbeat_ms: more.map(|(_, heartbeat_ms)| heartbeat_ms),
    })
}

fn end_for(error: &EnterError) -> End {
    close_code(error).into()
}

fn invalid(message: &'static str) -> CommandError {
    CommandError { code: ErrorCode::InvalidFrame, message, reference: None }
}
