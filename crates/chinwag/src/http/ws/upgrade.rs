//! The opening handshake, and the socket behind it.

use std::net::IpAddr;

use axum::Extension;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::server::TlsStream;

use crate::http::admission::Slot;
use crate::http::error::detail;
use crate::http::extract::bearer;
use crate::http::listening::Listening;
use crate::http::patience::Patient;
use crate::listener::ClientAddress;
use crate::realtime::Socket;

/// The subprotocol of the user socket.
pub(super) const PROTOCOL: &str = "chinwag.v1";

/// A handshake that was accepted: the answer to send, and the socket that follows it.
pub(super) struct Handshake {
    pub response: Response,
    pub upgrade: OnUpgrade,
}

/// The origin of a socket.
pub(super) struct Origin {
    slot: Option<Slot>,
    /// Unknown only if the host does not provide it.
    pub address: Option<IpAddr>,
}

impl Origin {
    pub(super) fn new(slot: Option<Extension<Slot>>, address: Option<Extension<ClientAddress>>) -> Self {
        let address = address.map(|Extension(ClientAddress(address))| address);
        Self { slot: slot.map(|Extension(slot)| slot), address }
    }

    /// The peer must send something first.
    pub(super) fn end_turn(&self) {
        self.slot.as_ref().inspect(|slot| slot.end_turn());
    }

    /// Its user has authenticated. The connection counts while the returned permit is kept.
    pub(super) fn hand_over(&self) -> Option<OwnedSemaphorePermit> {
        self.slot.as_ref().and_then(Slot::hand_over)
    }
}

/// Checks the client's opening handshake.
///
/// # Errors
/// The answer that refuses it.
pub(super) fn accept(request: &mut Request) -> Result<Handshake, Box<Response>> {
    let headers = request.headers();
    // RFC 6455 section 4.2.1, items 3 to 6.
    if !has_token(headers, header::CONNECTION, "upgrade") || !has_token(headers, header::UPGRADE, "websocket")
    {
        let mut response =
            detail(StatusCode::UPGRADE_REQUIRED, "This is a WebSocket: connect with ws:// or wss://");
        response.headers_mut().insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
        return Err(Box::new(response));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let mut response =
            detail(StatusCode::UPGRADE_REQUIRED, "This server supports only WebSocket version 13");
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, header::HeaderValue::from_static("13"));
        return Err(Box::new(response));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).map(str::trim);
    let Some(accept) = key.and_then(chinwag_ws::accept_key) else {
        return Err(Box::new(detail(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing or invalid")));
    };
    if let Some(refusal) = refuse_versions(headers) {
        return Err(Box::new(refusal));
    }
    let upgrade = hyper::upgrade::on(request);
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty())
        .unwrap_or_default();
    Ok(Handshake { response, upgrade })
}

/// Takes the socket over from HTTP, with whatever the client sent right after its request.
pub(super) async fn take_over(upgrade: OnUpgrade) -> Option<(Socket, Bytes)> {
    let upgraded = upgrade.await.ok()?;
    let upgraded = match upgraded.downcast::<TokioIo<Patient<Listening<TcpStream>>>>() {
        Ok(parts) => {
            return Some((Socket::Tcp(parts.io.into_inner().into_inner().into_inner()), parts.read_buf));
        }
        Err(upgraded) => upgraded,
    };
    // Its patience needs the async threads, and is for answers: fan-out writes to a socket from other
    // threads.
    let upgraded = match upgraded.downcast::<TokioIo<Patient<Listening<TlsStream<TcpStream>>>>>() {
        Ok(parts) => {
            return Some((Socket::other(parts.io.into_inner().into_inner().into_inner()), parts.read_buf));
        }
        Err(upgraded) => upgraded,
    };
    // A host's own server.
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        // Copied, because even an empty rest keeps hyper's whole buffer alive.
        Ok(parts) => Some((Socket::Tcp(parts.io.into_inner()), Bytes::copy_from_slice(&parts.read_buf))),
        Err(upgraded) => Some((Socket::other(TokioIo::new(upgraded)), Bytes::new())),
    }
}

/// The token of the handshake's `Authorization` header, which native clients can send, but browsers can't.
pub(super) fn bearer_header(request: &Request) -> Option<String> {
    bearer(request.headers()).filter(|token| !token.is_empty()).map(str::to_owned)
}

/// The protocols that the client offers in `Sec-WebSocket-Protocol`.
pub(super) fn offered_protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

/// Refuses a client that offers only unsupported versions of our protocol: it would mistake this one for its
/// own.
fn refuse_versions(headers: &HeaderMap) -> Option<Response> {
    let mut versions = offered_protocols(headers).filter(|offer| offer.starts_with("chinwag.")).peekable();
    versions.peek()?;
    if versions.any(|offer| offer == PROTOCOL) {
        return None;
    }
    Some(detail(StatusCode::BAD_REQUEST, format!("This server supports only {PROTOCOL} of this protocol")))
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}
