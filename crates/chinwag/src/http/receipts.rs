//! How far people have read.

use axum::Json;
use axum::extract::State;
use chinwag_protocol::rest::{MarkRead, Receipt};

use super::Shared;
use super::error::HttpError;
use super::extract::{Caller, InConversation, JsonBody};
use crate::error::Refusal;

/// Mark as read
///
/// Up to a seq. It only moves forward, and never past the newest event.
#[utoipa::path(post, path = "/conversations/{conversation_id}/read", operation_id = "mark_as_read", tag = "messages",
    params(("conversation_id" = i64, Path)),
    request_body = MarkRead,
    responses(
        (status = 200, body = Receipt),
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
