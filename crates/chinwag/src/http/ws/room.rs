//! `/conversations/{id}/ws`: one conversation's socket. Level 0 is the original document's, level 1
//! (`v=1`) has every frame and resumes from a cursor.
//!
//! A browser can't read the status of a refused handshake, so who may not enter is told by a close code
//! after it.

use axum::Extension;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use bytes::Bytes;
use chinwag_protocol::{
    CloseCode, Command, CommandError, ConversationId, Cursor, ErrorCode, Frame, Request as Incoming, Seq,
};
use hyper::upgrade::OnUpgrade;
use tokio::sync::OwnedSemaphorePermit;

use super::commands::{execute, refuse, refuse_frame};
use super::upgrade::{Handshake, Origin, accept, take_over};
use super::uploads::Uploads;
use super::{authenticate, close_code, resume, still_takes_part};
use crate::chat::Chat;
use crate::http::Shared;
use crate::http::admission::Slot;
use crate::http::extract::query;
use crate::listener::ClientAddress;
use crate::realtime::{
    Dialect, Driver, End, Errand, Handler, Level, Line, Refused, Running, Seat, encode_frame, turn_away,
};

/// What the client asked for in the query.
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
    mut request: Request,
) -> Response {
    let id = parameters
        .iter()
        .find(|(name, _)| *name == "conversation_id")
        .and_then(|(_, text)| text.parse().ok())
        .filter(|id| *id > 0)
        .map(ConversationId);
    let mut query = query(request.uri());
    let is_original = query.get("v").is_none_or(|level| level.is_empty() || level == "0");
    let wish = Wish {
        token: query.remove("token"),
        dialect: if is_original { Dialect::Seed } else { Dialect::Room },
        after: query.remove("after").filter(|_| !is_original),
    };
    let Handshake { response, upgrade } = match accept(&mut request) {
        Ok(handshake) => handshake,
        Err(response) => return *response,
    };
    let chat = shared.chat.clone();
    let origin = Origin::new(slot, address);
    // Boxed, so that nothing is left of how it came in, should a waker of this task live longer.
    let entering = Box::pin(enter(chat, upgrade, wish, id, origin));
    tokio::spawn(async move {
        if let Some(driver) = entering.await {
            // A small task of its own, that has no room for what led here.
            tokio::spawn(driver.run());
        }
    });
    response
}

/// Finds out who it is, gives them a place in the hub, and begins. `None`: they are gone again.
async fn enter(
    chat: Chat,
    upgrade: OnUpgrade,
    wish: Wish,
    id: Option<ConversationId>,
    origin: Origin,
) -> Option<Driver<Room>> {
    let (socket, early) = take_over(upgrade).await?;
    let Wish { token, dialect, after } = wish;
    let known = authenticate(&chat, token.as_deref()).await.and_then(|actor| {
        let admitted = origin.settle();
        id.map(|id| (actor, admitted, id)).ok_or(CloseCode::NoConversation)
    });
    let refused = match known {
        Ok((actor, admitted, id)) => match chat.hub().register(actor, dialect, socket, origin.address) {
            Ok(registration) => {
                if registration.is_first {
                    chat.arrived(registration.connection.actor.user_id);
                }
                let after = after.map(String::into_boxed_str);
                let room = Room { id, after, uploads: Uploads::default(), _admitted: admitted };
                return Driver::begin(chat, registration, early, room).await;
            }
            Err(refused) => refused,
        },
        Err(code) => Refused { socket, code },
    };
    turn_away(&chat, refused.socket, Bytes::new(), refused.code.into()).await;
    None
}

/// With what the runtime adds (104 bytes) a task of 256, for which allocators have a class.
const _: () = assert!(size_of::<Running<Room>>() <= 152);

struct Room {
    id: ConversationId,
    /// Until the connection is open.
    after: Option<Box<str>>,
    uploads: Uploads,
    _admitted: Option<OwnedSemaphorePermit>,
}

impl Handler for Room {
    async fn open(&mut self, line: &mut Line) -> Result<(), End> {
        let after: Option<Option<Cursor>> = self.after.take().map(|text| text.parse().ok());
        // The room is held before its head is read: what is committed in between is not missed.
        let seat = line.reserve(self.id);
        let entered = super::enter(line, self.id, after.flatten(), None).await;
        let entered = entered.map_err(|error| End::from(close_code(&error)))?;
        let is_original = line.connection().dialect == Dialect::Seed;
        let head = entered.head;
        let connected = encode_frame(&Frame::Connection {
            status: "connected",
            conversation_id: self.id,
            user_id: line.actor().user_id,
            head: (!is_original).then_some(head),
            heartbeat_ms: (!is_original).then(|| line.chat.heartbeat_ms()),
        });
        if is_original {
            line.answer_bytes(&connected).await?;
            return self.settle(line, seat, head.seq).await;
        }
        let mut ahead = Vec::from(connected);
        if after == Some(None) {
            line.answer_bytes(&std::mem::take(&mut ahead).into()).await?;
            refuse_frame(line, &invalid("after is no cursor")).await?;
        }
        resume(line, self.id, entered, ahead).await?;
        self.settle(line, seat, head.seq).await?;
        super::tell_state(line, vec![self.id], vec![self.id]).await
    }

    async fn text(&mut self, line: &mut Line, text: String) -> Result<(), End> {
        let request = match Incoming::parse(&text) {
            Ok(request) => request,
            Err(error) => return refuse_frame(line, &error).await,
        };
        if line.connection().dialect != Dialect::Seed {
            return execute(line, &mut self.uploads, Some(self.id), request).await;
        }
        let Command::Send(send) = request.command else {
            let unknown = CommandError { code: ErrorCode::UnknownType, ..invalid("unknown frame type") };
            return refuse_frame(line, &unknown).await;
        };
        // The original's sender knows by the echo that its message is stored: only refusals are answered.
        let client_id = send.client_id.clone();
        match line.chat.send(line.actor(), self.id, send).await {
            // A repeat makes no event, and the echo of the first may have been lost with another socket.
            Ok(sent) if sent.is_duplicate => line.echo(sent.message).await,
            Ok(_) => Ok(()),
            Err(refusal) => refuse(line, request.reference.as_deref(), client_id.as_deref(), &refusal).await,
        }
    }

    async fn binary(&mut self, line: &mut Line, bytes: Bytes) -> Result<(), End> {
        if line.connection().dialect == Dialect::Seed {
            return refuse_frame(line, &invalid("send JSON in text frames")).await;
        }
        self.uploads.chunk(line, bytes).await
    }

    async fn errand(&mut self, line: &mut Line, errand: Errand) -> Result<(), End> {
        match errand {
            Errand::Refresh(id) => super::tell_receipts(line, id).await,
            Errand::Join(_) | Errand::Left(_) | Errand::Count(_) => Ok(()),
        }
    }
}

impl Room {
    /// Takes the place, unless the user was removed meanwhile.
    async fn settle(&self, line: &mut Line, seat: Seat, after: Seq) -> Result<(), End> {
        line.take(self.id, seat, after, Level::Full);
        still_takes_part(line, self.id).await.map_err(|error| close_code(&error).into())
    }
}

fn invalid(message: &'static str) -> CommandError {
    CommandError { code: ErrorCode::InvalidFrame, message, reference: None }
}
