//! Conversations and their participants.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chinwag_protocol::rest::{Conversation, Detail, NewConversation, Participant, ValidationDetail};

use super::Shared;
use super::error::HttpError;
use super::extract::{Caller, InConversation, JsonBody};

/// Make a conversation
///
/// `title` and `participant_ids` make a group with the caller as its owner. `participant_id` alone
/// makes the direct conversation with that person, or finds it: there is one.
#[utoipa::path(post, path = "/conversations", tag = "conversations", request_body = NewConversation,
    responses(
        (status = 201, body = Conversation),
        (status = 400, body = Detail, description = "With oneself"),
        (status = 401, body = Detail),
        (status = 404, body = Detail, description = "A participant does not exist"),
        (status = 422, body = ValidationDetail),
        (status = 429, body = Detail),
    ))]
pub(super) async fn create(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    JsonBody(new): JsonBody<NewConversation>,
) -> Result<(StatusCode, Json<Conversation>), HttpError> {
    let conversation = shared.chat.create_conversation(&actor, new).await?;
    Ok((StatusCode::CREATED, Json(conversation)))
}

/// The caller's conversations
#[utoipa::path(get, path = "/conversations", tag = "conversations",
    responses((status = 200, body = Vec<Conversation>), (status = 401, body = Detail)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(actor): Caller,
) -> Result<Json<Vec<Conversation>>, HttpError> {
    Ok(Json(shared.chat.conversations(&actor).await?))
}

/// One conversation
#[utoipa::path(get, path = "/conversations/{conversation_id}", tag = "conversations",
    params(("conversation_id" = i64, Path)),
    responses(
        (status = 200, body = Conversation),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant"),
        (status = 404, body = Detail),
        (status = 422, body = ValidationDetail),
    ))]
pub(super) async fn get(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
) -> Result<Json<Conversation>, HttpError> {
    Ok(Json(shared.chat.conversation(&actor, id).await?))
}

/// Who takes part
///
/// Public profiles only: no addresses, no secrets.
#[utoipa::path(get, path = "/conversations/{conversation_id}/participants", tag = "conversations",
    params(("conversation_id" = i64, Path)),
    responses(
        (status = 200, body = Vec<Participant>),
        (status = 401, body = Detail),
        (status = 403, body = Detail, description = "Not a participant"),
        (status = 404, body = Detail),
        (status = 422, body = ValidationDetail),
    ))]
pub(super) async fn participants(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
) -> Result<Json<Vec<Participant>>, HttpError> {
    Ok(Json(shared.chat.participants(&actor, id).await?))
}
