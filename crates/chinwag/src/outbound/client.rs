//! One call: resolve the name, check each address, connect to one of them, use TLS unless it is a plain call
//! to a named server, send one POST, and read an answer of bounded size, all within one time limit.
//!
//! Every call has its own connection, to the very address that was checked. Nothing here follows a redirect,
//! uses a proxy or decompresses anything.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderMap, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use url::Host;

use super::target::{Policy, Target};
use crate::config::Outbound;
use crate::peers::Names;

/// More of an answer's body is neither read nor waited for.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The most headers of an answer.
const MAX_HEADERS: usize = 100;
const HEAD_BYTES: usize = 16 * 1024;
/// A server's `Retry-After` is capped at this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What a server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    /// How long the server asks us to wait.
    pub retry_after: Option<Duration>,
}

/// Why there is no answer. Reveals no address that the caller did not know.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// None of the host's addresses may be called.
    #[error("its address may not be called")]
    Forbidden,
    #[error("no answer in time")]
    TimedOut,
    #[error("can't be reached: {0}")]
    Unreachable(io::Error),
    #[error("does not speak HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("this server can't make calls: {0}")]
    Unusable(String),
}

type Sender = http1::SendRequest<Full<Bytes>>;
type Connection = http1::Connection<TokioIo<Either<TlsStream<TcpStream>, TcpStream>>, Full<Bytes>>;

/// Calls other servers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    policy: Policy,
    names: Names,
    timeout: Duration,
    extra_roots: Vec<CertificateDer<'static>>,
    /// Created at the first call: reading the system's certificates takes a while, and most servers make no
    /// calls.
    tls: OnceLock<Result<TlsConnector, String>>,
}

impl Client {
    /// # Errors
    /// If the configured certificates can't be read.
    pub(crate) fn new(config: &Outbound) -> Result<Self, String> {
        let extra_roots = config.extra_roots.as_deref().map(read_roots).transpose()?.unwrap_or_default();
        Ok(Self {
            inner: Arc::new(Inner {
                policy: Policy::new(config.allowed.clone()),
                names: config.names.clone(),
                timeout: config.timeout,
                extra_roots,
                tls: OnceLock::new(),
            }),
        })
    }

    /// Posts a body and waits for the answer's head. The answer's body does not matter, but it is read within
    /// the bounds of size and time, so that its server sees a client that reads to the end.
    pub(crate) async fn post(
        &self,
        target: &Target,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, CallError> {
        let deadline = Instant::now() + self.inner.timeout;
        let request = request(target, headers, body)?;
        let (mut sender, connection) = in_time(deadline, self.connect(target)).await?;
        let exchange = async {
            let sent = async { Ok(sender.send_request(request).await?) };
            let answer = in_time(deadline, sent).await?;
            let (status, retry_after) = (answer.status().as_u16(), retry_after(answer.headers()));
            let _ = timeout_at(deadline, Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect()).await;
            Ok(Answer { status, retry_after })
        };
        // The connection is driven and dropped with this future, so no task outlives the time limit.
        tokio::pin!(connection, exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            // If the connection ends before the answer, the exchange learns why.
            _ = &mut connection => exchange.await,
        }
    }

    async fn connect(&self, target: &Target) -> Result<(Sender, Connection), CallError> {
        let stream = if target.is_encrypted() {
            Either::Left(self.connect_encrypted(target).await?)
        } else {
            Either::Right(self.inner.dial(target).await?)
        };
        let mut builder = http1::Builder::new();
        builder.max_headers(MAX_HEADERS).max_buf_size(HEAD_BYTES);
        Ok(builder.handshake(TokioIo::new(stream)).await?)
    }

    async fn connect_encrypted(&self, target: &Target) -> Result<TlsStream<TcpStream>, CallError> {
        let tls = self.inner.tls().await?;
        let stream = self.inner.dial(target).await?;
        let name = match target.host() {
            Host::Domain(name) => ServerName::try_from(name.clone())
                .map_err(|error| CallError::Unreachable(io::Error::other(error)))?,
            Host::Ipv4(address) => ServerName::IpAddress(IpAddr::from(*address).into()),
            Host::Ipv6(address) => ServerName::IpAddress(IpAddr::from(*address).into()),
        };
        tls.connect(name, stream).await.map_err(CallError::Unreachable)
    }
}

async fn in_time<T>(
    deadline: Instant,
    step: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    timeout_at(deadline, step).await.unwrap_or(Err(CallError::TimedOut))
}

impl Inner {
    async fn dial(&self, target: &Target) -> Result<TcpStream, CallError> {
        let port = target.port();
        let addresses = match target.host() {
            Host::Domain(name) => self.names.addresses(name, port).await.map_err(CallError::Unreachable)?,
            Host::Ipv4(address) => vec![(*address).into()],
            Host::Ipv6(address) => vec![(*address).into()],
        };
        if addresses.is_empty() {
            return Err(CallError::Unreachable(io::Error::other("its host name has no address")));
        }
        let mut last = CallError::Forbidden;
        for address in addresses {
            // Check here and not earlier: the connection goes to this very address.
            if !self.policy.allows(target, address) {
                continue;
            }
            match TcpStream::connect(SocketAddr::new(address, port)).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(CallError::Unreachable)?;
                    return Ok(stream);
                }
                Err(error) => last = CallError::Unreachable(error),
            }
        }
        Err(last)
    }

    async fn tls(self: &Arc<Self>) -> Result<TlsConnector, CallError> {
        if let Some(made) = self.tls.get() {
            return made.clone().map_err(CallError::Unusable);
        }
        let inner = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || {
            inner.tls.get_or_init(|| connector(&inner.extra_roots)).clone()
        });
        made.await.map_err(|error| CallError::Unusable(error.to_string()))?.map_err(CallError::Unusable)
    }
}

fn request(target: &Target, headers: HeaderMap, body: Bytes) -> Result<Request<Full<Bytes>>, CallError> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(target.path_and_query())
        .header(HOST, target.authority())
        .header(USER_AGENT, concat!("chinwag/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(body))
        .map_err(|error| CallError::Unusable(error.to_string()))?;
    request.headers_mut().extend(headers);
    Ok(request)
}

fn connector(extra_roots: &[CertificateDer<'static>]) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    // Unreadable ones are skipped; the rest decide.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(extra_roots.iter().cloned());
    if roots.is_empty() {
        return Err("the system has no certificates to check servers with".to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&error))?;
    if certificates.is_empty() { Err(unreadable(&"has no certificate")) } else { Ok(certificates) }
}

/// Seconds, or a date (RFC 9110 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(date.duration_since(jiff::Timestamp::now())).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

impl Answer {
    pub(crate) fn is_success(self) -> bool {
        StatusCode::from_u16(self.status).is_ok_and(|status| status.is_success())
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn wait(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_bounded() {
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("999999999"), Some(MAX_RETRY_AFTER));
        assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("Thu, 31 Dec 2099 23:59:59 GMT"), Some(MAX_RETRY_AFTER));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-1"), None);
    }
}
