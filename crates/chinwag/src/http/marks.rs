//! One message and its changes: its text, its reactions, its pin; and how far the caller has read.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chinwag_protocol::rest::{
    Changed, Detail, EditMessage, MarkRead, Message, Receipt, SentMessage, ValidationDetail,
};
use chinwag_protocol::{Edit, Event, MessageId, Op};

use super::Shared;
use super::error::{HttpError, in_part};
use super::extract::{Caller, InConversation, InPath, JsonBody};
use crate::error::Refusal;

fn changed(event: Option<&Event>) -> Changed {
    let entry = event.map(Event::entry);
    Changed {
        seq: entry.map(|entry| entry.seq),
        stamp: entry.map(|entry| entry.stamp),
        version: None,
        duplicate: event.is_none(),
    }
}

/// One message
///
/// As it stands now; of a deleted one, what is left.
#[utoipa::path(get, path = "/conversations/{conversation_id}/messages/{message_id}", operation_id = "read_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    responses(
        (status = 200, body = Message),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant"),
        (status = 404, body = Detail),
        (status = 422, body = ValidationDetail),
    ))]
pub(super) async fn get(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    path: InPath,
) -> Result<Json<Message>, HttpError> {
    let message_id = MessageId(path.integer("message_id")?);
    Ok(Json(shared.chat.message(&actor, id, message_id).await?))
}

/// Edit a message
///
/// One's own only. Answers the message as it stands then; `duplicate` is true if it had this text already.
#[utoipa::path(patch, path = "/conversations/{conversation_id}/messages/{message_id}", operation_id = "edit_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    request_body = EditMessage,
    responses(
        (status = 200, body = SentMessage),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant, not the author, or archived"),
        (status = 404, body = Detail),
        (status = 409, body = Detail, description = "It has another version than if_version"),
        (status = 413, body = Detail),
        (status = 422, body = ValidationDetail),
        (status = 429, body = Detail),
    ))]
pub(super) async fn edit(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    path: InPath,
    JsonBody(body): JsonBody<EditMessage>,
) -> Result<Json<SentMessage>, HttpError> {
    let message_id = MessageId(path.integer("message_id")?);
    let edit = Edit { message_id, content: body.content, if_version: body.if_version };
    let duplicate = shared.chat.edit(&actor, id, edit).await?.event.is_none();
    let message = shared.chat.message(&actor, id, message_id).await?;
    Ok(Json(SentMessage { message, duplicate }))
}

/// Delete a message
///
/// One's own; those who run the group may delete anybody's. Its text is nowhere any more.
#[utoipa::path(delete, path = "/conversations/{conversation_id}/messages/{message_id}", operation_id = "delete_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant, or not allowed"),
        (status = 404, body = Detail),
        (status = 422, body = ValidationDetail),
        (status = 429, body = Detail),
    ))]
pub(super) async fn delete(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    path: InPath,
) -> Result<StatusCode, HttpError> {
    shared.chat.delete(&actor, id, MessageId(path.integer("message_id")?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// React
#[utoipa::path(put, path = "/conversations/{conversation_id}/messages/{message_id}/reactions/{emoji}", operation_id = "add_reaction",
    tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path), ("emoji" = String, Path)),
    responses(
        (status = 200, body = Changed),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant, or archived"),
        (status = 404, body = Detail),
        (status = 422, body = ValidationDetail, description = "No emoji, or one too many"),
        (status = 429, body = Detail),
    ))]
pub(super) async fn react(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    path: InPath,
) -> Result<Json<Changed>, HttpError> {
    let (message_id, emoji) = (MessageId(path.integer("message_id")?), path.text("emoji"));
    let event = shared.chat.react(&actor, id, message_id, emoji, Op::Add).await.map_err(in_part("path"))?;
    Ok(Json(changed(event.as_ref())))
}

/// Take a reaction back
#[utoipa::path(delete, path = "/conversations/{conversation_id}/messages/{message_id}/reactions/{emoji}", operation_id = "remove_reaction",
    tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path), ("emoji" = String, Path)),
    responses(
        (status = 200, body = Changed),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant, or archived"),
        (status = 404, body = Detail),
        (status = 422, body = ValidationDetail, description = "No emoji"),
        (status = 429, body = Detail),
    ))]
pub(super) async fn unreact(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    path: InPath,
) -> Result<Json<Changed>, HttpError> {
    let (message_id, emoji) = (MessageId(path.integer("message_id")?), path.text("emoji"));
    let event =
        shared.chat.react(&actor, id, message_id, emoji, Op::Remove).await.map_err(in_part("path"))?;
    Ok(Json(changed(event.as_ref())))
}

/// Pin a message
#[utoipa::path(put, path = "/conversations/{conversation_id}/messages/{message_id}/pin", operation_id = "pin_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    responses(
        (status = 200, body = Changed),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant, archived, or one too many"),
        (status = 404, body = Detail),
        (status = 422, body = ValidationDetail),
        (status = 429, body = Detail),
    ))]
pub(super) async fn pin(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    path: InPath,
) -> Result<Json<Changed>, HttpError> {
    let message_id = MessageId(path.integer("message_id")?);
    Ok(Json(changed(shared.chat.pin(&actor, id, message_id, Op::Add).await?.as_ref())))
}

/// Unpin a message
#[utoipa::path(delete, path = "/conversations/{conversation_id}/messages/{message_id}/pin", operation_id = "unpin_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    responses(
        (status = 200, body = Changed),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant, or archived"),
        (status = 404, body = Detail),
        (status = 422, body = ValidationDetail),
        (status = 429, body = Detail),
    ))]
pub(super) async fn unpin(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    path: InPath,
) -> Result<Json<Changed>, HttpError> {
    let message_id = MessageId(path.integer("message_id")?);
    Ok(Json(changed(shared.chat.pin(&actor, id, message_id, Op::Remove).await?.as_ref())))
}

/// Pinned messages
#[utoipa::path(get, path = "/conversations/{conversation_id}/pins", operation_id = "list_pins", tag = "messages",
    params(("conversation_id" = i64, Path)),
    responses(
        (status = 200, body = Vec<Message>),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant"),
        (status = 404, body = Detail),
        (status = 422, body = ValidationDetail),
    ))]
pub(super) async fn pins(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
) -> Result<Json<Vec<Message>>, HttpError> {
    Ok(Json(shared.chat.pins(&actor, id).await?))
}

/// Mark as read
///
/// Up to a position. It never moves back, and not past the newest event.
#[utoipa::path(post, path = "/conversations/{conversation_id}/read", operation_id = "mark_as_read", tag = "messages",
    params(("conversation_id" = i64, Path)),
    request_body = MarkRead,
    responses(
        (status = 200, body = Receipt),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant"),
        (status = 404, body = Detail),
        (status = 413, body = Detail),
        (status = 422, body = ValidationDetail),
    ))]
pub(super) async fn read(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    JsonBody(body): JsonBody<MarkRead>,
) -> Result<Json<Receipt>, HttpError> {
    shared.chat.read(&actor, id, body.seq).await?;
    let receipt = shared.chat.own_receipt(&actor, id).await?;
    Ok(Json(receipt.ok_or(Refusal::NotParticipant)?))
}
