//! Files in and out over a bare connection, because their time is measured without a client library's work.
//! All other requests of a bench go through `chinwag-client`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::error::{BenchError, system};

/// The limit of an answer, so that a bench does not hang with its server.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// The largest answer of a bench is a file.
const MAX_ANSWER_BYTES: usize = 64 << 20;

const FORM: &str = "multipart/form-data; boundary=limit";

pub(crate) struct Files {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

impl Files {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self, BenchError> {
        let stream = TcpStream::connect(address).map_err(system("can't connect to the server"))?;
        stream.set_nodelay(true).map_err(system("can't configure a socket"))?;
        stream.set_read_timeout(Some(ANSWER_LIMIT)).map_err(system("can't configure a socket"))?;
        Ok(Self { stream: BufReader::new(stream), host: address })
    }

    /// Sends a file as a form.
    pub(crate) fn upload(&mut self, token: &str, bytes: &[u8]) -> Result<Value, BenchError> {
        let mut body =
            b"--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n".to_vec();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--limit--\r\n");
        let answer = self.request("POST", "/files", token, &body)?;
        serde_json::from_slice(&answer)
            .map_err(|error| BenchError::Protocol(format!("/files: the answer is not JSON: {error}")))
    }

    /// The bytes of a file.
    pub(crate) fn download(&mut self, path: &str, token: &str) -> Result<Vec<u8>, BenchError> {
        self.request("GET", path, token, b"")
    }

    fn request(&mut self, method: &str, path: &str, token: &str, body: &[u8]) -> Result<Vec<u8>, BenchError> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: {FORM}\r\nContent-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        let sent = self
            .stream
            .get_mut()
            .write_all(request.as_bytes())
            .and_then(|()| self.stream.get_mut().write_all(body))
            .map_err(system("can't send a request"));
        // A server may refuse a body before it has all of it; its answer then says why it stopped reading.
        let answer = self.answer();
        let (status, body) = if answer.is_err() { sent.and(answer)? } else { answer? };
        if !(200..300).contains(&status) {
            let body = String::from_utf8_lossy(&body).into_owned();
            return Err(BenchError::Refused { request: format!("{method} {path}"), status, body });
        }
        Ok(body)
    }

    fn answer(&mut self) -> Result<(u16, Vec<u8>), BenchError> {
        let status = self.line()?;
        let status = status
            .split_whitespace()
            .nth(1)
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| BenchError::Protocol(format!("no HTTP status in {status:?}")))?;
        let mut length = None;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok().filter(|length| *length <= MAX_ANSWER_BYTES);
            }
        }
        let length =
            length.ok_or_else(|| BenchError::Protocol("an answer without Content-Length".to_owned()))?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).map_err(system("can't read an answer"))?;
        Ok((status, body))
    }

    fn line(&mut self) -> Result<String, BenchError> {
        let mut line = String::new();
        self.stream.read_line(&mut line).map_err(system("can't read an answer"))?;
        Ok(line.trim_end().to_owned())
    }
}
