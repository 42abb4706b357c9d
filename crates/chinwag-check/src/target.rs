//! Where the server is, and how a connection to it is made: plain, or through TLS.
//!
//! Everything that the checker sends goes through here, so the same misfortune happens behind TLS.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use hyper::http::uri::Authority;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio_util::either::Either;

use crate::error::{CheckError, system};

/// A connection.
pub(crate) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    /// As requests name it: host and port.
    pub(crate) authority: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Target {
    /// A server of our own.
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self { address, authority: address.to_string(), tls: None }
    }

    /// A server that runs already; `tls` is for `https://`.
    pub(crate) fn parse(
        url: &str,
        tls: Option<TlsConnector>,
        allow_remote: bool,
    ) -> Result<Self, CheckError> {
        let (rest, port, tls) = match (url.strip_prefix("http://"), url.strip_prefix("https://"), tls) {
            (Some(rest), _, _) => (rest, 80, None),
            (_, Some(rest), Some(tls)) => (rest, 443, Some(tls)),
            _ => return Err(CheckError::Options("--url must begin with http:// or https://")),
        };
        let authority: Authority = rest
            .trim_end_matches('/')
            .parse()
            .map_err(|_| CheckError::Options("--url takes a host and a port, and nothing behind them"))?;
        let host = authority.host();
        let mut addresses = (host, authority.port_u16().unwrap_or(port))
            .to_socket_addrs()
            .map_err(system("can't find the address of --url"))?;
        let address = addresses
            .find(SocketAddr::is_ipv4)
            .ok_or(CheckError::Options("--url needs a host with an IPv4 address"))?;
        if !address.ip().is_loopback() && !allow_remote {
            return Err(CheckError::Remote(address));
        }
        let named = |tls| Ok((tls, ServerName::try_from(host.to_owned())?));
        let tls: Result<_, InvalidDnsNameError> = tls.map(named).transpose();
        let tls = tls.map_err(|_| CheckError::Options("the host of --url can be in no certificate"))?;
        Ok(Self { address, authority: authority.to_string(), tls })
    }

    /// Connects. A small receive buffer makes the server's socket full, which is when it has to fall back to
    /// its log.
    pub(crate) async fn connect(&self, receive_buffer: Option<u32>) -> io::Result<Stream> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Either::Left(stream),
            Some((tls, name)) => Either::Right(tls.connect(name.clone(), stream).await?),
        })
    }
}

/// What is below TLS, if there is any.
pub(crate) fn tcp(stream: &Stream) -> &TcpStream {
    match stream {
        Either::Left(stream) => stream,
        Either::Right(stream) => stream.get_ref().0,
    }
}
