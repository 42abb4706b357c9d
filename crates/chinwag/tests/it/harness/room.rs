//! A WebSocket client, as strict as RFC 6455: it answers pings, and fails on anything unexpected.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{assert_described, soon};

/// One open room socket.
pub(crate) struct Room<S = TcpStream> {
    pub(crate) socket: WebSocketStream<S>,
}

/// The opening handshake for a path of a server.
pub(crate) fn request(address: SocketAddr, path: &str) -> Request<()> {
    format!("ws://{address}{path}").into_client_request().unwrap()
}

/// Opens a socket.
pub(crate) async fn open(address: SocketAddr, path: &str) -> Room {
    let stream = soon("a connection", TcpStream::connect(address)).await.unwrap();
    Room::over(stream, request(address, path)).await
}

/// What a refused handshake is answered.
pub(crate) async fn refusal_of(request: Request<()>) -> (u16, Value) {
    let address = request.uri().authority().unwrap().to_string();
    let stream = soon("a connection", TcpStream::connect(address)).await.unwrap();
    match soon("a refusal", client_async(request, stream)).await {
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            (response.status().as_u16(), serde_json::from_slice(body).unwrap_or_default())
        }
        other => panic!("not refused: {:?}", other.map(|_| ())),
    }
}

impl Room {
    /// Opens a socket with a small receive buffer.
    pub(crate) async fn narrow(address: SocketAddr, path: &str, receive_bytes: u32) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(receive_bytes).unwrap();
        let stream = soon("a connection", socket.connect(address)).await.unwrap();
        Self::over(stream, request(address, path)).await
    }

    /// Like [`Room::narrow`]; `None` if there is no server, or it lets nobody in.
    pub(crate) async fn try_narrow(address: SocketAddr, path: &str, receive_bytes: u32) -> Option<Self> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(receive_bytes).unwrap();
        let stream = soon("a connection or none", socket.connect(address)).await.ok()?;
        let (socket, _) = soon("a handshake", client_async(request(address, path), stream)).await.ok()?;
        Some(Self { socket })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Room<S> {
    pub(crate) async fn over(stream: S, request: Request<()>) -> Self {
        let (socket, _) = soon("the handshake", client_async(request, stream)).await.unwrap();
        Self { socket }
    }

    async fn read(&mut self) -> Message {
        let message = soon("a frame", self.socket.next()).await.expect("closed without goodbye").unwrap();
        if let Message::Text(text) = &message {
            assert_described(&serde_json::from_str(text).unwrap());
        }
        message
    }

    /// The next JSON frame.
    pub(crate) async fn frame(&mut self) -> Value {
        loop {
            match self.read().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a frame: {other:?}"),
            }
        }
    }

    /// The next message; skips arrivals and departures.
    pub(crate) async fn message(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            match frame["type"].as_str().unwrap() {
                "message" => return frame,
                "user_joined" | "user_left" => {}
                _ => panic!("not a message: {frame}"),
            }
        }
    }

    /// The next frame, which must be an error; returns its code.
    pub(crate) async fn error_code(&mut self) -> String {
        let frame = self.frame().await;
        assert_eq!(frame["type"], "error", "{frame}");
        frame["code"].as_str().unwrap().to_owned()
    }

    /// Reads on until the server closes; returns the code.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.read().await {
                return frame.expect("a code").code.into();
            }
        }
    }

    /// The very next frame must be the close; returns its code.
    pub(crate) async fn refused_with(&mut self) -> u16 {
        match self.read().await {
            Message::Close(frame) => frame.expect("a code").code.into(),
            other => panic!("not a goodbye: {other:?}"),
        }
    }

    /// The very first frame, or the code of the close in its place.
    pub(crate) async fn first_or_refused(&mut self) -> Result<Value, u16> {
        match self.read().await {
            Message::Text(text) => Ok(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => Err(frame.expect("a code").code.into()),
            other => panic!("neither a frame nor a goodbye: {other:?}"),
        }
    }

    /// Whether the very next frame is the close.
    pub(crate) async fn next_is_close(&mut self) -> bool {
        matches!(self.read().await, Message::Close(_))
    }

    pub(crate) async fn say(&mut self, content: &str) {
        self.send(&json!({"content": content}).to_string()).await;
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    pub(crate) async fn send_message(&mut self, message: Message) {
        soon("room for a frame", self.socket.send(message)).await.unwrap();
    }

    /// Says goodbye and waits for the answer.
    pub(crate) async fn leave(mut self) {
        self.socket.close(None).await.unwrap();
        soon("the server's goodbye", async { while let Some(Ok(_)) = self.socket.next().await {} }).await;
    }

    /// Proves that nothing more was sent: the next frame is the echo of our own message.
    pub(crate) async fn hears_nothing_but_itself(&mut self) {
        let content = format!("nothing before this, {}", rand::random::<u64>());
        self.say(&content).await;
        let frame = self.frame().await;
        assert_eq!(frame["content"], content, "{frame}");
    }
}
