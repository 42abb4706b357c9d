//! The accept loop. It is our own, because the usual one has no time limit for a request's head.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_rustls::TlsAcceptor;

use super::admission::{Admission, Slot, TURN};
use super::error::detail;
use super::forwarded::{Complaints, named_address};
use super::guard;
use super::listening::{Head, Listening};
use super::patience::Patient;
use crate::chat::Chat;
use crate::listener::{ClientAddress, Listener};
use crate::realtime::Hub;

/// The longest head of a request.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;
/// The pause after a temporary error, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// Why a running server stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listening socket failed.
    #[error("can't accept connections: {0}")]
    Accept(#[from] io::Error),
}

/// Serves until `shutdown` resolves, then drains.
pub(crate) async fn serve(
    chat: &Chat,
    hub: &Hub,
    router: Router,
    listener: Listener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let admission = Arc::new(Admission::new(chat.config()));
    // Connections hold receivers: they learn of the end, and the sender learns when all are gone.
    let (stop, stopping) = watch::channel(());
    let acceptor = Acceptor {
        tls: listener.tls,
        router,
        head_timeout: chat.config().limits.head_timeout,
        write_stall: chat.config().limits.write_stall,
        behind_proxy: chat.config().behind_proxy,
        admission: Arc::clone(&admission),
        complaints: Complaints::default(),
    };
    let acceptor = Arc::new(acceptor);
    // Requests are still answered while WebSockets close, so that `/readyz` can say that the server is
    // stopping.
    let limit = chat.config().limits.drain;
    let draining = async {
        shutdown.await;
        tokio::time::timeout(limit, hub.drain()).await.is_err()
    };
    tokio::pin!(draining);
    let is_late = loop {
        let accepted = tokio::select! {
            is_late = &mut draining => break is_late,
            accepted = accept(&listener.tcp, &admission) => accepted,
        };
        let (stream, address, total) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_or_fail(error).await?;
                continue;
            }
        };
        let acceptor = Arc::clone(&acceptor);
        let stopping = stopping.clone();
        tokio::spawn(async move {
            let Some(slot) = acceptor.begin(&stream, address, total, stopping.clone()).await else { return };
            // Boxed, so that a waiting connection takes no room for it.
            let mut serving = Box::pin(acceptor.serve(stream, address, slot.clone(), stopping));
            if tokio::time::timeout(TURN, &mut serving).await.is_err() {
                slot.end_turn();
                serving.await;
            }
        });
    };
    drop((listener.tcp, stopping));
    stop.send_replace(());
    if tokio::time::timeout(limit, stop.closed()).await.is_err() || is_late {
        tracing::warn!("some connections did not close in time");
    }
    Ok(())
}

/// Accepts a connection once there may be one more.
async fn accept(
    listener: &TcpListener,
    admission: &Admission,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let total = admission.one_more().await.ok_or(io::ErrorKind::NotConnected)?;
    // Unconstrained: when all clients come back at once, all waiting ones are accepted before others are
    // served. The system's queue is short, and a client that finds it full waits for seconds.
    let (stream, address) = tokio::task::unconstrained(listener.accept()).await?;
    Ok((stream, address, total))
}

/// Errors of one connection or of a full table are temporary; any other error ends the socket.
async fn pause_or_fail(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted => {
            Ok(())
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected => Err(error),
        _ => {
            tracing::warn!(%error, "can't accept a connection");
            tokio::time::sleep(PAUSE).await;
            Ok(())
        }
    }
}

struct Acceptor {
    tls: Option<TlsAcceptor>,
    router: Router,
    head_timeout: Duration,
    write_stall: Duration,
    behind_proxy: bool,
    admission: Arc<Admission>,
    complaints: Complaints,
}

