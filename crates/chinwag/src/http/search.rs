//! Searches messages.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use chinwag_protocol::MessageId;
use chinwag_protocol::rest::{Detail, SearchResults};

use super::Shared;
use super::error::{HttpError, in_part};
use super::extract::{Caller, integer, limit, query};

/// Results per page.
const PAGE: usize = 50;

/// Search messages
///
/// Searches the caller's own conversations, newest first. Words also match parts of words; quotes mark a
/// phrase. Filters: `in:7`, `from:alice`, `before:2026-01-31`, `after:2026-01-01`. A day is in UTC, or, with
/// an offset (`2026-01-31+02:00`), in that zone; a moment is `2026-01-31T08:30:00+02:00`.
#[utoipa::path(get, path = "/search", operation_id = "search_messages", tag = "messages",
    params(
        ("q" = String, Query, description = "At most 200 characters"),
        ("before_id" = Option<i64>, Query, description = "The `next` of the previous page"),
        ("limit" = Option<i64>, Query, minimum = 1, description = "At most 50; more is taken as 50"),
    ),
    responses(
        (status = 200, body = SearchResults),
        (status = 429, body = Detail, description = "Too many searches"),
    ))]
pub(super) async fn search(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    uri: Uri,
) -> Result<Json<SearchResults>, HttpError> {
    let parameters = query(&uri);
    let text =
        parameters.get("q").ok_or_else(|| HttpError::invalid("query", "q", "missing", "Field required"))?;
    let number = |name| parameters.get(name).map(|text| integer("query", name, text)).transpose();
    let limit = limit(&parameters, PAGE)?.unwrap_or(20);
    let before_id = number("before_id")?.map(MessageId);
    Ok(Json(shared.chat.search(&actor, text, before_id, limit).await.map_err(in_part("query"))?))
}
