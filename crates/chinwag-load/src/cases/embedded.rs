//! `append --embedded`: the library as a host calls it, from one task per sender, without sockets. Runs in
//! its own process, as every server does: this program again, with the hidden case `embedded`.

use std::fmt::Display;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chinwag::protocol::rest::{NewConversation, UserRole};
use chinwag::protocol::{ConversationId, Send, Timestamp, UserId};
use chinwag::{Actor, Auth, Chat, Config, Limits, Listener, Secret, Server};
use chinwag_client::Api;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::args::{Embedded, Options};
use crate::error::{BenchError, system};
use crate::helper::{Helper, answer, orders};
use crate::ledger::{Faults, Ledger};
use crate::population::{id_of, in_parallel};
use crate::process;
use crate::setup::Setup;
use crate::statistics::Latencies;
use crate::target::Target;

/// All senders have their conversations.
#[derive(Serialize, Deserialize)]
struct Ready {}

/// Send until that time, at most this many messages.
#[derive(Serialize, Deserialize)]
struct Order {
    seconds: f64,
    max_messages: u64,
}

/// The result of the senders.
#[derive(Serialize, Deserialize)]
pub(super) struct Reached {
    pub(super) messages: u64,
    pub(super) seconds: f64,
    /// Latencies in microseconds.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// CPU time of the whole process, including the senders' tasks.
    pub(super) cpu: Duration,
    pub(super) faults: Faults,
}

/// The process of the library and its callers, as the bench sees it.
pub(super) struct Host {
    helper: Helper,
}

impl Host {
    /// Starts it on an empty folder, and waits until all senders may send.
    pub(super) fn start(
        senders: usize,
        content_bytes: usize,
        folder: &Path,
        setup: &Setup<'_>,
    ) -> Result<Self, BenchError> {
        chinwag_client::make_secret(folder)?;
        let (senders, bytes) = (senders.to_string(), content_bytes.to_string());
        let words = ["embedded", "--senders", &senders, "--content-bytes", &bytes, "--folder"].map(Path::new);
        let mut helper = Helper::start(setup.program, words.into_iter().chain([folder]))?;
        let Ready {} = helper.hear()?;
        Ok(Self { helper })
    }

    /// Lets all of them send.
    pub(super) fn drive(&mut self, options: &Options) -> Result<Reached, BenchError> {
        self.helper.tell(&Order { seconds: options.seconds, max_messages: options.max_messages })?;
        self.helper.hear()
    }
}

/// Runs as that process until its orders end.
pub(crate) fn host(case: &Embedded, setup: &Setup<'_>) -> Result<(), BenchError> {
    let secret_file = case.folder.join("secret");
    let secret = fs::read(&secret_file).map_err(system("can't read the secret"))?;
    let config = Config {
        data_dir: case.folder.join("data"),
        auth: Auth {
            shared_secret: Some(Secret::new(secret).map_err(|reason| failed(&reason))?),
            provision: true,
            ..Auth::default()
        },
        limits: Limits { is_enforced: false, ..Limits::default() },
        ..Config::default()
    };
    let runtime = Runtime::new().map_err(system("can't start threads"))?;
    let (chat, url) = runtime.block_on(serve(config))?;
    // Users are created by their first token, over HTTP as always.
    let options = Options { target: Some(url), jwt_secret_file: Some(secret_file), ..setup.options.clone() };
    let target = Target::open(&Setup { options: &options, ..*setup })?;
    let users = in_parallel(&target, case.senders, &async |client, number| {
        id_of(&Api::new(client, &target.token(number)?).get("/users/me").await?)
    })?;
    let senders = users.into_iter().enumerate().map(|(number, id)| {
        let actor = actor(id, &target.username(number));
        let new =
            NewConversation { title: Some("Room".to_owned()), participant_ids: None, participant_id: None };
        let made =
            runtime.block_on(chat.create_conversation(&actor, new)).map_err(|refusal| failed(&refusal))?;
        Ok((actor, made.id))
    });
    let senders = senders.collect::<Result<Vec<_>, BenchError>>()?;
    answer(&Ready {}).map_err(system("can't answer"))?;
    for order in orders::<Order>() {
        let reached = runtime.block_on(send_all(&chat, &senders, case.content_bytes, &order));
        answer(&reached).map_err(system("can't answer"))?;
    }
    Ok(())
}

fn failed(reason: &dyn Display) -> BenchError {
    BenchError::Protocol(format!("the library refused: {reason}"))
}

async fn serve(config: Config) -> Result<(Chat, String), BenchError> {
    let server = Server::builder(config).build().await.map_err(|error| failed(&error))?;
    let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None).await;
    let listener = listener.map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let chat = server.chat();
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
    Ok((chat, format!("http://{address}")))
}

fn actor(id: u64, username: &str) -> Actor {
    let user_id = UserId(i64::try_from(id).unwrap_or_default());
    let expires_at = Timestamp(i64::MAX);
    Actor { user_id, username: Arc::from(username), role: UserRole::User, session: None, expires_at }
}

/// One task per sender; each waits for its answer before it sends again.
async fn send_all(
    chat: &Chat,
    senders: &[(Actor, ConversationId)],
    content_bytes: usize,
    order: &Order,
) -> Reached {
    let begun = Instant::now();
    let stop = begun + Duration::from_secs_f64(order.seconds);
    let cpu = process::cpu(std::process::id());
    let latencies = Arc::new(Mutex::new(Latencies::new()));
    let share = (order.max_messages / u64::try_from(senders.len().max(1)).unwrap_or(1)).max(1);
    let mut tasks = JoinSet::new();
    for (actor, conversation_id) in senders.iter().cloned() {
        let (chat, latencies) = (chat.clone(), Arc::clone(&latencies));
        let content = "x".repeat(content_bytes);
        tasks.spawn(async move {
            let (mut ledger, mut number) = (Ledger::starting_at(0), 0);
            while number < share && Instant::now() < stop {
                let sent = Instant::now();
                let send = Send {
                    content: content.clone(),
                    client_id: Some(client_id(actor.user_id, number)),
                    ..Send::default()
                };
                match chat.send(&actor, conversation_id, send).await {
                    Ok(sent) if !sent.is_duplicate => {
                        ledger.receive(number, u64::try_from(sent.message.seq.0).unwrap_or(0));
                    }
                    Ok(_) => ledger.misplaced(),
                    // The message counts as lost.
                    Err(_) => {}
                }
                latencies.lock().unwrap_or_else(PoisonError::into_inner).record(sent.elapsed());
                number += 1;
            }
            (number, ledger.close(number))
        });
    }
    let (mut messages, mut faults) = (0, Faults::default());
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((sent, found)) => {
                messages += sent;
                faults.add(&found);
            }
            Err(_) => faults.closed += 1,
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = process::cpu(std::process::id()).zip(cpu).map(|(now, then)| now.saturating_sub(then));
    let latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
    let (p50, p99) = (latencies.micros(50), latencies.micros(99));
    Reached { messages, seconds, p50, p99, cpu: cpu.unwrap_or_default(), faults }
}

/// Begins with the time, like the ids of the project's own client.
fn client_id(user_id: UserId, number: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:013}-{user_id}-{number}", now.as_millis())
}
