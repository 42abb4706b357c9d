//! `/conversations/{id}/ws`: one conversation's socket, as the original document describes it.
//!
//! A browser can't read the status of a refused handshake, so who may not enter is told by a close code
//! after it.

use axum::Extension;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use bytes::Bytes;
use chinwag_protocol::{CloseCode, Command, ConversationId, ErrorCode, Frame};

use super::upgrade::{Handshake, accept, take_over};
use crate::auth::Actor;
use crate::chat::{AuthError, Chat, EnterError};
use crate::error::Refusal;
use crate::http::Shared;
use crate::http::admission::Place;
use crate::http::extract::query;
use crate::realtime::{Handler, Refused, Seat, Socket, drive, encode_frame, turn_away};

pub(in crate::http) async fn room(
    State(shared): State<Shared>,
    place: Option<Extension<Place>>,
    parameters: RawPathParams,
    mut request: Request,
) -> Response {
    let id = parameters
        .iter()
        .find(|(name, _)| *name == "conversation_id")
        .and_then(|(_, text)| text.parse().ok())
        .filter(|id| *id > 0)
        .map(ConversationId);
    let token = query(request.uri()).remove("token");
    let Handshake { response, upgrade } = match accept(&mut request) {
        Ok(handshake) => handshake,
        Err(response) => return *response,
    };
    let chat = shared.chat.clone();
    tokio::spawn(async move {
        if let Some((socket, early)) = take_over(upgrade).await {
            serve(&chat, socket, early, token, id, place.map(|Extension(place)| place)).await;
        }
    });
    response
}

async fn serve(
    chat: &Chat,
    socket: Socket,
    early: Bytes,
    token: Option<String>,
    id: Option<ConversationId>,
    place: Option<Place>,
) {
    let actor = match authenticate(chat, token).await {
        Ok(actor) => actor,
        Err(code) => return turn_away(chat, socket, code).await,
    };
    if let Some(place) = &place {
        place.settle();
    }
    let Some(id) = id else { return turn_away(chat, socket, CloseCode::NoConversation).await };
    let registration = match chat.hub().register(actor.clone(), socket) {
        Ok(registration) => registration,
        Err(Refused { socket, code }) => return turn_away(chat, socket, code).await,
    };
    let connection = &registration.connection;
    // The room is held before its head is read: what is committed in between is not missed.
    let mut seat = Seat::reserve(chat.hub(), id);
    let mut handler = Room { chat: chat.clone(), actor, id };
    match chat.enter(&handler.actor, id).await {
        Ok(head) => {
            let user_id = handler.actor.user_id;
            let hello = Frame::Connection { status: "connected", conversation_id: id, user_id };
            connection.answer(&encode_frame(&hello), chat.hub().tick());
            seat.take(connection, head);
        }
        Err(error) => connection.close(close_code(&error)),
    }
    drive(chat, connection, seat, early, &mut handler).await;
}

async fn authenticate(chat: &Chat, token: Option<String>) -> Result<Actor, CloseCode> {
    let token = token.filter(|token| !token.is_empty()).ok_or(CloseCode::InvalidToken)?;
    chat.authenticate(&token).await.map_err(|error| match error {
        AuthError::Token => CloseCode::InvalidToken,
        AuthError::Account => CloseCode::Account,
        AuthError::Store(_) => CloseCode::Overloaded,
    })
}

fn close_code(error: &EnterError) -> CloseCode {
    match error {
        EnterError::Account => CloseCode::Account,
        EnterError::Refused(Refusal::NoConversation) => CloseCode::NoConversation,
        EnterError::Refused(Refusal::NotParticipant) => CloseCode::NotParticipant,
        EnterError::Refused(_) => CloseCode::Overloaded,
    }
}

/// The original's dialect: a sender knows by the echo that its message is stored, so only refusals are
/// answered.
struct Room {
    chat: Chat,
    actor: Actor,
    id: ConversationId,
}

impl Handler for Room {
    async fn text(&mut self, text: String) -> Option<Bytes> {
        let send = match Command::parse(&text) {
            Ok(Command::Send(send)) => send,
            Err(error) => return Some(error_frame(error.code, error.message, None, None)),
        };
        let client_id = send.client_id.clone();
        let refusal = self.chat.send(&self.actor, self.id, send).await.err()?;
        self.chat.hub().metrics().refusals.inc();
        let retry_after_ms = refusal.retry_after().and_then(|after| u64::try_from(after.as_millis()).ok());
        let code = refusal.answer().code;
        Some(error_frame(code, &refusal.to_string(), retry_after_ms, client_id.as_deref()))
    }

    fn binary(&mut self) -> Option<Bytes> {
        Some(error_frame(ErrorCode::InvalidFrame, "send JSON in text frames", None, None))
    }
}

fn error_frame(
    code: ErrorCode,
    message: &str,
    retry_after_ms: Option<u64>,
    client_id: Option<&str>,
) -> Bytes {
    encode_frame(&Frame::Error { message, code, retry: code.is_retryable(), retry_after_ms, client_id })
}
