//! The same room socket behind TLS, where writes go through a buffer of rustls.

use std::sync::Arc;
use std::time::Duration;

use chinwag::TlsFiles;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use crate::harness::{Room, TestServer, foreign_token, request, soon};

/// A server with a certificate of its own, and a client that trusts it.
struct Secure {
    server: TestServer,
    connector: TlsConnector,
    _files: tempfile::TempDir,
}

impl Secure {
    async fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files =
            TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(rustls::pki_types::CertificateDer::from_pem_file(&files.certificate).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = TestServer::with_tls(files, |config| {
            config.limits.is_enforced = false;
            // A ping would push out the stuck bytes, and hide the fault.
            config.limits.heartbeat = Duration::from_secs(600);
            config.limits.head_timeout = Duration::from_millis(500);
        })
        .await;
        Self { server, connector: TlsConnector::from(Arc::new(client)), _files: folder }
    }

    /// How many events were written to sockets, by the metrics.
    async fn deliveries(&self) -> usize {
        let mut stream = self.connect().await;
        let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        soon("the metrics", stream.read_to_string(&mut answer)).await.unwrap();
        let (_, value) = answer.split_once("\nchinwag_fanout_deliveries_total ").unwrap();
        value.lines().next().unwrap().parse().unwrap()
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let stream = socket.connect(self.server.address).await.unwrap();
        let localhost = ServerName::try_from("localhost").unwrap();
        soon("the TLS handshake", self.connector.connect(localhost, stream)).await.unwrap()
    }

    async fn enter(&self, name: &str, conversation: i64) -> Room<TlsStream<TcpStream>> {
        let path = format!("/conversations/{conversation}/ws?token={}", foreign_token(name));
        let mut room = Room::over(self.connect().await, request(self.server.address, &path)).await;
        assert_eq!(room.frame().await["type"], "connection");
        room
    }
}

/// Makes a conversation of these people inside the server: the HTTP client of the tests has no TLS.
async fn group(secure: &Secure, name: &str) -> (chinwag::Actor, i64) {
    // Refused, but from now on the user is known.
    let path = format!("/conversations/999/ws?token={}", foreign_token(name));
    let mut refused = Room::over(secure.connect().await, request(secure.server.address, &path)).await;
    assert_eq!(refused.refused_with().await, 4004);
    let actor = chinwag::Actor {
        user_id: chinwag::protocol::UserId(1),
        username: name.into(),
        role: chinwag::protocol::rest::UserRole::User,
        session: None,
        expires_at: chinwag::protocol::Timestamp(i64::MAX),
    };
    let new = chinwag::protocol::rest::NewConversation {
        title: Some("Secure".to_owned()),
        participant_ids: None,
        participant_id: None,
    };
    let made = secure.server.server.chat().create_conversation(&actor, new).await.unwrap();
    (actor, made.id.0)
}

async fn send(secure: &Secure, actor: &chinwag::Actor, conversation: i64, content: String) {
    let send = chinwag::protocol::Send { content, ..Default::default() };
    let id = chinwag::protocol::ConversationId(conversation);
    secure.server.server.chat().send(actor, id, send).await.unwrap();
}

/// 24 KB as JSON: more than one TLS record.
fn large(place: usize) -> String {
    format!("{place:04}{}", "\u{1}".repeat(3996))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_frames_reach_many_sockets_behind_tls() {
    let secure = Secure::start().await;
    let (actor, conversation) = group(&secure, "anna").await;
    let mut rooms = Vec::new();
    for _ in 0..10 {
        rooms.push(secure.enter("anna", conversation).await);
    }
    for place in 0..40 {
        send(&secure, &actor, conversation, large(place)).await;
    }
    for room in &mut rooms {
        for place in 0..40 {
            let message = room.message().await;
            assert_eq!(message["seq"], json!(place + 1));
            assert_eq!(message["content"], large(place));
        }
    }
    rooms[0].say(&large(40)).await;
    for room in &mut rooms {
        assert_eq!(room.message().await["content"], large(40));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_in_the_buffer_of_tls_when_a_reader_comes_back() {
    let secure = Secure::start().await;
    let (actor, conversation) = group(&secure, "anna").await;
    let full = messages_until_full(&secure, &actor, conversation).await;
    // Around there, the last bytes have filled the system's buffer and wait in that of TLS.
    for count in full - 6..full {
        let new = chinwag::protocol::rest::NewConversation {
            title: Some(format!("{count} messages")),
            participant_ids: None,
            participant_id: None,
        };
        let made = secure.server.server.chat().create_conversation(&actor, new).await.unwrap();
        let mut asleep = secure.enter("anna", made.id.0).await;
        for place in 0..count {
            send(&secure, &actor, made.id.0, large(place)).await;
        }
        for place in 0..count {
            assert_eq!(asleep.message().await["seq"], json!(place + 1), "of {count}");
        }
    }
}

/// How many messages fill the buffers of a reader that sleeps.
async fn messages_until_full(secure: &Secure, actor: &chinwag::Actor, conversation: i64) -> usize {
    let asleep = secure.enter("anna", conversation).await;
    let mut prompt = secure.enter("anna", conversation).await;
    let mut sent = 0;
    loop {
        send(secure, actor, conversation, large(sent)).await;
        sent += 1;
        prompt.message().await;
        // The count of this one may still be on its way, that of the one before is not.
        if secure.deliveries().await < 2 * (sent - 1) {
            drop(asleep);
            return sent;
        }
    }
}

#[tokio::test]
async fn plain_http_to_a_tls_port_is_not_waited_for() {
    let secure = Secure::start().await;
    let mut raw = crate::harness::Raw::connect(secure.server.address).await;
    raw.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!raw.rest().await.contains("HTTP/1.1 2"));
    let mut silent = crate::harness::Raw::connect(secure.server.address).await;
    assert_eq!(silent.rest().await, "");
}
