//! The listening socket: plain TCP, or TLS by rustls.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;

/// Connections that may wait to be accepted: as many as the system allows (`net.core.somaxconn`), since all
/// clients of a server may come back at once. A client that finds no room retries after 1, 3, 7, … seconds.
const BACKLOG: u32 = 65_535;

/// Where the server listens.
pub struct Listener {
    pub(crate) tcp: TcpListener,
    pub(crate) tls: Option<TlsAcceptor>,
}

/// PEM files of a certificate chain and its key.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The leaf's key.
    pub key: PathBuf,
}

/// The client's address, as an extension of the request, for rate limits. A host that serves the router
/// itself may set it; without it, the limits per address do not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl Listener {
    /// Binds an address. With port 0 the system chooses one.
    ///
    /// # Errors
    /// If the address is taken or not local, or a TLS file can't be used.
    pub async fn bind(address: SocketAddr, tls: Option<TlsFiles>) -> io::Result<Self> {
        let tls = tls.map(|files| acceptor(&files)).transpose()?;
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self { tcp: socket.listen(BACKLOG)?, tls })
    }

    /// Returns the bound address.
    ///
    /// # Errors
    /// If the system can't tell it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

fn acceptor(files: &TlsFiles) -> io::Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(&files.certificate, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| unusable(&files.certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("can't use {}: {error}", path.display()))
}
