//! The web pages, as `chinwag-web` embeds them. The chat is one page under several paths: its own router
//! reads the address.

use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use chinwag_web::Asset;

use super::Shared;
use super::error::detail;

/// Where the chat is served. The original document's page is `/static/chat.html`.
const CHAT: [&str; 6] =
    ["/", "/c/{conversation_id}", "/c/{conversation_id}/", "/setup", "/setup/", "/static/chat.html"];

/// Every page, and every file that a page loads.
pub(super) fn pages() -> Router<Shared> {
    let mut router = Router::new()
        .route("/embed", get(embed))
        .route("/docs/ws", get(sockets))
        .route("/docs/ws/", get(sockets_without_slash));
    for path in CHAT {
        router = router.route(path, get(chat));
    }
    for asset in chinwag_web::assets() {
        router =
            router.route(asset.path, get(move |headers: HeaderMap| async move { file(asset, &headers) }));
    }
    router
}

async fn chat(OriginalUri(original): OriginalUri, request: Request) -> Response {
    page(&original, request.uri(), request.headers(), "'none'")
}

/// The chat in a frame of another site's page, which [`Config::embed_origins`](crate::Config) has to name.
async fn embed(
    State(shared): State<Shared>,
    OriginalUri(original): OriginalUri,
    request: Request,
) -> Response {
    let origins = &shared.chat.config().embed_origins;
    if origins.is_empty() {
        return page(&original, request.uri(), request.headers(), "'none'");
    }
    let mut response = page(&original, request.uri(), request.headers(), &origins.join(" "));
    // X-Frame-Options knows no list of origins; `frame-ancestors` replaces it (CSP level 3 section 6.4.2).
    response.extensions_mut().insert(super::guard::Framed);
    response
}

/// Where the sockets are described and tried out.
async fn sockets(headers: HeaderMap) -> Response {
    let Some(asset) = chinwag_web::asset("/static/ws.html") else { return missing() };
    let mut response = file(asset, &headers);
    forbid_frames_but(&mut response, "'none'");
    response
}

/// The page's paths are relative to the form without the slash.
async fn sockets_without_slash() -> Redirect {
    Redirect::permanent("../../docs/ws")
}

/// The chat's page. It asks for its files relative to itself, and stands at several depths, also below a
/// host's own path: so they get the path that leads to this router.
fn page(original: &Uri, inner: &Uri, headers: &HeaderMap, ancestors: &str) -> Response {
    let Some(asset) = chinwag_web::asset("/index.html") else { return missing() };
    let prefix = original.path().strip_suffix(inner.path()).unwrap_or(original.path()).trim_end_matches('/');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte);
    if !prefix.bytes().all(is_plain) {
        return missing();
    }
    let mut response = if is_known(headers, asset.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let html = String::from_utf8_lossy(asset.bytes).replace("=\"./", &format!("=\"{prefix}/"));
        ([(header::CONTENT_TYPE, asset.content_type)], html).into_response()
    };
    describe(&mut response, asset.etag, "no-cache");
    forbid_frames_but(&mut response, ancestors);
    response
}

fn file(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let brotli = asset.brotli.filter(|_| accepts(headers, "br"));
    let (bytes, etag) = brotli.map_or((asset.bytes, asset.etag), |brotli| (brotli.bytes, brotli.etag));
    let mut response = if is_known(headers, etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.content_type)], bytes).into_response()
    };
    if brotli.is_some() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let keep = if asset.is_immutable() { "public, max-age=31536000, immutable" } else { "no-cache" };
    describe(&mut response, etag, keep);
    response
}

fn describe(response: &mut Response, etag: &'static str, keep: &'static str) {
    response.headers_mut().insert(header::ETAG, HeaderValue::from_static(etag));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
}

fn forbid_frames_but(response: &mut Response, ancestors: &str) {
    let policy = format!("{}; frame-ancestors {ancestors}", chinwag_web::CONTENT_SECURITY_POLICY);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// RFC 9110 section 13.1.2: a list of tags, which may be marked as weak.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    known.split(',').any(|known| known.trim().trim_start_matches("W/") == etag)
}

/// RFC 9110 section 12.5.3. A browser names its codings without a weight; `br;q=0` refuses one.
pub(super) fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok());
    accepted.unwrap_or_default().split(',').any(|accepted| {
        let (name, weight) = accepted.split_once(';').unwrap_or((accepted, ""));
        name.trim().eq_ignore_ascii_case(coding)
            && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

fn missing() -> Response {
    detail(StatusCode::NOT_FOUND, "Not Found")
}
