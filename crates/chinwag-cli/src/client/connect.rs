//! From a URL to a connection, plain or TLS.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::CallError;

/// Where a server is.
#[derive(Clone)]
pub(super) struct Base {
    host: String,
    port: u16,
    /// Before every path, for servers that are nested in another; no slash at its end.
    prefix: String,
    tls: Option<TlsConnector>,
    authority: String,
}

impl Base {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{url:?} {what}");
        let uri: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
        let has_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("begins with neither http:// nor https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(wrong("has more than a host, a port and a path"));
        }
        let port = authority.port_u16().unwrap_or(if has_tls { 443 } else { 80 });
        Ok(Self {
            host: authority.host().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            prefix: uri.path().trim_end_matches('/').to_owned(),
            tls: if has_tls { Some(tls(None)?) } else { None },
            authority: authority.as_str().to_owned(),
        })
    }

    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Sends a request on a connection of its own.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, CallError> {
        // Every address of the name is tried: `localhost` is often ::1 first.
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => exchange(stream, request).await,
            Some(tls) => {
                let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
                exchange(tls.connect(name, stream).await?, request).await
            }
        }
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, CallError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Drives the body, and hands the stream over after an upgrade. Its errors show up at the request.
    tokio::spawn(connection.with_upgrades());
    Ok(sender.send_request(request).await?)
}

/// TLS that trusts the certificates of a file, or those that the system trusts.
pub(crate) fn tls(ca: Option<&Path>) -> Result<TlsConnector, String> {
    let roots = match ca {
        Some(file) => roots_of(file).map_err(|what| format!("{}: {what}", file.display()))?,
        None => system_roots()?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots_of(file: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("there is no certificate in it".to_owned()) } else { Ok(roots) }
}

fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    // What can't be read is left out; what remains decides.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this system trusts no certificates; install ca-certificates".to_owned());
    }
    Ok(roots)
}

impl fmt::Display for Base {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        write!(formatter, "{scheme}://{}{}", self.authority, self.prefix)
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Base({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_with_and_without_port_and_path() {
        for (url, expected) in [
            ("http://localhost:8000", Ok(("localhost", 8000, "/x"))),
            ("http://localhost:8000/", Ok(("localhost", 8000, "/x"))),
            ("http://chat.example.com/chat/", Ok(("chat.example.com", 80, "/chat/x"))),
            ("http://[::1]:81", Ok(("::1", 81, "/x"))),
            ("localhost:8000", Err(())),
            ("ftp://localhost", Err(())),
            ("http://user@localhost", Err(())),
            ("http://localhost/?a=b", Err(())),
        ] {
            let base = Base::parse(url).map_err(drop);
            let base = base.as_ref().map(|base| (base.host.as_str(), base.port, base.path("/x")));
            let expected = expected.map(|(host, port, path)| (host, port, path.to_owned()));
            assert_eq!(base.map_err(|&()| ()), expected, "{url}");
        }
    }
}
