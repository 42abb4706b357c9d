//! What every request passes: host and origin checks, and the headers that every answer carries.

use std::net::IpAddr;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::Shared;
use super::admission::Slot;
use super::error::detail;
use super::extract::IgnoredFields;
use super::origins;
use crate::config::{Config, Mode};

/// Headers that betray a proxy: behind one, a demo would be open to other computers.
const FORWARDED: [&str; 5] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// The policy of answers that are not pages. Pages set their own.
const DATA_CSP: &str = "default-src 'none'; frame-ancestors 'none'";

/// Names the fields of a body that were ignored.
const IGNORED_FIELDS: HeaderName = HeaderName::from_static("ignored-fields");

/// Marks an answer whose own policy says who may frame it.
#[derive(Clone, Copy)]
pub(super) struct Framed;

/// Pages of the configured origins may read answers; other pages get answers without that permission.
pub(super) fn cors(config: &Config) -> CorsLayer {
    let origins = config.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CACHE_CONTROL,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            header::IF_RANGE,
            header::RANGE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::LINK,
            header::RETRY_AFTER,
            header::ETAG,
            header::CONTENT_RANGE,
            header::CONTENT_DISPOSITION,
            header::WWW_AUTHENTICATE,
            IGNORED_FIELDS,
        ])
        .max_age(std::time::Duration::from_secs(600))
}

pub(super) async fn guard(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let config = shared.chat.config();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    // A whole plain request is bounded by its route's own limits; of a WebSocket, its user has to be known first.
    if let Some(slot) = request.extensions().get::<Slot>()
        && !request.headers().contains_key(header::UPGRADE)
    {
        slot.leave_unauthenticated();
    }
    let refusal =
        refuse_demo(config, request.headers()).map(str::to_owned).or_else(|| refuse_origin(config, &request));
    let ignored = IgnoredFields::default();
    request.extensions_mut().insert(ignored.clone());
    let mut response = match refusal {
        Some(text) => detail(StatusCode::FORBIDDEN, text),
        None => next.run(request).await,
    };
    if response.status().is_client_error() {
        shared.metrics.refusals.inc();
    }
    shared.metrics.note_request(route, response.status().as_u16());
    let is_framed = response.extensions().get::<Framed>().is_some();
    add_headers(response.headers_mut());
    if let Some(fields) = ignored.header() {
        response.headers_mut().insert(IGNORED_FIELDS, fields);
    }
    if is_framed {
        response.headers_mut().remove(header::X_FRAME_OPTIONS);
    }
    response
}

/// A demo's passwords are public, so only this computer may use it, and no web page whose own name points
/// here.
fn refuse_demo(config: &Config, headers: &HeaderMap) -> Option<&'static str> {
    if config.mode != Mode::Demo {
        return None;
    }
    if FORWARDED.iter().any(|name| headers.contains_key(*name)) {
        return Some("chinwag demo does not run behind a proxy: its users are for this computer only");
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = without_port(host).trim_start_matches('[').trim_end_matches(']');
    let is_local = name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    (!is_local).then_some("chinwag demo answers only as localhost: its users are for this computer only")
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A browser names the page that a request comes from. Pages of other origins may not open sockets or change
/// anything, unless they are configured.
fn refuse_origin(config: &Config, request: &Request) -> Option<String> {
    let headers = request.headers();
    let reads_only = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads_only && !headers.contains_key(header::UPGRADE) {
        return None;
    }
    origins::refusal(config, headers)
}

pub(super) fn add_headers(headers: &mut HeaderMap) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(DATA_CSP));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
