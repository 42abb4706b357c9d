//! Reactions and pins.

use axum::Json;
use axum::extract::State;
use chinwag_protocol::rest::{Changed, Detail, Message, ValidationDetail};
use chinwag_protocol::{Event, Op};

use super::Shared;
use super::error::{HttpError, in_part};
use super::extract::{Caller, InConversation, InMessage, InPath};

fn changed(event: Option<&Event>) -> Changed {
    let entry = event.map(Event::entry);
    Changed {
        seq: entry.map(|entry| entry.seq),
        stamp: entry.map(|entry| entry.stamp),
        version: None,
        duplicate: event.is_none(),
    }
}

/// React
#[utoipa::path(put, path = "/conversations/{conversation_id}/messages/{message_id}/reactions/{emoji}", operation_id = "add_reaction",
    tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path), ("emoji" = String, Path)),
    responses(
        (status = 200, body = Changed),
        (status = 403, body = Detail, description = "Not a participant, or archived"),
        (status = 422, body = ValidationDetail, description = "Not an emoji, or too many reactions"),
    ))]
pub(super) async fn react(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InMessage(id, message_id): InMessage,
    path: InPath,
) -> Result<Json<Changed>, HttpError> {
    let emoji = path.text("emoji");
    let event = shared.chat.react(&actor, id, message_id, emoji, Op::Add).await.map_err(in_part("path"))?;
    Ok(Json(changed(event.as_ref())))
}

/// Remove a reaction
#[utoipa::path(delete, path = "/conversations/{conversation_id}/messages/{message_id}/reactions/{emoji}", operation_id = "remove_reaction",
    tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path), ("emoji" = String, Path)),
    responses(
        (status = 200, body = Changed),
        (status = 403, body = Detail, description = "Not a participant, or archived"),
        (status = 422, body = ValidationDetail, description = "Not an emoji"),
    ))]
pub(super) async fn unreact(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InMessage(id, message_id): InMessage,
    path: InPath,
) -> Result<Json<Changed>, HttpError> {
    let emoji = path.text("emoji");
    let event =
        shared.chat.react(&actor, id, message_id, emoji, Op::Remove).await.map_err(in_part("path"))?;
    Ok(Json(changed(event.as_ref())))
}

/// Pin a message
#[utoipa::path(put, path = "/conversations/{conversation_id}/messages/{message_id}/pin", operation_id = "pin_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    responses(
        (status = 200, body = Changed),
        (status = 403, body = Detail, description = "Not a participant, archived, or too many pins"),
    ))]
pub(super) async fn pin(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InMessage(id, message_id): InMessage,
) -> Result<Json<Changed>, HttpError> {
    Ok(Json(changed(shared.chat.pin(&actor, id, message_id, Op::Add).await?.as_ref())))
}

/// Unpin a message
#[utoipa::path(delete, path = "/conversations/{conversation_id}/messages/{message_id}/pin", operation_id = "unpin_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    responses(
        (status = 200, body = Changed),
        (status = 403, body = Detail, description = "Not a participant, or archived"),
    ))]
pub(super) async fn unpin(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InMessage(id, message_id): InMessage,
) -> Result<Json<Changed>, HttpError> {
    Ok(Json(changed(shared.chat.pin(&actor, id, message_id, Op::Remove).await?.as_ref())))
}

/// Pinned messages
#[utoipa::path(get, path = "/conversations/{conversation_id}/pins", operation_id = "list_pins", tag = "messages",
    params(("conversation_id" = i64, Path)),
    responses(
        (status = 200, body = Vec<Message>),
    ))]
pub(super) async fn pins(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
) -> Result<Json<Vec<Message>>, HttpError> {
    Ok(Json(shared.chat.pins(&actor, id).await?))
}
