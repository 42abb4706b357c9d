//! As much of REST as the checker needs.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::error::CheckError;
use crate::target::Target;

/// A request must not hang on a server that does.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// One user's requests, over a connection that is made anew when it is lost.
pub(crate) struct Api {
    target: Target,
    token: String,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Api {
    pub(crate) fn new(target: &Target, token: &str) -> Self {
        Self { target: target.clone(), token: token.to_owned(), connection: None }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Value, CheckError> {
        self.call(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Result<Value, CheckError> {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Result<Value, CheckError> {
        self.call(Method::DELETE, path, Value::Null).await
    }

    /// An error other than `Refused` means that the server may have done it or not.
    async fn call(&mut self, method: Method, path: &str, body: Value) -> Result<Value, CheckError> {
        let request = format!("{method} {path}");
        let exchanged = tokio::time::timeout(ANSWER_LIMIT, self.exchange(method, path, body)).await;
        let unreachable = |reason: String| CheckError::Unreachable { request: request.clone(), reason };
        let (status, body) = match exchanged {
            Ok(Ok(answer)) => answer,
            Ok(Err(reason)) => {
                self.connection = None;
                return Err(unreachable(reason));
            }
            Err(_) => {
                self.connection = None;
                return Err(unreachable(format!("nothing in {} s", ANSWER_LIMIT.as_secs())));
            }
        };
        if !(200..300).contains(&status) {
            let body = String::from_utf8_lossy(&body).into_owned();
            return Err(CheckError::Refused { request, status, body });
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body)
            .map_err(|error| CheckError::Protocol(format!("{request}: the answer is no JSON: {error}")))
    }

    async fn exchange(&mut self, method: Method, path: &str, body: Value) -> Result<(u16, Bytes), String> {
        let mut connection = match self.connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => connect(&self.target).await?,
        };
        connection.ready().await.map_err(said)?;
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.target.authority)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(said)?;
        let response = connection.send_request(request).await.map_err(said)?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(said)?.to_bytes();
        self.connection = Some(connection);
        Ok((status, body))
    }
}

pub(super) async fn connect(target: &Target) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = target.connect(None).await.map_err(said)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(said)?;
    // It ends with its sender, and whatever ends it is seen there.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

pub(super) fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
