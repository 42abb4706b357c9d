//! A WebSocket that can misbehave: close, reset midway, or stop reading.

use std::time::Duration;

use chinwag_client::{Client, SocketOptions};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use socket2::SockRef;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;

/// The limit of a write, so that it does not hang on a server that stopped reading.
const LIMIT: Duration = Duration::from_secs(10);
/// The limit of the closing handshake.
const GOODBYE: Duration = Duration::from_millis(500);

pub(crate) struct Socket {
    stream: chinwag_client::Socket,
}

/// What came.
#[derive(Debug)]
pub(crate) enum Incoming {
    Frame(Value),
    /// The end, with its close code if there was one.
    Closed(Option<u16>),
}

impl Socket {
    /// `None` if the server can't be reached now.
    pub(crate) async fn open(client: &Client, path: &str, options: SocketOptions<'_>) -> Option<Self> {
        Some(Self { stream: client.open_socket(path, options).await.ok()? })
    }

    /// Cancel-safe: a frame is whole, or still in the stream.
    pub(crate) async fn next(&mut self) -> Incoming {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    if let Ok(frame) = serde_json::from_str(&text) {
                        return Incoming::Frame(frame);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    return Incoming::Closed(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Incoming::Closed(None),
            }
        }
    }

    /// False if the socket is gone.
    pub(crate) async fn send(&mut self, frame: &Value) -> bool {
        let sent = self.stream.send(Message::text(frame.to_string()));
        tokio::time::timeout(LIMIT, sent).await.is_ok_and(|sent| sent.is_ok())
    }

    /// Closes, and waits a moment for the answer.
    pub(crate) async fn close(mut self) {
        let goodbye = async {
            // If the peer is gone, the close may fail.
            let _ = self.stream.close(None).await;
            while let Some(Ok(_)) = self.stream.next().await {}
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }

    /// Ends like a killed process behind a broken link: the peer gets a TCP reset.
    pub(crate) fn reset(self) {
        let tcp = match self.stream.get_ref() {
            MaybeTlsStream::Plain(tcp) => tcp,
            MaybeTlsStream::Rustls(tls) => tls.get_ref().0,
            _ => return,
        };
        // If the option can't be set, the stream ends in the ordinary way, which is a cut as well.
        let _ = SockRef::from(tcp).set_linger(Some(Duration::ZERO));
    }
}
