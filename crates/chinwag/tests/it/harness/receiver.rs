//! The tests' own push service or webhook receiver: it uses TLS with a certificate of its own authority,
//! answers as the test wants, and keeps what it received.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a call is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    /// With this header line.
    With(u16, String),
    /// Accepts the request, and never answers.
    Silence,
    /// A head that never ends, byte by byte.
    Drip,
    /// 201, and a body that never ends, byte by byte.
    DripBody,
    /// 201 with ten megabytes.
    Flood,
    /// A head of ten megabytes.
    FloodOfHeaders,
}

/// What came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// A header's value; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }
}

type Answers = Arc<Mutex<HashMap<String, VecDeque<Answer>>>>;

pub(crate) struct Receiver {
    pub(crate) port: u16,
    /// The address of the receiver without TLS.
    plain_port: u16,
    folder: TempDir,
    calls: mpsc::UnboundedReceiver<Call>,
    answers: Answers,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), root.pem()).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let names = ["localhost", "127.0.0.1", "push.test", "other.test"].map(str::to_owned).to_vec();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, plain_port) = (listener.local_addr().unwrap().port(), plain.local_addr().unwrap().port());
        let (sender, calls) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let (plain_sender, script) = (sender.clone(), Arc::clone(&answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = plain.accept().await {
                tokio::spawn(serve(stream, plain_sender.clone(), Arc::clone(&script)));
            }
        });
        let script = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, sender, script) = (acceptor.clone(), sender.clone(), Arc::clone(&script));
                tokio::spawn(async move { serve(acceptor.accept(stream).await.ok()?, sender, script).await });
            }
        });
        Self { port, plain_port, folder, calls, answers }
    }

    /// The certificate of its authority.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// Where it can be called without TLS.
    pub(crate) fn plain_url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.plain_port)
    }

    /// Sets the answers to the next calls of a path; after them, all get 201.
    pub(crate) fn will(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().entry(path.to_owned()).or_default().extend(answers);
    }

    /// From now on, calls of a path are answered with 201.
    pub(crate) fn forgive(&self, path: &str) {
        self.answers.lock().unwrap().remove(path);
    }

    /// Waits for the next call.
    pub(crate) async fn call(&mut self) -> Call {
        let call = tokio::time::timeout(PATIENCE, self.calls.recv()).await;
        call.expect("a call in time").unwrap()
    }

    /// The calls that have come by now and were not awaited.
    pub(crate) fn rest(&mut self) -> Vec<Call> {
        std::iter::from_fn(|| self.calls.try_recv().ok()).collect()
    }
}

/// Answers one connection's calls. The caller may hang up at any time.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    calls: mpsc::UnboundedSender<Call>,
    answers: Answers,
) -> Option<()> {
    loop {
        let call = read(&mut stream).await?;
        let answer = answers.lock().unwrap().get_mut(&call.path).and_then(VecDeque::pop_front);
        calls.send(call).ok()?;
        let answer = answer.unwrap_or(Answer::Status(201));
        match answer {
            Answer::Status(status) => respond(&mut stream, status, "x-answer: 1", b"").await?,
            Answer::With(status, ref header) => respond(&mut stream, status, header, b"").await?,
            Answer::Silence => std::future::pending().await,
            Answer::Drip | Answer::DripBody => {
                let is_body = matches!(answer, Answer::DripBody);
                let end = if is_body { "content-length: 60000\r\n\r\n" } else { "" };
                stream.write_all(format!("HTTP/1.1 201 Created\r\n{end}").as_bytes()).await.ok()?;
                loop {
                    stream.write_all(if is_body { b"x" } else { b"x-more: 1\r\n" }).await.ok()?;
                    stream.flush().await.ok()?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Answer::Flood => {
                respond(&mut stream, 201, "x-answer: 1", &vec![b'x'; 10_000_000]).await?;
            }
            Answer::FloodOfHeaders => {
                let header = format!("x-much: {}", "x".repeat(10_000_000));
                respond(&mut stream, 201, &header, b"").await?;
            }
        }
    }
}

async fn respond(
    stream: &mut (impl AsyncWrite + Unpin),
    status: u16,
    header: &str,
    body: &[u8],
) -> Option<()> {
    let head = format!("HTTP/1.1 {status} Answer\r\n{header}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    stream.flush().await.ok()
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Call> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let request = lines.next().unwrap();
    assert!(request.starts_with("POST "), "{request}");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let mut call = Call { at: Instant::now(), path, headers, body: Vec::new() };
    call.body = vec![0; call.header("content-length").parse().unwrap()];
    stream.read_exact(&mut call.body).await.ok()?;
    Some(call)
}
