//! A server's address, and requests to it: JSON in, and JSON or the server's refusal out.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response};
use rustls::ClientConfig;
use serde_json::Value;
use url::Url;

use crate::error::{ClientError, system};
use crate::tls;

/// The limit of a request and its whole answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than the longest page.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Talks to one server. Clones share its connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) url: Url,
    http: reqwest::Client,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) patience: Duration,
}

/// Requests on behalf of one user.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    token: String,
}

impl Client {
    /// A server at `http://` or `https://`, perhaps below a path. For `https://` it trusts the certificates
    /// of a PEM file, or otherwise those that the system trusts.
    ///
    /// # Errors
    /// If `url` does not name a server, or there are no certificates to trust.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, ClientError> {
        let url = parse(url)?;
        // A server without TLS also works on a system without certificates.
        let tls = if url.scheme() == "https" { tls::trusting(ca)? } else { tls::trusting_nobody()? };
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .user_agent(concat!("chinwag/", env!("CARGO_PKG_VERSION")))
            // Only the named server, and no other.
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| ClientError::Url(error.to_string()))?;
        Ok(Self { url, http, tls: Arc::new(tls), patience: PATIENCE })
    }

    /// The same server, with another limit for a request and its answer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether the server is reached through TLS.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The addresses of its host; unless `allow_remote`, they must belong to this machine.
    ///
    /// # Errors
    /// If the host has no address, or is another machine without `allow_remote`.
    pub fn addresses(&self, allow_remote: bool) -> Result<Vec<SocketAddr>, ClientError> {
        let addresses =
            self.url.socket_addrs(|| None).map_err(system("can't find the address of the server"))?;
        match addresses.iter().find(|address| !address.ip().is_loopback()) {
            Some(other) if !allow_remote => Err(ClientError::Remote(*other)),
            _ => Ok(addresses),
        }
    }

    /// A request without a user, to complete and [send](Self::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{self}{path}"))
    }

    /// Sends a request and returns the answer's head; the caller reads the body, however long that takes.
    ///
    /// # Errors
    /// [`Refused`](ClientError::Refused) if the status is not a success. After any other error, the server
    /// may have acted or not.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let (http, request) = request.build_split();
        let request = request.map_err(|error| ClientError::broken("a request", &error))?;
        let name = format!("{} {}", request.method(), request.url().path());
        let exchange = async {
            let response = http.execute(request).await.map_err(|error| ClientError::broken(&name, &error))?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            Err(ClientError::refused(name.clone(), status, &read(&name, response).await?))
        };
        self.within(&name, exchange).await
    }

    /// Sends a request and returns the JSON of a success, or `null` without a body.
    ///
    /// # Errors
    /// As [`send`](Self::send), and if the answer is not JSON.
    pub async fn call(&self, request: RequestBuilder) -> Result<Value, ClientError> {
        let exchange = async {
            let response = self.send(request).await?;
            let name = format!("the answer of {}", response.url().path());
            let body = read(&name, response).await?;
            if body.is_empty() {
                return Ok(Value::Null);
            }
            serde_json::from_slice(&body)
                .map_err(|error| ClientError::Protocol(format!("{name} is not JSON: {error}")))
        };
        self.within("a request", exchange).await
    }

    pub(crate) async fn within<T>(
        &self,
        request: &str,
        exchange: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        let late = || format!("no answer within {} s", self.patience.as_secs());
        let answer = tokio::time::timeout(self.patience, exchange).await;
        answer.unwrap_or_else(|_| Err(ClientError::unreachable(request, &late())))
    }
}

impl Api {
    /// The requests of the user whose token this is.
    #[must_use]
    pub fn new(client: &Client, token: &str) -> Self {
        Self { client: client.clone(), token: token.to_owned() }
    }

    /// The server.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Gets the JSON at a path.
    ///
    /// # Errors
    /// As [`Client::call`], like all other methods here.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.client.call(self.request(Method::GET, path)).await
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// As above.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.client.call(self.request(Method::POST, path).json(body)).await
    }

    /// Deletes what is at a path.
    ///
    /// # Errors
    /// As above.
    pub async fn delete(&self, path: &str) -> Result<Value, ClientError> {
        self.client.call(self.request(Method::DELETE, path)).await
    }

    /// A request of this user, to complete and [send](Client::send).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, path).bearer_auth(&self.token)
    }
}

async fn read(request: &str, mut response: Response) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| ClientError::broken(request, &error))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(ClientError::Protocol(format!("{request} has more than {MAX_ANSWER_BYTES} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse(text: &str) -> Result<Url, ClientError> {
    let wrong = |what: &str| ClientError::Url(format!("{text:?} {what}"));
    let url: Url = text.parse().map_err(|_| wrong("is not a URL"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(wrong("must begin with http:// or https://"));
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has more than a host, a port and a path"));
    }
    Ok(url)
}

impl std::fmt::Display for Client {
    /// The prefix of every path: no slash at its end.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Client({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_with_and_without_port_and_path() {
        for (url, expected) in [
            ("http://localhost:8000", Some("http://localhost:8000")),
            ("http://localhost:8000/", Some("http://localhost:8000")),
            ("http://chat.example.com/chat/", Some("http://chat.example.com/chat")),
            ("http://[::1]:81", Some("http://[::1]:81")),
            ("localhost:8000", None),
            ("ftp://localhost", None),
            ("http://user@localhost", None),
            ("http://localhost/?a=b", None),
        ] {
            let client = Client::new(url, None).ok().map(|client| client.to_string());
            assert_eq!(client.as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn other_machines_are_refused_unless_allowed() {
        let addresses = |url, allow_remote| Client::new(url, None)?.addresses(allow_remote);
        assert!(addresses("http://127.0.0.1:8000/", false).is_ok());
        assert!(matches!(addresses("http://192.0.2.7:8000", false), Err(ClientError::Remote(_))));
        assert!(addresses("http://192.0.2.7:8000", true).is_ok());
    }
}
