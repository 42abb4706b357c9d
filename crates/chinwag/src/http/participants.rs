//! A group's participants.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chinwag_protocol::UserId;
use chinwag_protocol::rest::{NewParticipant, NewRole, Participant};

use super::Shared;
use super::error::HttpError;
use super::extract::{Caller, IdempotencyKey, InConversation, InPath, JsonBody};
use crate::auth::Actor;
use crate::error::Refusal;
use chinwag_protocol::ConversationId;

/// List participants
///
/// Public profiles only, without addresses or secrets.
#[utoipa::path(get, path = "/conversations/{conversation_id}/participants", operation_id = "list_participants", tag = "conversations",
    params(("conversation_id" = i64, Path)),
    responses(
        (status = 200, body = Vec<Participant>),
    ))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
) -> Result<Json<Vec<Participant>>, HttpError> {
    Ok(Json(shared.chat.participants(&actor, id).await?))
}

/// Add a participant
///
/// To a group; for owners and admins. Adding a present participant changes nothing.
#[utoipa::path(post, path = "/conversations/{conversation_id}/participants", operation_id = "add_participant", tag = "conversations",
    params(("conversation_id" = i64, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with the same key returns the first result")),
    request_body = NewParticipant,
    responses(
        (status = 201, body = Participant),
    ))]
pub(super) async fn add(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    IdempotencyKey(key): IdempotencyKey,
    InConversation(id): InConversation,
    JsonBody(new): JsonBody<NewParticipant>,
) -> Result<(StatusCode, Json<Participant>), HttpError> {
    let user_id = new.user_id;
    shared.chat.add_participant_once(&actor, id, new, key).await?;
    Ok((StatusCode::CREATED, Json(one(&shared, &actor, id, user_id).await?)))
}

/// Change a participant's role
///
/// For owners.
#[utoipa::path(patch, path = "/conversations/{conversation_id}/participants/{user_id}", operation_id = "set_participant_role", tag = "conversations",
    params(("conversation_id" = i64, Path), ("user_id" = i64, Path)),
    request_body = NewRole,
    responses(
        (status = 200, body = Participant),
    ))]
pub(super) async fn set_role(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    path: InPath,
    JsonBody(new): JsonBody<NewRole>,
) -> Result<Json<Participant>, HttpError> {
    let user_id = UserId(path.integer("user_id")?);
    shared.chat.set_role(&actor, id, user_id, new.role).await?;
    Ok(Json(one(&shared, &actor, id, user_id).await?))
}

/// Remove a participant, or leave
///
/// Their sockets receive nothing more from the group.
#[utoipa::path(delete, path = "/conversations/{conversation_id}/participants/{user_id}", operation_id = "remove_participant", tag = "conversations",
    params(("conversation_id" = i64, Path), ("user_id" = i64, Path)),
    responses(
        (status = 204, description = "Removed"),
    ))]
pub(super) async fn remove(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    path: InPath,
) -> Result<StatusCode, HttpError> {
    shared.chat.remove_participant(&actor, id, UserId(path.integer("user_id")?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(
    shared: &Shared,
    actor: &Actor,
    id: ConversationId,
    user_id: UserId,
) -> Result<Participant, HttpError> {
    let participants = shared.chat.participants(actor, id).await?;
    let participant = participants.into_iter().find(|participant| participant.id == user_id);
    Ok(participant.ok_or_else(|| Refusal::NotFound("This user is no longer a participant".to_owned()))?)
}
