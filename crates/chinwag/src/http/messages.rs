//! The history, and single messages: send, read, edit, delete.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chinwag_protocol::rest::{Detail, EditMessage, Message, NewMessage, SentMessage};
use chinwag_protocol::{Edit, Seq, limits};

use super::Shared;
use super::error::HttpError;
use super::extract::{Caller, IdempotencyKey, InConversation, InMessage, JsonBody, integer, limit, query};
use super::prefix::known_path;
use crate::store::Page;

/// History
///
/// Oldest first. `before` and `after` are exclusive. With `after` the page directly follows it;
/// otherwise the page is the newest one. Without any parameter: everything, at most the last 1,000. The
/// `Link` header names the neighbouring pages, if there are any: `prev` is older, `next` is newer.
#[utoipa::path(get, path = "/conversations/{conversation_id}/messages", operation_id = "list_messages", tag = "messages",
    params(
        ("conversation_id" = i64, Path),
        ("before" = Option<i64>, Query, description = "A seq: only what is below it"),
        ("after" = Option<i64>, Query, description = "A seq: only what is above it"),
        ("limit" = Option<i64>, Query, minimum = 1, description = "At most 200; more is taken as 200"),
    ),
    responses(
        (status = 200, body = Vec<Message>, headers(("Link" = String))),
    ))]
pub(super) async fn history(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    OriginalUri(original): OriginalUri,
    uri: Uri,
) -> Result<Response, HttpError> {
    let page = page(&uri)?;
    // One more than requested shows whether there is another page.
    let wanted = Page { limit: page.limit + 1, ..page };
    let mut messages = shared.chat.history(&actor, id, wanted).await?;
    let has_more = messages.len() > page.limit;
    if has_more && page.after.is_some() {
        messages.truncate(page.limit);
    } else if has_more {
        messages.remove(0);
    }
    let path = known_path(shared.chat.config(), &original, &uri);
    let link = if has_more { link(&path, page, &messages) } else { None };
    let mut response = Json(messages).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn page(uri: &Uri) -> Result<Page, HttpError> {
    let parameters = query(uri);
    let number = |name| parameters.get(name).map(|text| integer("query", name, text)).transpose();
    let (before, after, limit) = (number("before")?, number("after")?, limit(&parameters, limits::MAX_PAGE)?);
    let is_bounded = before.is_some() || after.is_some();
    let limit = limit.unwrap_or(if is_bounded { limits::MAX_PAGE } else { limits::MAX_WHOLE_HISTORY });
    Ok(Page { before: before.map(Seq), after: after.map(Seq), limit })
}

/// The neighbouring page in the requested direction, under the path that the client knows.
fn link(path: &str, page: Page, messages: &[Message]) -> Option<HeaderValue> {
    let limit = page.limit.min(limits::MAX_PAGE);
    let text = if page.after.is_some() {
        let before = page.before.map(|before| format!("&before={before}")).unwrap_or_default();
        format!("<{path}?after={}{before}&limit={limit}>; rel=\"next\"", messages.last()?.seq)
    } else {
        format!("<{path}?before={}&limit={limit}>; rel=\"prev\"", messages.first()?.seq)
    };
    HeaderValue::from_str(&text).ok()
}

/// Send a message
///
/// Answers when the message is on disk. With a `client_id`, or the header `Idempotency-Key`, it is safe to
/// repeat: the same key and content return the first result, with `duplicate` true.
#[utoipa::path(post, path = "/conversations/{conversation_id}/messages", operation_id = "send_message", tag = "messages",
    params(
        ("conversation_id" = i64, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "The same as client_id"),
    ),
    request_body = NewMessage,
    responses(
        (status = 201, body = SentMessage),
        (status = 409, body = Detail, description = "The key was used for another message"),
    ))]
pub(super) async fn send(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(mut new): JsonBody<NewMessage>,
) -> Result<(StatusCode, Json<SentMessage>), HttpError> {
    new.client_id = client_id(key, new.client_id)?;
    let no_content = || HttpError::invalid("body", "content", "missing", "Field required");
    let send = new.into_send().ok_or_else(no_content)?;
    let sent = shared.chat.send(&actor, id, send).await?;
    let body = SentMessage { message: sent.message, duplicate: sent.is_duplicate };
    Ok((StatusCode::CREATED, Json(body)))
}

/// The idempotency key, from either place; if both have one, they must be equal.
fn client_id(in_header: Option<String>, in_body: Option<String>) -> Result<Option<String>, HttpError> {
    match (&in_header, &in_body) {
        (Some(key), Some(client_id)) if key != client_id => {
            let message = "the key and client_id differ";
            Err(HttpError::invalid("header", "Idempotency-Key", "value_error", message))
        }
        _ => Ok(in_header.or(in_body)),
    }
}

/// One message
///
/// In its present state; of a deleted message, what is left.
#[utoipa::path(get, path = "/conversations/{conversation_id}/messages/{message_id}", operation_id = "read_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    responses(
        (status = 200, body = Message),
    ))]
pub(super) async fn get(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InMessage(id, message_id): InMessage,
) -> Result<Json<Message>, HttpError> {
    Ok(Json(shared.chat.message(&actor, id, message_id).await?))
}

/// Edit a message
///
/// Only for the author. Returns the edited message; `duplicate` is true if it already had this text.
#[utoipa::path(patch, path = "/conversations/{conversation_id}/messages/{message_id}", operation_id = "edit_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    request_body = EditMessage,
    responses(
        (status = 200, body = SentMessage),
        (status = 403, body = Detail, description = "Not a participant, not the author, or archived"),
        (status = 409, body = Detail, description = "The message's version is not if_version"),
    ))]
pub(super) async fn edit(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InMessage(id, message_id): InMessage,
    JsonBody(body): JsonBody<EditMessage>,
) -> Result<Json<SentMessage>, HttpError> {
    let edit = Edit { message_id, content: body.content, if_version: body.if_version };
    let duplicate = shared.chat.edit(&actor, id, edit).await?.event.is_none();
    let message = Arc::new(shared.chat.message(&actor, id, message_id).await?);
    Ok(Json(SentMessage { message, duplicate }))
}

/// Delete a message
///
/// For the author; in a group, also for owners and admins. The text is removed everywhere.
#[utoipa::path(delete, path = "/conversations/{conversation_id}/messages/{message_id}", operation_id = "delete_message", tag = "messages",
    params(("conversation_id" = i64, Path), ("message_id" = i64, Path)),
    responses(
        (status = 204, description = "Deleted"),
    ))]
pub(super) async fn delete(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InMessage(id, message_id): InMessage,
) -> Result<StatusCode, HttpError> {
    shared.chat.delete(&actor, id, message_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
