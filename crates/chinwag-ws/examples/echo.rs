//! A server that echoes every message: `scripts/autobahn` tests it.
//! `cargo run --release -p chinwag-ws --example echo -- 127.0.0.1:9001`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints for its user")]

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use chinwag_ws::{Decoder, Limits, Message};
use chinwag_ws::{accept_key, binary_frame, close_frame, pong_frame, text_frame};

/// The suite sends messages of 16 MiB.
const LIMITS: Limits = Limits { max_frame_bytes: 16 << 20, max_message_bytes: 16 << 20 };

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || {
            if let Err(error) = serve(&stream) {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

fn serve(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    let rest = upgrade(stream, &mut buffer)?;
    let mut decoder = Decoder::new();
    let mut count = rest;
    loop {
        let mut input = buffer.get_mut(..count).unwrap_or_default();
        loop {
            match decoder.decode(&LIMITS, &mut input) {
                Ok(None) => break,
                Ok(Some(message)) => {
                    if !answer(stream, &message)? {
                        return Ok(());
                    }
                }
                Err(error) => return stream.write_all(&close_frame(error.close_code(), &error.to_string())),
            }
        }
        count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
    }
}

/// Echoes a message; false if it was the last one.
fn answer(mut stream: &TcpStream, message: &Message<'_>) -> io::Result<bool> {
    match message {
        Message::Text(text) => {
            stream.write_all(&text_frame(|frame| frame.extend_from_slice(text.as_bytes())))?;
        }
        Message::Binary(bytes) => stream.write_all(&binary_frame(bytes))?,
        Message::Ping(bytes) => stream.write_all(&pong_frame(bytes))?,
        Message::Pong(_) => {}
        Message::Close(code, reason) => {
            stream.write_all(&close_frame(code.unwrap_or(1000), reason))?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Answers the opening handshake; the bytes that followed it are then at the front of `buffer`.
fn upgrade(mut stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    let end = loop {
        let count = stream.read(buffer.get_mut(filled..).unwrap_or_default())?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        let head = buffer.get(..filled).unwrap_or_default();
        if let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).into_owned();
    let key = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .and_then(|(_, key)| accept_key(key.trim()))
        .ok_or(io::ErrorKind::InvalidData)?;
    stream.write_all(
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {key}\r\n\r\n"
        )
        .as_bytes(),
    )?;
    buffer.copy_within(end + 4..filled, 0);
    Ok(filled - end - 4)
}