impl Acceptor {
    /// Waits until the client sends something, and until it is its turn. `None`: it is gone, or sent nothing
    /// in time.
    async fn begin(
        &self,
        stream: &TcpStream,
        address: SocketAddr,
        total: OwnedSemaphorePermit,
        mut stopping: watch::Receiver<()>,
    ) -> Option<Slot> {
        let slot = self.admission.enter(network(address.ip()), total).await?;
        tokio::select! {
            said = tokio::time::timeout(self.head_timeout, stream.readable()) => said.ok()?.ok()?,
            _ = stopping.changed() => return None,
        }
        self.admission.begin(&slot).await;
        Some(slot)
    }

    async fn serve(&self, stream: TcpStream, address: SocketAddr, slot: Slot, stopping: watch::Receiver<()>) {
        // A chat frame must not wait for the next one. If a socket refuses this, it is closed already.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        match &self.tls {
            None => self.serve_http(stream, address, slot, stopping).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = tokio::time::timeout(self.head_timeout, tls.accept(stream)).await {
                    self.serve_http(stream, address, slot, stopping).await;
                }
            }
        }
    }

    /// The peer, or the client that the trusted proxy reports last.
    fn client_address<B>(&self, request: &Request<B>, peer: SocketAddr) -> IpAddr {
        if !self.behind_proxy {
            return peer.ip();
        }
        named_address(request.headers()).unwrap_or_else(|why| {
            self.complaints.tell(why);
            peer.ip()
        })
    }

    async fn serve_http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        address: SocketAddr,
        slot: Slot,
        mut stopping: watch::Receiver<()>,
    ) {
        let head = Arc::new(Mutex::new(Head::default()));
        let stream = Listening::new(stream, slot.clone(), Arc::clone(&head));
        let service = tower::service_fn(|mut request: Request<Incoming>| {
            let has_two_lengths = head.lock().has_two_lengths(!request.body().is_end_stream());
            let refusal = refuse_head(&request, has_two_lengths);
            let client = network(self.client_address(&request, address));
            request.extensions_mut().insert(ClientAddress(client));
            request.extensions_mut().insert(slot.clone());
            let mut router = self.router.clone();
            async move {
                match refusal {
                    Some(text) => Ok(bad_request(text)),
                    None => tower::Service::call(&mut router, request).await,
                }
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_BYTES)
            // A client that has sent everything may close that half and still want the answer. A client that
            // is gone is noticed at a write: in an event stream, at the next comment.
            .half_close(true)
            .serve_connection(
                TokioIo::new(Patient::new(stream, self.write_stall)),
                TowerToHyperService::new(service),
            )
            .with_upgrades();
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        // Errors here are the peer's: a malformed head, a hang-up. hyper has answered what it could.
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }
}

/// Why a request is not valid HTTP/1.1 (RFC 9112 sections 3.2 and 6.3), beyond what the parser refuses.
fn refuse_head<B>(request: &Request<B>, has_two_lengths: bool) -> Option<&'static str> {
    if has_two_lengths {
        return Some("A request may have Content-Length or Transfer-Encoding, not both");
    }
    let mut hosts = request.headers().get_all(header::HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => None,
        (None, _) => Some("The Host header is missing"),
        (Some(_), Some(_)) => Some("A request may have only one Host header"),
        (Some(host), None) if is_host(host) => None,
        (Some(_), None) => Some("The Host header must be a name or an address, with or without a port"),
    }
}

fn is_host(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => ("::", port),
            _ => return false,
        },
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok() && !port.starts_with('+');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    !name.is_empty()
        && name.bytes().all(is_plain)
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// What follows on this connection may not be what it seems.
fn bad_request(text: &str) -> Response {
    let mut response = detail(StatusCode::BAD_REQUEST, text);
    guard::add_headers(response.headers_mut());
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The unit of the limits by address: an IPv4 address, or an IPv6 network of 64 bits. A household has a whole
/// such network, and could come from another address each time.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_network_of_64_bits_counts_as_one_address() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ] {
            let (address, expected): (IpAddr, IpAddr) = (address.parse().unwrap(), expected.parse().unwrap());
            assert_eq!(network(address), expected);
        }
    }
}
