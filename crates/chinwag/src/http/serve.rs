//! The accept loop. Ours, because the usual one has no time limit for a request's head.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_rustls::TlsAcceptor;

use super::admission::{Admission, Slot, TURN};
use super::patience::Patient;
use crate::chat::Chat;
use crate::listener::{ClientAddress, Listener};
use crate::server::ServeError;

/// A request's head, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;
/// After an error that may pass, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` resolves, then drains.
pub(crate) async fn serve(
    chat: &Chat,
    router: Router,
    listener: Listener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let admission = Arc::new(Admission::new(chat.config()));
    // Connections hold receivers: they hear of the end, and the sender hears when all are gone.
    let (stop, stopping) = watch::channel(());
    let acceptor = Acceptor {
        tls: listener.tls,
        router,
        head_timeout: chat.config().limits.head_timeout,
        write_stall: chat.config().limits.write_stall,
        behind_proxy: chat.config().behind_proxy,
        admission: Arc::clone(&admission),
    };
    let acceptor = Arc::new(acceptor);
    // While WebSockets are told to go, requests are still answered: `/readyz` says that the end is near.
    let limit = chat.config().limits.drain;
    let draining = async {
        shutdown.await;
        tokio::time::timeout(limit, chat.hub().drain()).await.is_err()
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
            let Some(slot) = acceptor.admission.enter(network(address.ip()), total).await else { return };
            // Boxed: whoever waits has no room for it.
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

/// Accepts one connection, once there may be one more.
async fn accept(
    listener: &TcpListener,
    admission: &Admission,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let total = admission.one_more().await.ok_or(io::ErrorKind::NotConnected)?;
    // Unconstrained: when everybody comes back at once, those who wait are all accepted before others are served.
    // The system's queue is short, and whoever finds it full waits for seconds.
    let (stream, address) = tokio::task::unconstrained(listener.accept()).await?;
    Ok((stream, address, total))
}

/// Errors of one connection or of a full table pass; anything else is the socket's own end.
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
}

impl Acceptor {
    async fn serve(&self, stream: TcpStream, address: SocketAddr, slot: Slot, stopping: watch::Receiver<()>) {
        // A chat frame must not wait for the next one. A socket that refuses this is closed already.
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

    async fn serve_http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        address: SocketAddr,
        slot: Slot,
        mut stopping: watch::Receiver<()>,
    ) {
        let behind_proxy = self.behind_proxy;
        let router = self.router.clone();
        let service = tower::service_fn(move |mut request: Request<hyper::body::Incoming>| {
            let address = client_address(&request, address, behind_proxy);
            request.extensions_mut().insert(ClientAddress(network(address)));
            request.extensions_mut().insert(slot.clone());
            let mut router = router.clone();
            async move { tower::Service::call(&mut router, request).await }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_timeout)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD_BYTES)
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
        // Errors here are the peer's: a broken head, a hang-up. hyper has answered what can be answered.
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }
}

/// The peer, or whom the trusted proxy in front names last.
fn client_address<B>(request: &Request<B>, peer: SocketAddr, behind_proxy: bool) -> IpAddr {
    let forwarded = request.headers().get_all("x-forwarded-for").iter().next_back();
    let address = forwarded
        .filter(|_| behind_proxy)
        .and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok())
        .unwrap_or(peer.ip());
    network(address)
}

/// Whom the limits by address count as one: an IPv4 address, or an IPv6 network of 64 bits. A single
/// household has the whole of such a network, and could come from another address each time.
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
