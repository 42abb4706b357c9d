//! Times the parts of a message's path: decode and parse, encode, append, fan-out, resume. The last three run
//! a whole server in this process, with real sockets and a real disk: `cargo bench -p chinwag --bench
//! server`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "macros make public items; a bench may panic"
)]

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use chinwag::protocol::rest::{NewConversation, UserRole};
use chinwag::protocol::{ConversationId, Request, Send, Timestamp, UserId};
use chinwag::{Actor, Auth, Chat, Config, Limits, Listener, Secret, Server};
use chinwag_ws::{Decoder, text_frame};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

const SECRET: &[u8] = b"a secret that only benches know, 32 bytes or more";
const RECEIVERS: usize = 100;
const MISSED: usize = 1000;

/// A server, its only user, and a conversation of theirs.
struct Bench {
    runtime: Runtime,
    chat: Chat,
    address: SocketAddr,
    actor: Actor,
    conversation: ConversationId,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let config = Config {
            data_dir: folder.path().join("data"),
            auth: Auth {
                shared_secret: Some(Secret::new(SECRET).unwrap()),
                provision: true,
                ..Auth::default()
            },
            limits: Limits { is_enforced: false, ..Limits::default() },
            ..Config::default()
        };
        let (chat, address) = runtime.block_on(async {
            let server = Server::builder(config).build().await.unwrap();
            let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None).await.unwrap();
            let address = listener.local_addr().unwrap();
            let chat = server.chat();
            tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
            (chat, address)
        });
        let mut bench = Self {
            runtime,
            chat,
            address,
            actor: actor(UserId(0)),
            conversation: ConversationId(0),
            _folder: folder,
        };
        bench.actor = actor(bench.provision());
        let title = Some("Bench".to_owned());
        let new = NewConversation { title, participant_ids: None, participant_id: None };
        let created = bench.runtime.block_on(bench.chat.create_conversation(&bench.actor, new)).unwrap();
        bench.conversation = created.id;
        bench
    }

    /// A new token creates its user.
    fn provision(&self) -> UserId {
        let url = format!("http://{}/users/me", self.address);
        let request = reqwest::Client::new().get(url).bearer_auth(token());
        let user: serde_json::Value =
            self.runtime.block_on(async { request.send().await?.json().await }).unwrap();
        UserId(user["id"].as_i64().unwrap())
    }

    fn send(&self) {
        let send = Send { content: "x".repeat(200), ..Send::default() };
        self.runtime.block_on(self.chat.send(&self.actor, self.conversation, send)).unwrap();
    }

    /// A socket of the user in the conversation, which has received its first frame.
    fn enter(&self, query: &str) -> WebSocket<TcpStream> {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (address, conversation, token) = (self.address, self.conversation, token());
        let url = format!("ws://{address}/conversations/{conversation}/ws?token={token}{query}");
        let mut socket = client(url, stream).unwrap().0;
        wait_for(&mut socket, "connection");
        socket
    }
}

fn actor(user_id: UserId) -> Actor {
    let (username, expires_at) = (Arc::from("bench"), Timestamp(i64::MAX));
    Actor { user_id, username, role: UserRole::User, session: None, expires_at }
}

fn token() -> String {
    let claims = serde_json::json!({"sub": "bench", "iat": 1_700_000_000, "exp": 4_000_000_000_u32});
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

/// Reads until a frame of this type comes.
fn wait_for(socket: &mut WebSocket<TcpStream>, kind: &str) {
    let start = format!(r#"{{"type":"{kind}""#);
    loop {
        if let Message::Text(text) = socket.read().unwrap()
            && text.starts_with(&start)
        {
            return;
        }
    }
}

fn command() -> String {
    format!(r#"{{"content":"{}","client_id":"0198f9a2-7c1e-7d1b-9a53-2f3c7f0e6a11"}}"#, "x".repeat(200))
}

/// A client's frame: masked.
fn masked(payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

fn frames(criterion: &mut Criterion) {
    let frame = masked(command().as_bytes());
    criterion.bench_function("decode and parse", |bencher| {
        bencher.iter_batched_ref(
            || frame.clone(),
            |frame| {
                let mut input = frame.as_mut_slice();
                match Decoder::new().decode(&chinwag_ws::Limits::default(), &mut input) {
                    Ok(Some(chinwag_ws::Message::Text(text))) => Request::parse(&text).unwrap(),
                    other => unreachable!("{other:?}"),
                }
            },
            BatchSize::SmallInput,
        );
    });
    let value = serde_json::from_str::<serde_json::Value>(&command()).unwrap();
    criterion.bench_function("encode", |bencher| {
        bencher.iter(|| text_frame(|payload| serde_json::to_writer(payload, &value).unwrap()));
    });
}

fn append(criterion: &mut Criterion) {
    let bench = Bench::start();
    criterion.bench_function("append, one sender", |bencher| bencher.iter(|| bench.send()));
}

fn fanout(criterion: &mut Criterion) {
    let bench = Bench::start();
    let mut sockets: Vec<_> = (0..RECEIVERS).map(|_| bench.enter("")).collect();
    let mut group = criterion.benchmark_group("fan-out");
    group.throughput(Throughput::Elements(RECEIVERS as u64));
    group.bench_function("one message to 100", |bencher| {
        bencher.iter(|| {
            bench.send();
            sockets.iter_mut().for_each(|socket| wait_for(socket, "message"));
        });
    });
    group.finish();
}

fn resume(criterion: &mut Criterion) {
    let bench = Bench::start();
    (0..MISSED).for_each(|_| bench.send());
    let mut group = criterion.benchmark_group("resume");
    group.throughput(Throughput::Elements(MISSED as u64));
    group.bench_function("one client behind by 1,000", |bencher| {
        bencher.iter(|| {
            let mut socket = bench.enter("&v=1&after=0");
            wait_for(&mut socket, "caught_up");
        });
    });
    group.finish();
}

criterion_group! {
    name = server;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = frames, append, fanout, resume
}
criterion_main!(server);
