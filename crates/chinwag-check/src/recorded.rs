//! Histories that other programs recorded: a file of JSON lines, each a part of a [`History`].
//!
//! `record` says which part: `participants`, `attempt`, `session`, `log`, `mark` or `belief`. Events stand as
//! the server sent them, and the lines may come in any order. docs/sdk.md describes the fields.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::client::frames::{delivery, logged, message_key};
use crate::error::{CheckError, system};
use crate::history::{
    Attempt, Belief, Change, ConversationId, End, History, Instant, Mark, Outcome, Place, Scope, Seq,
    Session, UserId,
};
use crate::keys::stamp_key;

/// One line.
#[derive(Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Line {
    Participants {
        conversation: ConversationId,
        users: Vec<UserId>,
    },
    Attempt {
        attach: u64,
        user: UserId,
        conversation: ConversationId,
        /// With `content`, a message; without it, another change.
        client_id: Option<String>,
        #[serde(default)]
        content: String,
        invoked: Instant,
        stored: Option<Stored>,
        #[serde(default)]
        refused: bool,
    },
    Session {
        attach: u64,
        device: u32,
        user: UserId,
        conversation: ConversationId,
        #[serde(default)]
        messages_only: bool,
        /// Without it, deliveries after a deletion are not judged.
        #[serde(default)]
        begun: Instant,
        after: Seq,
        deliveries: Vec<Value>,
        settled: Option<Seq>,
        #[serde(default)]
        discontinued: bool,
    },
    Log {
        conversation: ConversationId,
        events: Vec<Value>,
    },
    Mark {
        attach: u64,
        conversation: ConversationId,
        user: UserId,
        read: Seq,
    },
    Belief {
        observer: String,
        subject: String,
        value: String,
    },
}

/// What an acknowledgement said.
#[derive(Deserialize)]
struct Stored {
    at: Instant,
    seq: Seq,
    stamp: String,
    #[serde(default)]
    message_id: i64,
}

/// Reads a recorded history.
///
/// # Errors
/// If the file can't be read, or a line is not one of the records above.
pub(crate) fn read(path: &Path) -> Result<History, CheckError> {
    let file = File::open(path).map_err(system("can't open the history"))?;
    let mut history = History::default();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(system("can't read the history"))?;
        let line = serde_json::from_str(&line)
            .map_err(|error| CheckError::Protocol(format!("line {} of the history: {error}", number + 1)))?;
        add(line, &mut history);
    }
    Ok(history)
}

fn add(line: Line, history: &mut History) {
    match line {
        Line::Participants { conversation, users } => {
            history.participants.entry(conversation).or_default().extend(users);
        }
        Line::Attempt { attach, user, conversation, client_id, content, invoked, stored, refused } => {
            let change = match client_id {
                Some(client_id) => Change::Message { client_id, content: message_key(user, &content) },
                None => Change::Other,
            };
            let outcome = match stored {
                Some(Stored { at, seq, stamp, message_id }) => {
                    Outcome::Stored { at, place: Place { seq, stamp: stamp_key(&stamp), message_id } }
                }
                None if refused => Outcome::Refused,
                None => Outcome::Unknown,
            };
            history.attempts.push(Attempt { attach, user, conversation, change, invoked, outcome });
        }
        Line::Session {
            attach,
            device,
            user,
            conversation,
            messages_only,
            begun,
            after,
            deliveries,
            settled,
            discontinued,
        } => {
            let scope = if messages_only { Scope::Messages } else { Scope::Everything };
            let end = match settled {
                Some(seq) => End::Settled(seq),
                None if discontinued => End::Discontinued,
                None => End::Cut,
            };
            let deliveries = deliveries.iter().map(delivery).collect();
            let session =
                Session { attach, device, user, conversation, scope, begun, after, deliveries, end };
            history.sessions.push(session);
        }
        Line::Log { conversation, events } => {
            history.logs.entry(conversation).or_default().extend(events.iter().map(logged));
        }
        Line::Mark { attach, conversation, user, read } => {
            history.marks.push(Mark { attach, conversation, user, read });
        }
        Line::Belief { observer, subject, value } => {
            history.beliefs.push(Belief { observer, subject, value });
        }
    }
}
