//! The web pages that `chinwag-web` embeds. The chat is one page under several paths; its own router reads
//! the address.

use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use chinwag_web::Asset;

use super::Shared;
use super::conditional::{is_known, set_tag};
use super::error::detail;
use super::prefix::root;

/// The paths of the chat. The original document's page is `/static/chat.html`.
const CHAT: [&str; 8] = [
    "/",
    "/c/{conversation_id}",
    "/c/{conversation_id}/",
    "/register",
    "/register/",
    "/setup",
    "/setup/",
    "/static/chat.html",
];

/// Every page, and every file that a page loads.
pub(super) fn pages() -> Router<Shared> {
    let mut router = Router::new()
        .route("/embed", get(embed))
        .route("/embed/count", get(count))
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

async fn chat(
    State(shared): State<Shared>,
    OriginalUri(original): OriginalUri,
    request: Request,
) -> Response {
    let root = root(shared.chat.config(), &original, request.uri());
    page("/index.html", &root, request.headers(), "'none'")
}

/// The chat in a frame of another site's page, if [`Config::embed_origins`](crate::Config) names that site.
async fn embed(
    State(shared): State<Shared>,
    OriginalUri(original): OriginalUri,
    request: Request,
) -> Response {
    framed("/index.html", &shared, &original, &request)
}

/// The count for the widget's button before the chat is opened, framed like the chat.
async fn count(
    State(shared): State<Shared>,
    OriginalUri(original): OriginalUri,
    request: Request,
) -> Response {
    framed("/count.html", &shared, &original, &request)
}

fn framed(asset: &str, shared: &Shared, original: &Uri, request: &Request) -> Response {
    let config = shared.chat.config();
    let root = root(config, original, request.uri());
    if config.embed_origins.is_empty() {
        return page(asset, &root, request.headers(), "'none'");
    }
    let mut response = page(asset, &root, request.headers(), &config.embed_origins.join(" "));
    // X-Frame-Options supports no list of origins; `frame-ancestors` replaces it (CSP level 3 section 6.4.2).
    response.extensions_mut().insert(super::guard::Framed);
    response
}

/// The page that describes the sockets and tries them out.
async fn sockets(headers: HeaderMap) -> Response {
    let Some(asset) = chinwag_web::asset("/static/ws.html") else { return not_found() };
    let mut response = file(asset, &headers);
    forbid_frames_but(&mut response, "'none'");
    response
}

/// The page's paths are relative to the address without the slash.
async fn sockets_without_slash() -> Redirect {
    Redirect::permanent("../../docs/ws")
}

/// A page of the chat. It is served at several depths, also below the path of a host or a proxy, so the
/// references to its files get the right path.
fn page(asset: &str, root: &str, headers: &HeaderMap, ancestors: &str) -> Response {
    let Some(asset) = chinwag_web::asset(asset) else { return not_found() };
    // The path is part of the page: a copy cached for another path would look for its files elsewhere.
    let etag = format!("{}-{root}\"", asset.etag.trim_end_matches('"'));
    let mut response = if is_known(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let html = String::from_utf8_lossy(asset.bytes).replace("=\"./", &format!("=\"{root}"));
        ([(header::CONTENT_TYPE, asset.content_type)], html).into_response()
    };
    set_tag(&mut response, &etag, "no-cache");
    forbid_frames_but(&mut response, ancestors);
    response
}

/// The answer to unknown paths: a page for people, JSON for programs.
pub(super) async fn missing(
    State(shared): State<Shared>,
    OriginalUri(original): OriginalUri,
    request: Request,
) -> Response {
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD) && wants_page(request.headers());
    let Some(asset) = chinwag_web::asset("/static/missing.html").filter(|_| is_page) else {
        return not_found();
    };
    let root = root(shared.chat.config(), &original, request.uri());
    let html = String::from_utf8_lossy(asset.bytes).replace("=\"./", &format!("=\"{root}"));
    let mut response =
        (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, asset.content_type)], html).into_response();
    forbid_frames_but(&mut response, "'none'");
    response
}

/// Browsers accept `text/html` when somebody visits an address; programs and scripts do not.
fn wants_page(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted.any(|accepted| accepted.contains("text/html"))
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
    set_tag(&mut response, etag, keep);
    response
}

fn forbid_frames_but(response: &mut Response, ancestors: &str) {
    let policy = format!("{}; frame-ancestors {ancestors}", chinwag_web::CONTENT_SECURITY_POLICY);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
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

fn not_found() -> Response {
    detail(StatusCode::NOT_FOUND, "Not Found")
}
