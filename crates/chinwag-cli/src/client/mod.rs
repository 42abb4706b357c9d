//! The server as any other client sees it: REST and the room socket, over HTTP/1.1 or TLS.
//!
//! One connection for each request: these commands send a handful of them in their life.

mod access;
mod connect;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{self, HeaderValue};
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::failure::{Exit, Failure};
use crate::output;

pub(crate) use access::{Access, AccessArguments};
use connect::Base;
pub(crate) use connect::tls;

/// For a request and its whole answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than the longest history page.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A room socket.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Talks to one server.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    base: Base,
}

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Form(String),
}

/// Why there is no answer that can be used.
#[derive(Debug)]
pub(crate) enum CallError {
    /// No connection, or it broke: whether the server acted is unknown.
    Unreachable(String),
    /// The server refuses, in its own words.
    Refused { status: StatusCode, detail: String },
}

impl Client {
    pub(crate) fn new(url: &str) -> Result<Self, Failure> {
        let base = Base::parse(url).map_err(|what| {
            Failure::new(Exit::Usage, what)
                .fix("write it like http://localhost:8000 or https://chat.example.com")
        })?;
        Ok(Self { base })
    }

    /// Sends a request and gives the JSON of a success.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Body,
    ) -> Result<Value, CallError> {
        let request = self.request(method, path, token, body)?;
        let exchange = async {
            let response = self.base.send(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES);
            let body = body.collect().await.map_err(|error| CallError::Unreachable(error.to_string()))?;
            Ok((status, body.to_bytes()))
        };
        let (status, bytes) = within(exchange).await?;
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_success() {
            Ok(value)
        } else {
            Err(CallError::Refused { status, detail: detail(&value) })
        }
    }

    /// Opens a WebSocket (RFC 6455 section 4.1).
    pub(crate) async fn open_socket(&self, path: &str) -> Result<Socket, CallError> {
        let key = generate_key();
        let mut request = self.request(Method::GET, path, None, Body::Empty)?;
        let value = HeaderValue::from_str(&key).map_err(|_| broken("the handshake key"))?;
        let headers = request.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, value);
        within(async {
            let mut response = self.base.send(request).await?;
            check_handshake(&mut response, &key).await?;
            let upgraded = hyper::upgrade::on(response).await;
            let upgraded = upgraded.map_err(|error| CallError::Unreachable(error.to_string()))?;
            Ok(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await)
        })
        .await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Body,
    ) -> Result<Request<Full<Bytes>>, CallError> {
        let (content_type, bytes) = match body {
            Body::Empty => (None, Bytes::new()),
            Body::Json(value) => (Some("application/json"), value.to_string().into()),
            Body::Form(text) => (Some("application/x-www-form-urlencoded"), text.into()),
        };
        let mut builder = Request::builder()
            .method(method)
            .uri(self.base.path(path))
            .header(header::HOST, self.base.authority())
            .header(header::USER_AGENT, concat!("chinwag/", env!("CARGO_PKG_VERSION")));
        if let Some(content_type) = content_type {
            builder = builder.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(token) = token {
            builder = builder.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        builder.body(Full::new(bytes)).map_err(|_| broken("the token"))
    }
}

async fn check_handshake(response: &mut Response<hyper::body::Incoming>, key: &str) -> Result<(), CallError> {
    let status = response.status();
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let body = Limited::new(response.body_mut(), MAX_ANSWER_BYTES).collect().await;
        let bytes = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        return Err(CallError::Refused { status, detail: detail(&value) });
    }
    let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
    if accepted.is_some_and(|value| value.as_bytes() == derive_accept_key(key.as_bytes()).as_bytes()) {
        Ok(())
    } else {
        Err(CallError::Unreachable("this is no WebSocket server".to_owned()))
    }
}

async fn within<T>(exchange: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    let late = || CallError::Unreachable(format!("no answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err(late()))
}

fn broken(what: &str) -> CallError {
    CallError::Unreachable(format!("{what} can't be sent in a header"))
}

/// The server's `detail`: a sentence, or the sentences of a list.
fn detail(body: &Value) -> String {
    match body.get("detail") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(errors)) => {
            let sentences = errors.iter().filter_map(|error| error.get("msg")?.as_str());
            sentences.collect::<Vec<_>>().join("; ")
        }
        _ => String::new(),
    }
}

impl CallError {
    /// Whether the same request may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => {
                *status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
            }
        }
    }

    /// For whoever typed the command.
    pub(crate) fn explain(&self, client: &Client) -> Failure {
        match self {
            Self::Unreachable(reason) => {
                Failure::new(Exit::Io, format!("can't reach {}: {reason}", client.base))
                    .fix("is it running? `chinwag demo` starts a server here, --url names another one")
            }
            Self::Refused { status, detail } => {
                let detail = if detail.is_empty() { "no explanation" } else { detail };
                let what = format!("the server refuses: {} ({status})", output::printable_line(detail));
                let failure = Failure::new(Exit::Refused, what);
                if *status == StatusCode::UNAUTHORIZED {
                    failure.fix("sign in with --user NAME, or give a valid --token")
                } else {
                    failure
                }
            }
        }
    }
}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl From<hyper::Error> for CallError {
    fn from(error: hyper::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}
