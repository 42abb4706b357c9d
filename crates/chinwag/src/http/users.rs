//! Finding people.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use chinwag_protocol::limits;
use chinwag_protocol::rest::{Detail, PublicUser};

use super::Shared;
use super::error::{HttpError, in_part};
use super::extract::{Caller, integer, query};

/// Find people
///
/// Finds users whose username or name begins with the query, or who have these ids. Public profiles only.
#[utoipa::path(get, path = "/users", operation_id = "find_users", tag = "users",
    params(
        ("query" = Option<String>, Query),
        ("ids" = Option<String>, Query, description = "Up to 100 ids, separated by commas, instead of a query"),
    ),
    responses(
        (status = 200, body = Vec<PublicUser>),
        (status = 429, body = Detail, description = "Too many searches"),
    ))]
pub(super) async fn find(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    uri: Uri,
) -> Result<Json<Vec<PublicUser>>, HttpError> {
    let mut parameters = query(&uri);
    if let Some(ids) = parameters.get("ids") {
        let ids: Vec<i64> = ids.split(',').map(|id| integer("query", "ids", id)).collect::<Result<_, _>>()?;
        if ids.len() > limits::MAX_USER_IDS {
            return Err(HttpError::invalid("query", "ids", "too_long", "at most 100 ids are allowed"));
        }
        return Ok(Json(shared.chat.users_by_id(ids).await?));
    }
    let beginning = parameters.remove("query").unwrap_or_default();
    Ok(Json(shared.chat.find_users(&actor, beginning).await.map_err(in_part("query"))?))
}
