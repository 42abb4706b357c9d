//! A WebSocket, plain or through TLS (RFC 6455 section 4.1).

use std::io;

use reqwest::Method;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::client::Client;
use crate::error::ClientError;

/// A WebSocket.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How a socket is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct SocketOptions<'a> {
    /// Sent with the offered protocols, as a browser does.
    pub bearer: Option<&'a str>,
    /// In bytes. A small buffer fills the server's socket, which makes the server fall back to its log.
    pub receive_buffer: Option<u32>,
}

impl Client {
    /// Opens a WebSocket.
    ///
    /// # Errors
    /// As [`send`](Client::send).
    pub async fn open_socket(&self, path: &str, options: SocketOptions<'_>) -> Result<Socket, ClientError> {
        // The part after the `?` may contain a token.
        let name = format!("{} {}", Method::GET, path.split('?').next().unwrap_or_default());
        let opening = async {
            // `ws` for `http`, `wss` for `https`.
            let url = format!("{self}{path}").replacen("http", "ws", 1);
            let mut request = url.into_client_request()?;
            if let Some(token) = options.bearer {
                let offered = HeaderValue::from_str(&format!("chinwag.v1, bearer.{token}"))?;
                request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, offered);
            }
            let stream = self.connect(options.receive_buffer).await?;
            let tls = Connector::Rustls(self.tls.clone());
            Ok(client_async_tls_with_config(request, stream, None, Some(tls)).await?.0)
        };
        let opening = async {
            opening.await.map_err(|error: Error| match error {
                Error::Http(answer) => {
                    let body = answer.body().as_deref().unwrap_or_default();
                    ClientError::refused(name.clone(), answer.status(), body)
                }
                Error::Io(error) => ClientError::unreachable(&name, &error),
                error => ClientError::unreachable(&name, &error),
            })
        };
        self.within(&name, opening).await
    }

    /// Tries every address of the name: `localhost` is often `::1` first.
    async fn connect(&self, receive_buffer: Option<u32>) -> io::Result<TcpStream> {
        let host = self.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = self.url.port_or_known_default().unwrap_or_default();
        let mut failure = io::ErrorKind::AddrNotAvailable.into();
        for address in lookup_host((host, port)).await? {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            if let Some(bytes) = receive_buffer {
                socket.set_recv_buffer_size(bytes)?;
            }
            match socket.connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}
