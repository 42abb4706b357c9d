//! Webhooks, for administrators of the server.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chinwag_protocol::rest::{Detail, MadeWebhook, NewWebhook, Webhook, WebhookChange};

use super::Shared;
use super::error::HttpError;
use super::extract::{Caller, IdempotencyKey, InPath, JsonBody};

/// Create a webhook
///
/// From now on, the server posts each event to its address, in commit order. Only this answer contains the
/// secret that signs the calls.
#[utoipa::path(post, path = "/webhooks", operation_id = "create_webhook", tag = "webhooks", request_body = NewWebhook,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with the same key answers what the first made")),
    responses(
        (status = 201, body = MadeWebhook),
        (status = 403, body = Detail, description = "Not an administrator, or one too many"),
        (status = 404, body = Detail, description = "No such conversation"),
    ))]
pub(super) async fn create(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(new): JsonBody<NewWebhook>,
) -> Result<(StatusCode, Json<MadeWebhook>), HttpError> {
    Ok((StatusCode::CREATED, Json(shared.chat.create_webhook(&actor, new, key).await?)))
}

/// List webhooks
#[utoipa::path(get, path = "/webhooks", operation_id = "list_webhooks", tag = "webhooks",
    responses(
        (status = 200, body = Vec<Webhook>),
        (status = 403, body = Detail, description = "Not an administrator"),
    ))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(actor): Caller,
) -> Result<Json<Vec<Webhook>>, HttpError> {
    Ok(Json(shared.chat.webhooks(&actor).await?))
}

/// Read a webhook
#[utoipa::path(get, path = "/webhooks/{webhook_id}", operation_id = "read_webhook", tag = "webhooks",
    params(("webhook_id" = i64, Path)),
    responses(
        (status = 200, body = Webhook),
        (status = 403, body = Detail, description = "Not an administrator"),
    ))]
pub(super) async fn show(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    path: InPath,
) -> Result<Json<Webhook>, HttpError> {
    Ok(Json(shared.chat.webhook(&actor, path.integer("webhook_id")?).await?))
}

/// Change a webhook
///
/// Stops it, or resumes it where it stood: the events in between are then posted. Can also change its events
/// and its address.
#[utoipa::path(patch, path = "/webhooks/{webhook_id}", operation_id = "update_webhook", tag = "webhooks",
    params(("webhook_id" = i64, Path)), request_body = WebhookChange,
    responses(
        (status = 200, body = Webhook),
        (status = 403, body = Detail, description = "Not an administrator"),
    ))]
pub(super) async fn update(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    path: InPath,
    JsonBody(change): JsonBody<WebhookChange>,
) -> Result<Json<Webhook>, HttpError> {
    let id = path.integer("webhook_id")?;
    Ok(Json(shared.chat.update_webhook(&actor, id, change).await?))
}

/// Remove a webhook
#[utoipa::path(delete, path = "/webhooks/{webhook_id}", operation_id = "delete_webhook", tag = "webhooks",
    params(("webhook_id" = i64, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 403, body = Detail, description = "Not an administrator"),
    ))]
pub(super) async fn remove(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    path: InPath,
) -> Result<StatusCode, HttpError> {
    shared.chat.delete_webhook(&actor, path.integer("webhook_id")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
