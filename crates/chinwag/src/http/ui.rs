//! The web pages, as `chinwag-web` embeds them.

use axum::extract::{OriginalUri, Path};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::error::detail;

/// To the chat, also where a host nests the routes under a path of its own.
pub(super) async fn home(OriginalUri(uri): OriginalUri) -> Redirect {
    Redirect::temporary(&format!("{}/static/chat.html", uri.path().trim_end_matches('/')))
}

pub(super) async fn setup(headers: HeaderMap) -> Response {
    serve("/static/setup.html", &headers)
}

/// Where the sockets are described and tried out.
pub(super) async fn sockets(headers: HeaderMap) -> Response {
    serve("/static/ws.html", &headers)
}

/// The page's paths are relative to the form without the slash.
pub(super) async fn sockets_without_slash() -> Redirect {
    Redirect::permanent("../../docs/ws")
}

pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    serve(&format!("/static/{name}"), &headers)
}

fn serve(path: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = chinwag_web::asset(path) else { return detail(StatusCode::NOT_FOUND, "Not Found") };
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == asset.etag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response()
    };
    for (name, value) in [
        (header::ETAG, asset.etag),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, chinwag_web::CONTENT_SECURITY_POLICY),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
