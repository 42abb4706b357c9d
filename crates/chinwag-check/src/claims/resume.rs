//! A client that was away for long: it misses 10, 1,000 and the requested number of events, the last several
//! times. Measures the server's memory before, during (the peak) and after each replay.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chinwag_client::{Api, Client, Signer, SocketOptions};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::flatness::{self, Round};
use crate::args::Options;
use crate::checker::check_deliveries;
use crate::client::crowd::read_log;
use crate::client::device::Person;
use crate::client::frames::{delivery, is_event, kind, number};
use crate::client::socket::{Incoming, Socket};
use crate::error::CheckError;
use crate::history::{End, History, Scope, Seq, Session};
use crate::process::{peak_during, resident};
use crate::report::{Claim, Tell};

/// Writers that fill the log. Messages that arrive together are committed together.
const WRITERS: usize = 64;
/// Repeats of the longest replay, to see what each leaves behind.
const ROUNDS: usize = 8;
/// A pause after each replay, so that the server can clean up.
const REST: Duration = Duration::from_millis(250);
/// The longest wait between two frames of a replay.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn resume(
    client: &Client,
    pid: Option<u32>,
    signer: &Signer,
    options: &Options,
    tell: Tell<'_>,
) -> Result<Claim, CheckError> {
    let mut lengths: Vec<usize> = [10, 1000, options.events].into();
    lengths.retain(|length| *length <= options.events);
    lengths.dedup();
    lengths.extend(std::iter::repeat_n(options.events, ROUNDS));
    let name = "a client catches up from however far behind, in memory that does not grow with it";
    let trials = format!("{} resumes over up to {} missed events", lengths.len(), options.events);
    let mut claim = Claim::new(name, trials, lengths.iter().sum());
    let begun = Instant::now();
    let (owner, other) = (Person::new(client, signer, 0).await?, Person::new(client, signer, 1).await?);
    let api = Api::new(client, &owner.token);
    let wish = json!({"title": "resume", "participant_ids": [other.id]});
    let id = number(&api.post("/conversations/", &wish).await?, "id");
    let head = fill(client, &owner, id, options.events, tell).await?;
    claim.figure(
        "events a second while the log was filled",
        options.events as f64 / begun.elapsed().as_secs_f64(),
    );

    let mut history = History::default();
    history.participants.insert(id, [owner.id, other.id].into());
    history.logs.insert(id, read_log(&api, id).await?);
    let mut rounds = Vec::new();
    let first_round = lengths.len() - ROUNDS;
    for (number, length) in lengths.into_iter().enumerate() {
        tell("resume", length, options.events);
        tokio::time::sleep(REST).await;
        let after = head - Seq::try_from(length).unwrap_or(Seq::MAX);
        let before = resident(pid);
        let replaying = Instant::now();
        let attach = u64::try_from(number).unwrap_or_default();
        let span = Span { conversation: id, cursor: cursor_at(&history, id, after), after, head };
        let (session, peak) = peak_during(pid, replay(client, &other, &span, attach)).await;
        let seconds = replaying.elapsed().as_secs_f64();
        history.sessions.push(session);
        tokio::time::sleep(REST).await;
        let is_repeat = number >= first_round;
        if !is_repeat {
            claim.figure(format!("ms for {length} events"), seconds * 1000.0);
        }
        if let (Some(before), Some(peak), Some(after)) = (before, peak, resident(pid)) {
            if is_repeat {
                rounds.push(Round { before, peak, after });
            } else {
                claim.figure(format!("MiB of the server before {length} events"), before);
                claim.figure(format!("MiB at most during {length} events"), peak);
                claim.figure(format!("MiB after {length} events"), after);
            }
        }
    }
    if let Some(last) = rounds.last() {
        claim.figure(format!("MiB after {ROUNDS} more of them"), last.after);
    }
    if let Some(problem) = flatness::problem(&rounds, options.events) {
        claim.problem(problem);
    }
    claim.took(begun.elapsed());
    claim.judge(&check_deliveries(&history));
    Ok(claim)
}

/// Sends this many messages; returns the head.
async fn fill(
    client: &Client,
    person: &Person,
    id: i64,
    events: usize,
    tell: Tell<'_>,
) -> Result<Seq, CheckError> {
    let (next, head) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicI64::new(0)));
    let mut writers: JoinSet<Result<(), CheckError>> = JoinSet::new();
    for _ in 0..WRITERS {
        let api = Api::new(client, &person.token);
        let (next, head) = (Arc::clone(&next), Arc::clone(&head));
        writers.spawn(async move {
            let path = format!("/conversations/{id}/messages");
            loop {
                let message = next.fetch_add(1, Ordering::Relaxed);
                if message >= events {
                    return Ok(());
                }
                let content = format!("message {message} of a long absence");
                let stored = api.post(&path, &json!({"content": content})).await?;
                head.fetch_max(number(&stored, "seq"), Ordering::Relaxed);
            }
        });
    }
    loop {
        tell("filling the log", next.load(Ordering::Relaxed).min(events), events);
        match tokio::time::timeout(Duration::from_millis(200), writers.join_next()).await {
            Ok(Some(Ok(written))) => written?,
            Ok(Some(Err(error))) => return Err(CheckError::Protocol(format!("a writer failed: {error}"))),
            Ok(None) => return Ok(head.load(Ordering::Relaxed)),
            Err(_) => {}
        }
    }
}

/// The events that a client missed.
struct Span {
    conversation: i64,
    cursor: String,
    after: Seq,
    head: Seq,
}

/// The cursor of an event, as a client that has it would write it.
fn cursor_at(history: &History, conversation: i64, seq: Seq) -> String {
    let log = history.logs.get(&conversation).map_or(&[][..], Vec::as_slice);
    match log.iter().find(|event| event.seq == seq) {
        Some(event) => format!("{seq}.{}", String::from_utf8_lossy(&event.stamp.to_be_bytes())),
        None => "0".to_owned(),
    }
}

/// Resumes and reads up to the head.
async fn replay(client: &Client, person: &Person, span: &Span, attach: u64) -> Session {
    let Span { conversation, cursor, after, head } = span;
    let (conversation, after, head) = (*conversation, *after, *head);
    let mut session = Session {
        attach,
        device: 0,
        user: person.id,
        conversation,
        scope: Scope::Everything,
        begun: 0,
        after,
        deliveries: Vec::new(),
        end: End::Settled(head),
    };
    let path = format!("/conversations/{conversation}/ws?token={}&v=1&after={cursor}", person.token);
    let Some(mut socket) = Socket::open(client, &path, SocketOptions::default()).await else {
        return session;
    };
    let mut have = after;
    while have < head {
        // If it ends early, the checker sees what is missing.
        let Ok(Incoming::Frame(frame)) = tokio::time::timeout(PATIENCE, socket.next()).await else { break };
        if kind(&frame) == "gap" {
            session.end = End::Discontinued;
            break;
        }
        let events = frame.get("events").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let single = is_event(&frame).then_some(&frame);
        for event in events.iter().chain(single) {
            session.deliveries.push(delivery(event));
            have = have.max(number(event, "seq"));
        }
    }
    socket.close().await;
    session
}
