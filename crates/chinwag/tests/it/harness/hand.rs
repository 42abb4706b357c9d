//! One user's hand in one conversation: the same commands over REST, the room socket or the user socket.

use std::collections::VecDeque;

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{Person, Room, open, reply};

/// The transport of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Rest,
    Room,
    User,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Rest, Self::Room, Self::User];
}

/// Frames that are entries of a log.
const DURABLE: [&str; 11] = [
    "message",
    "message_edited",
    "message_deleted",
    "reaction_added",
    "reaction_removed",
    "pinned",
    "unpinned",
    "participant_added",
    "participant_removed",
    "participant_updated",
    "conversation_updated",
];

pub(crate) struct Hand {
    pub(crate) person: Person,
    pub(crate) conversation: i64,
    pub(crate) way: Way,
    socket: Option<Room>,
    /// Frames that came while something else was awaited.
    heard: VecDeque<Value>,
    commands: usize,
}

/// What became of a command: the answer's fields, or the code of its refusal. REST has a status instead.
#[derive(Debug)]
pub(crate) enum Told {
    Done(Value),
    Refused { code: String, status: u16, text: String },
}

impl Hand {
    pub(crate) async fn new(person: &Person, conversation: i64, way: Way) -> Self {
        let socket = match way {
            Way::Rest => None,
            Way::Room => Some(enter_at_level_1(person, conversation, "").await),
            Way::User => Some(greet(person).await.0),
        };
        let (person, heard) = (person.clone(), VecDeque::new());
        Self { person, conversation, way, socket, heard, commands: 0 }
    }

    /// On a room socket that replays the log from the beginning.
    pub(crate) async fn from_the_start(person: &Person, conversation: i64) -> Self {
        let socket = enter_at_level_1(person, conversation, "&after=0").await;
        let (person, heard) = (person.clone(), VecDeque::new());
        Self { person, conversation, way: Way::Room, socket: Some(socket), heard, commands: 0 }
    }

    /// What a user socket is told first: everything as it stands.
    pub(crate) async fn ready(person: &Person) -> Value {
        greet(person).await.1
    }

    /// Sends a command, in the words of the sockets, and waits for what it came to.
    pub(crate) async fn tell(&mut self, command: &Value) -> Told {
        if self.way == Way::Rest {
            let answer = reply(rest_request(&self.person, self.conversation, command)).await;
            if answer.status < 300 {
                return Told::Done(answer.body);
            }
            let text = answer.body["detail"].to_string();
            return Told::Refused { code: String::new(), status: answer.status, text };
        }
        self.commands += 1;
        let reference = format!("c{}", self.commands);
        let mut frame = command.clone();
        frame["ref"] = json!(reference);
        if self.way == Way::User {
            frame["conversation_id"] = json!(self.conversation);
        }
        let socket = self.socket.as_mut().unwrap();
        socket.send(&frame.to_string()).await;
        loop {
            let frame = socket.frame().await;
            if frame["ref"] != reference {
                self.heard.push_back(frame);
                continue;
            }
            if frame["type"] != "error" {
                return Told::Done(frame);
            }
            let code = frame["code"].as_str().unwrap().to_owned();
            return Told::Refused { code, status: 0, text: frame["message"].to_string() };
        }
    }

    /// As [`Hand::tell`], and it has to be done.
    pub(crate) async fn does(&mut self, command: &Value) -> Value {
        match self.tell(command).await {
            Told::Done(answer) => answer,
            refused @ Told::Refused { .. } => panic!("{:?} {command}: {refused:?}", self.way),
        }
    }

    /// Sends a message; gives its id.
    pub(crate) async fn says(&mut self, content: &str) -> i64 {
        let sent = self.does(&json!({"type": "send", "content": content})).await;
        let id = if self.way == Way::Rest { &sent["id"] } else { &sent["message_id"] };
        id.as_i64().unwrap()
    }

