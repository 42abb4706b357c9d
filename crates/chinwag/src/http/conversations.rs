//! Conversations and their participants.

use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Json};
use bytes::Bytes;
use chinwag_protocol::rest::{Conversation, ConversationChange, ConversationState, Detail, NewConversation};
use chinwag_protocol::{ConversationId, limits};
use futures_util::stream;

use super::Shared;
use super::error::HttpError;
use super::extract::{Caller, IdempotencyKey, InConversation, JsonBody, integer, limit, query};
use super::prefix::known_path;
use crate::auth::Actor;
use crate::chat::Chat;

/// Create a conversation
///
/// `title` and `participant_ids` create a group with the caller as its owner. `participant_id` alone creates
/// the direct conversation with that person, or returns it if it exists.
#[utoipa::path(post, path = "/conversations", operation_id = "create_conversation", tag = "conversations", request_body = NewConversation,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with the same key answers what the first made")),
    responses(
        (status = 201, body = Conversation),
        (status = 400, body = Detail, description = "With oneself"),
        (status = 404, body = Detail, description = "A participant does not exist"),
    ))]
pub(super) async fn create(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(new): JsonBody<NewConversation>,
) -> Result<(StatusCode, Json<Conversation>), HttpError> {
    let conversation = shared.chat.create_conversation_once(&actor, new, key).await?;
    Ok((StatusCode::CREATED, Json(conversation)))
}

/// The caller's conversations
///
/// Oldest first, in their present state. Without `limit`, all of them. The `Link` header names the next page,
/// if there is one.
#[utoipa::path(get, path = "/conversations", operation_id = "list_conversations", tag = "conversations",
    params(
        ("after" = Option<i64>, Query, description = "Only ids above"),
        ("limit" = Option<i64>, Query, minimum = 1, description = "At most 200; more is taken as 200"),
    ),
    responses(
        (status = 200, body = Vec<ConversationState>, headers(("Link" = String))),
    ))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    OriginalUri(original): OriginalUri,
    uri: Uri,
) -> Result<Response, HttpError> {
    let parameters = query(&uri);
    let after = parameters.get("after").map(|text| integer("query", "after", text)).transpose()?;
    let after = ConversationId(after.unwrap_or_default());
    let limit = limit(&parameters, limits::MAX_PAGE)?;
    let page = limit.unwrap_or(limits::MAX_PAGE);
    // One more than requested shows whether there is another page.
    let mut found = shared.chat.conversations(&actor, after, page + 1).await?;
    let has_more = found.len() > page;
    found.truncate(page);
    match (found.last().map(|last| last.id), limit) {
        (Some(last), Some(_)) if has_more => {
            let link = format!(
                "<{}?after={last}&limit={page}>; rel=\"next\"",
                known_path(shared.chat.config(), &original, &uri)
            );
            let mut response = Json(found).into_response();
            response.headers_mut().extend(HeaderValue::from_str(&link).ok().map(|link| (header::LINK, link)));
            Ok(response)
        }
        (Some(_), None) if has_more => Ok(all(shared.chat, actor, found)),
        _ => Ok(Json(found).into_response()),
    }
}

/// A list that continues after its first page. Each page is read when the previous one has been taken, so
/// that no more than one page is in memory, however many there are.
fn all(chat: Chat, actor: Actor, first: Vec<ConversationState>) -> Response {
    let pages = stream::try_unfold((Some(first), "["), move |(page, opening)| {
        let (chat, actor) = (chat.clone(), actor.clone());
        async move {
            let Some(page) = page else { return Ok(None) };
            let mut text = opening.to_owned();
            let listed = serde_json::to_string(&page)?;
            text.push_str(listed.trim_start_matches('[').trim_end_matches(']'));
            let next = match page.last() {
                Some(last) => chat.conversations(&actor, last.id, limits::MAX_PAGE).await?,
                None => Vec::new(),
            };
            let next = Some(next).filter(|next| !next.is_empty());
            if next.is_none() {
                text.push(']');
            }
            Ok::<_, BoxError>(Some((Bytes::from(text), (next, ","))))
        }
    });
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (headers, Body::from_stream(pages)).into_response()
}

/// One conversation
#[utoipa::path(get, path = "/conversations/{conversation_id}", operation_id = "read_conversation", tag = "conversations",
    params(("conversation_id" = i64, Path)),
    responses(
        (status = 200, body = ConversationState),
    ))]
pub(super) async fn get(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
) -> Result<Json<ConversationState>, HttpError> {
    Ok(Json(shared.chat.conversation(&actor, id).await?))
}

/// Change a group
///
/// Title, topic, archive; for owners and admins.
#[utoipa::path(patch, path = "/conversations/{conversation_id}", operation_id = "update_conversation", tag = "conversations",
    params(("conversation_id" = i64, Path)),
    request_body = ConversationChange,
    responses(
        (status = 200, body = Conversation),
    ))]
pub(super) async fn update(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    JsonBody(wanted): JsonBody<ConversationChange>,
) -> Result<Json<Conversation>, HttpError> {
    Ok(Json(shared.chat.update_conversation(&actor, id, wanted).await?))
}
