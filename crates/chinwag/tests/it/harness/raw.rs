//! Bytes on a TCP socket, for what no well-behaved client sends.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::{assert_described, soon};

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
}

/// One frame of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The code of a close frame.
    pub(crate) fn close_code(&self) -> u16 {
        assert_eq!(self.opcode, 8, "{self:?}");
        u16::from_be_bytes([self.payload[0], self.payload[1]])
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.opcode, 1, "{self:?}");
        serde_json::from_slice(&self.payload).unwrap()
    }
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: soon("a connection", TcpStream::connect(address)).await.unwrap() }
    }

    /// A WebSocket whose frames the test makes itself.
    pub(crate) async fn upgrade(address: SocketAddr, path: &str) -> Self {
        Self::connect(address).await.upgraded(path).await
    }

    /// The same, with a small receive buffer.
    pub(crate) async fn narrow(address: SocketAddr, path: &str) -> Self {
        Self::narrow_tcp(address).await.upgraded(path).await
    }

    /// A connection with a small receive buffer.
    pub(crate) async fn narrow_tcp(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        Self { stream: soon("a connection", socket.connect(address)).await.unwrap() }
    }

    async fn upgraded(self, path: &str) -> Self {
        let mut raw = self;
        let address = raw.stream.peer_addr().unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        raw.write(head.as_bytes()).await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        raw
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        soon("room for bytes", self.stream.write_all(bytes)).await.unwrap();
    }

    /// Reads up to and including the end of an answer's head, and no further.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon("a head", self.stream.read_u8()).await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// Everything until the server hangs up. A reset counts as its end.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = soon("the end of the connection", self.stream.read_to_end(&mut bytes)).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends one masked frame.
    pub(crate) async fn frame(&mut self, first_byte: u8, payload: &[u8]) {
        self.write(&masked(first_byte, payload)).await;
    }

    /// Reads one frame.
    pub(crate) async fn read_frame(&mut self) -> Frame {
        soon("a frame", async {
            let first = self.stream.read_u8().await.unwrap();
            assert_eq!(first & 0xf0, 0x80, "the server sends whole frames without extensions");
            let length = match self.stream.read_u8().await.unwrap() {
                126 => u64::from(self.stream.read_u16().await.unwrap()),
                127 => self.stream.read_u64().await.unwrap(),
                length @ 0..=125 => u64::from(length),
                masked => panic!("the server masks nothing: {masked}"),
            };
            let mut payload = vec![0; length as usize];
            self.stream.read_exact(&mut payload).await.unwrap();
            let frame = Frame { opcode: first & 0x0f, payload };
            if frame.opcode == 1 {
                assert_described(&frame.json());
            }
            frame
        })
        .await
    }
}

/// One frame with the mask 1 2 3 4.
pub(crate) fn masked(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first_byte];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let mask = [1, 2, 3, 4];
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}
