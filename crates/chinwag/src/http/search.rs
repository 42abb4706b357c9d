//! Finding messages and people.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use chinwag_protocol::rest::{Detail, PublicUser, SearchResults, ValidationDetail};
use chinwag_protocol::{MessageId, limits};

use super::Shared;
use super::error::{HttpError, in_part};
use super::extract::{Caller, integer, limit, query};

/// Results in a page.
const PAGE: usize = 50;

/// Search messages
///
/// In the caller's own conversations, newest first. Words are found as parts of words too; a phrase
/// stands in quotes. Filters: `in:7`, `from:alice`, `before:2026-01-31`, `after:2026-01-01`. A day is one of UTC,
/// or, with an offset behind it (`2026-01-31+02:00`), of that place; a moment is `2026-01-31T08:30:00+02:00`.
#[utoipa::path(get, path = "/search", operation_id = "search_messages", tag = "messages",
    params(
        ("q" = String, Query, description = "At most 200 characters"),
        ("before_id" = Option<i64>, Query, description = "The `next` of the page before"),
        ("limit" = Option<i64>, Query, minimum = 1, description = "At most 50; more is taken as 50"),
    ),
    responses(
        (status = 200, body = SearchResults),
        (status = 401, body = Detail),
        (status = 422, body = ValidationDetail),
        (status = 429, body = Detail),
    ))]
pub(super) async fn messages(
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

/// Find people
///
/// Whose username or name begins so, or who has these ids. Public profiles only.
#[utoipa::path(get, path = "/users", operation_id = "find_users", tag = "users",
    params(
        ("query" = Option<String>, Query),
        ("ids" = Option<String>, Query, description = "Up to 100 ids, separated by commas, instead of a query"),
    ),
    responses(
        (status = 200, body = Vec<PublicUser>),
        (status = 401, body = Detail),
        (status = 422, body = ValidationDetail),
        (status = 429, body = Detail),
    ))]
pub(super) async fn users(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    uri: Uri,
) -> Result<Json<Vec<PublicUser>>, HttpError> {
    let mut parameters = query(&uri);
    if let Some(ids) = parameters.get("ids") {
        let ids: Vec<i64> = ids.split(',').map(|id| integer("query", "ids", id)).collect::<Result<_, _>>()?;
        if ids.len() > limits::MAX_USER_IDS {
            return Err(HttpError::invalid("query", "ids", "too_long", "at most 100 ids can be asked for"));
        }
        return Ok(Json(shared.chat.users_by_id(ids).await?));
    }
    let beginning = parameters.remove("query").unwrap_or_default();
    Ok(Json(shared.chat.find_users(&actor, beginning).await.map_err(in_part("query"))?))
}
