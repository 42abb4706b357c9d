//! HTTP/1.1 by the letter (RFC 9110, 9112), where it decides what a request is, and who can still be
//! answered.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;

use crate::harness::{Raw, TestServer, soon};

async fn status_of(server: &TestServer, request: &str) -> String {
    let mut raw = Raw::connect(server.address).await;
    raw.write(request.as_bytes()).await;
    let answer = raw.rest().await;
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_request_names_one_host_as_a_host_is_written() {
    let server = TestServer::provisioning().await;
    let get = async |headers: &str| {
        status_of(&server, &format!("GET /healthz HTTP/1.1\r\n{headers}Connection: close\r\n\r\n")).await
    };
    for headers in [
        "Host: localhost\r\n",
        "Host: chat.example.com:8443\r\n",
        "Host: chat_1.example.com:\r\n",
        "host: 192.0.2.1:80\r\n",
        "Host: [2001:db8::1]\r\n",
        "Host: [::1]:8000\r\n",
    ] {
        assert_eq!(get(headers).await, "200", "{headers}");
    }
    for headers in [
        "",
        "Host:\r\n",
        "Host: \r\n",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost\r\nHost: other\r\n",
        "Host: local host\r\n",
        "Host: localhost, other\r\n",
        "Host: http://localhost\r\n",
        "Host: localhost/healthz\r\n",
        "Host: me@localhost\r\n",
        "Host: localhost:http\r\n",
        "Host: localhost:80:80\r\n",
        "Host: localhost:65536\r\n",
        "Host: localhost:+80\r\n",
        "Host: :80\r\n",
        "Host: [::1\r\n",
        "Host: [::1]80\r\n",
        "Host: [localhost]\r\n",
        "Host: ::1\r\n",
    ] {
        assert_eq!(get(headers).await, "400", "{headers:?}");
    }
    assert_eq!(status_of(&server, "GET /healthz HTTP/1.0\r\n\r\n").await, "200", "1.0 knows no Host");
}

#[tokio::test]
async fn a_body_has_one_length_and_the_connection_ends_with_a_second_one() {
    let server = TestServer::provisioning().await;
    let end = "Host: localhost\r\nContent-Type: application/x-www-form-urlencoded";
    let body = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "transfer-encoding: Chunked\r\nX: y\r\ncontent-length: 5",
    ] {
        let mut raw = Raw::connect(server.address).await;
        raw.write(format!("GET /healthz HTTP/1.1\r\n{end}\r\n\r\n").as_bytes()).await;
        assert!(raw.head().await.starts_with("HTTP/1.1 200 "));
        raw.write(format!("POST /auth/token HTTP/1.1\r\n{end}\r\n{lengths}\r\n\r\n{body}").as_bytes()).await;
        let answers = raw.rest().await;
        assert!(answers.contains("HTTP/1.1 400 "), "{lengths}: {answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{lengths}: {answers}");
    }
}

#[tokio::test]
async fn who_closes_the_sending_half_gets_the_answer() {
    let server = TestServer::demo().await;
    let form = "username=nobody&password=Password1";
    let post = format!(
        "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    for (request, status) in [("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"), (&post, "401")] {
        let mut raw = Raw::connect(server.address).await;
        raw.write(request.as_bytes()).await;
        raw.stream.shutdown().await.unwrap();
        let answer = raw.rest().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

/// Every address of 127.0.0.0/8 is this computer.
async fn from_address(server: &TestServer, last: u16) -> Raw {
    let socket = TcpSocket::new_v4().unwrap();
    let [high, low] = last.to_be_bytes();
    socket.bind(std::net::SocketAddr::from(([127, 1, high, low], 0))).unwrap();
    Raw { stream: soon("a connection", socket.connect(server.address)).await.unwrap() }
}

#[tokio::test]
async fn who_is_silent_or_pauses_takes_nobodys_turn() {
    let server = TestServer::provisioning_with(|config| {
        config.limits.head_timeout = Duration::from_secs(600);
        config.limits.unauthenticated_per_address = 1;
    })
    .await;
    let mut others = Vec::new();
    for place in 0..600 {
        let mut raw = from_address(&server, place).await;
        if place % 2 == 0 {
            raw.write(b"GET /heal").await;
        }
        others.push(raw);
    }
    // Each of them alone would block the others for a tenth of a second.
    assert_eq!(server.get("/healthz").await.status, 200);
    // They were not forgotten, either.
    for raw in others.iter_mut().step_by(200) {
        raw.write(b"thz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert!(raw.head().await.starts_with("HTTP/1.1 200 "));
    }
}