    /// The command has to be refused with this code; over REST with the status that belongs to it.
    pub(crate) async fn is_refused(&mut self, command: &Value, expected: &str) {
        match (self.way, self.tell(command).await) {
            (Way::Rest, Told::Refused { status, text, .. }) => {
                assert_eq!(status, status_of(expected), "{command}: {text}");
                assert!(text.contains(words_of(expected)), "{command}, {expected}: {text}");
            }
            (way, Told::Refused { code, .. }) => assert_eq!(code, expected, "{way:?} {command}"),
            (way, Told::Done(answer)) => panic!("{way:?} {command} was done: {answer}"),
        }
    }

    /// The next event of the conversation's log, replayed or live.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == "replay" {
                for event in frame["events"].as_array().unwrap().iter().rev() {
                    self.heard.push_front(event.clone());
                }
            } else if self.is_event(&frame) {
                return frame;
            }
        }
    }

    /// Everything that came before an event that is sent now, and is not given.
    pub(crate) async fn events_until_now(&mut self) -> Vec<Value> {
        let mark = format!("a mark {}", rand::random::<u64>());
        self.person.say(self.conversation, &mark).await;
        let mut events = Vec::new();
        loop {
            let event = self.event().await;
            if event["content"] == mark.as_str() {
                return events;
            }
            events.push(event);
        }
    }

    /// Reads on until a frame of this type.
    pub(crate) async fn frame_of_type(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    pub(crate) async fn frame(&mut self) -> Value {
        match self.heard.pop_front() {
            Some(frame) => frame,
            None => self.socket.as_mut().expect("REST hears nothing").frame().await,
        }
    }

    /// Reads on until the server closes; returns the code.
    pub(crate) async fn close_code(&mut self) -> u16 {
        self.socket.as_mut().expect("REST has no goodbye").close_code().await
    }

    fn is_event(&self, frame: &Value) -> bool {
        let kind = frame["type"].as_str().unwrap_or_default();
        DURABLE.contains(&kind) && frame["conversation_id"] == self.conversation
    }
}

async fn enter_at_level_1(person: &Person, conversation: i64, after: &str) -> Room {
    let path = format!("{}&v=1{after}", person.room_path(conversation));
    let mut socket = open(person.address, &path).await;
    let first = socket.frame().await;
    assert_eq!(first["type"], "connection", "{first}");
    socket
}

/// Opens a user socket and is let in.
async fn greet(person: &Person) -> (Room, Value) {
    let mut socket = open(person.address, "/ws").await;
    socket.send(&json!({"type": "hello", "token": person.token}).to_string()).await;
    let ready = socket.frame().await;
    assert_eq!(ready["type"], "ready", "{ready}");
    (socket, ready)
}

/// The REST form of a socket's command.
fn rest_request(person: &Person, conversation: i64, command: &Value) -> RequestBuilder {
    let base = format!("/conversations/{conversation}");
    let message = format!("{base}/messages/{}", command["message_id"]);
    let put_or_delete = if command["op"] == "add" { "PUT" } else { "DELETE" };
    let (method, path) = match command["type"].as_str().unwrap() {
        "send" => ("POST", format!("{base}/messages")),
        "edit" => ("PATCH", message),
        "delete" => ("DELETE", message),
        "react" => {
            let emoji = percent_encoded(command["emoji"].as_str().unwrap());
            (put_or_delete, format!("{message}/reactions/{emoji}"))
        }
        "pin" => (put_or_delete, format!("{message}/pin")),
        "read" => ("POST", format!("{base}/read")),
        other => panic!("REST has no {other}"),
    };
    let request = person.request(method, &path);
    if matches!(method, "POST" | "PATCH") { request.json(command) } else { request }
}

pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn status_of(code: &str) -> u16 {
    match code {
        "not_found" => 404,
        "forbidden" | "not_participant" | "archived" => 403,
        "conflict" | "idempotency_mismatch" => 409,
        "invalid_content" | "invalid_frame" | "too_large" => 422,
        "rate_limited" => 429,
        other => panic!("no status for {other}"),
    }
}

/// Distinguishes refusals that share a status.
fn words_of(code: &str) -> &'static str {
    match code {
        "archived" => "is archived",
        "not_participant" => "not a participant",
        "conflict" => "it has changed",
        "idempotency_mismatch" => "this key",
        _ => "",
    }
}
