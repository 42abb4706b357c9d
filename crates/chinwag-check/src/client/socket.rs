//! A WebSocket that can be treated badly: closed, reset in the middle, or not read.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use socket2::SockRef;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};

use crate::target::{Stream, Target, tcp};

/// Opening must not hang, nor a write to a server that does not read.
const LIMIT: Duration = Duration::from_secs(10);
/// A polite goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

pub(crate) struct Socket {
    stream: WebSocketStream<Stream>,
}

/// What came.
#[derive(Debug)]
pub(crate) enum Incoming {
    Frame(Value),
    /// The end, with its code if there was one.
    Closed(Option<u16>),
}

impl Socket {
    /// `None` if the server can't be reached now.
    pub(crate) async fn open(
        target: &Target,
        path: &str,
        bearer: Option<&str>,
        receive_buffer: Option<u32>,
    ) -> Option<Self> {
        tokio::time::timeout(LIMIT, Self::connect(target, path, bearer, receive_buffer)).await.ok()?
    }

    async fn connect(
        target: &Target,
        path: &str,
        bearer: Option<&str>,
        receive_buffer: Option<u32>,
    ) -> Option<Self> {
        let stream = target.connect(receive_buffer).await.ok()?;
        let mut request = format!("ws://{}{path}", target.authority).into_client_request().ok()?;
        if let Some(token) = bearer {
            let offered = HeaderValue::from_str(&format!("chinwag.v1, bearer.{token}")).ok()?;
            request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, offered);
        }
        let (stream, _) = tokio_tungstenite::client_async(request, stream).await.ok()?;
        Some(Self { stream })
    }

    /// Cancel-safe: a frame is whole or still in the stream.
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

    /// Says goodbye and waits a moment for the answer.
    pub(crate) async fn close(mut self) {
        let goodbye = async {
            // A peer that is gone needs no goodbye.
            let _ = self.stream.close(None).await;
            while let Some(Ok(_)) = self.stream.next().await {}
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }

    /// Goes as a process that is killed behind a broken link: the peer gets a TCP reset.
    pub(crate) fn reset(self) {
        // If the option can't be set, this is an ordinary end of the stream, which is a cut as well.
        let _ = SockRef::from(tcp(self.stream.get_ref())).set_linger(Some(Duration::ZERO));
    }
}
