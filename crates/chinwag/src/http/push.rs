//! Push notifications, and which conversations notify the caller.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chinwag_protocol::rest::{
    Detail, NewPushSubscription, NotificationSetting, PushKey, PushSubscription, ValidationDetail,
};

use super::Shared;
use super::error::HttpError;
use super::extract::{Caller, IdempotencyKey, InConversation, InPath, JsonBody};

/// The server's push key
///
/// For `pushManager.subscribe`, as its `applicationServerKey`.
#[utoipa::path(get, path = "/push/key", operation_id = "read_push_key", tag = "push",
    responses(
        (status = 200, body = PushKey),
        (status = 404, body = Detail, description = "Push is off on this server"),
    ))]
pub(super) async fn key(State(shared): State<Shared>, Caller(_): Caller) -> Result<Json<PushKey>, HttpError> {
    Ok(Json(shared.chat.push_key()?))
}

/// Subscribe a device
///
/// The subscription lasts as long as the caller's session. The same endpoint again updates it.
#[utoipa::path(post, path = "/push/subscriptions", operation_id = "create_push_subscription", tag = "push", request_body = NewPushSubscription,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with the same key answers what the first made")),
    responses(
        (status = 201, body = PushSubscription),
        (status = 404, body = Detail, description = "Push is off on this server"),
        (status = 422, body = ValidationDetail, description = "The endpoint may not be called, or the keys are invalid"),
    ))]
pub(super) async fn subscribe(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(new): JsonBody<NewPushSubscription>,
) -> Result<(StatusCode, Json<PushSubscription>), HttpError> {
    let subscription = shared.chat.subscribe_push(&actor, new, key).await?;
    Ok((StatusCode::CREATED, Json(subscription)))
}

/// The caller's devices
///
/// Of all sessions.
#[utoipa::path(get, path = "/push/subscriptions", operation_id = "list_push_subscriptions", tag = "push",
    responses((status = 200, body = Vec<PushSubscription>)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(actor): Caller,
) -> Result<Json<Vec<PushSubscription>>, HttpError> {
    Ok(Json(shared.chat.push_subscriptions(&actor).await?))
}

/// Unsubscribe a device
#[utoipa::path(delete, path = "/push/subscriptions/{subscription_id}", operation_id = "delete_push_subscription", tag = "push",
    params(("subscription_id" = i64, Path)),
    responses(
        (status = 204, description = "Removed"),
    ))]
pub(super) async fn unsubscribe(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    path: InPath,
) -> Result<StatusCode, HttpError> {
    shared.chat.unsubscribe_push(&actor, path.integer("subscription_id")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Choose what notifies
///
/// Which messages of a conversation notify the caller, on all devices.
#[utoipa::path(put, path = "/conversations/{conversation_id}/notifications", operation_id = "set_notifications", tag = "push",
    params(("conversation_id" = i64, Path)),
    request_body = NotificationSetting,
    responses(
        (status = 200, body = NotificationSetting),
    ))]
pub(super) async fn set_level(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    JsonBody(setting): JsonBody<NotificationSetting>,
) -> Result<Json<NotificationSetting>, HttpError> {
    shared.chat.set_notifications(&actor, id, setting.level).await?;
    Ok(Json(setting))
}
