//! The AsyncAPI 3.0 document of the two sockets, served at `/asyncapi.json`.
//!
//! The types that the server writes and the parser reads describe frames and commands; this file adds only
//! what no type knows: who sends what on which socket. As AsyncAPI defines it, the document describes the
//! server: it *receives* commands and *sends* frames.

mod examples;
mod schemas;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::codes::{CloseCode, ErrorCode};
use crate::command::Written;
use crate::event::{Echo, Event};
use crate::frame::Frame;
use schemas::{Schemas, flatten, keep_reachable, name, to_draft_7, variants};

const ABOUT: &str = "\
Real-time messaging over two WebSockets. `/conversations/{conversation_id}/ws` is one conversation's: level 0 \
is plain chat, level 1 (`?v=1`) has every frame and resumes from a cursor. `/ws` is one socket for all of a \
user's conversations.\n\n\
One JSON object a text frame, with `type`; binary frames are chunks of an upload, see `upload_begin`; ignore fields and types that you do not know. Integers stay below \
2^53, `ts` is Unix milliseconds. A frame with `seq` and `stamp` is an event: it is on disk before anybody \
sees it, comes in the order of `seq` without gaps or repeats, and is replayed after its cursor, `seq.stamp`. All \
other frames are state, sent again after a reconnect, or signals that may be lost.\n\n\
If a user may not enter, a close code after the handshake says so, since a browser can't read the status of a \
refused one. The page `/docs/ws` tries all this out; `/openapi.json` describes the REST interface.";

/// The frames of a level 0 socket.
const ORIGINAL: [&str; 5] = ["connection", "message", "user_joined", "user_left", "error"];
/// Frames of the other sockets that are not events.
const COMMON: [&str; 11] = [
    "replay",
    "caught_up",
    "gap",
    "ok",
    "error",
    "pong",
    "receipt",
    "presence",
    "typing",
    "upload_progress",
    "auth_expiring",
];
/// Frames only of a level 1 room socket.
const ROOM: [&str; 4] = ["connection", "user_joined", "user_left", "goaway"];
/// Frames only of the user socket.
const USER: [&str; 5] = ["ready", "unread", "conversation", "conversation_left", "goaway"];
/// Commands only of the user socket.
const USER_COMMANDS: [&str; 4] = ["hello", "cursors", "subscribe", "unsubscribe"];

/// Codes of RFC 6455 that may end a socket, besides [`CloseCode`]: code, meaning, advice.
const RFC_CODES: [(u16, &str, &str); 6] = [
    (1001, "the other end is going away", "Reconnect and resume."),
    (1002, "protocol error: a frame broke the rules of WebSocket", "A bug in the client: fix it."),
    (1003, "an unsupported kind of data", "A bug in the client: send JSON in text frames."),
    (1006, "no close frame: the connection broke, or was never established", "Reconnect and resume."),
    (1007, "text that is not UTF-8", "A bug in the client: fix it."),
    (1009, "a frame of more than 64 KiB", "A bug in the client: send less at once."),
];

/// The document, for a server of this version.
#[must_use]
pub fn document(version: &str) -> Value {
    let frames = frame_schemas();
    let commands = command_schemas();
    let events: Vec<String> = variants::<Event>().0.into_iter().map(|(kind, _)| kind).collect();
    let mut messages = Map::new();
    let frame_examples = examples::frames();
    for (kind, schema) in &frames {
        let example = frame_examples.iter().find(|example| is_of(example, kind));
        messages.insert(name(kind, "Frame"), message(kind, "Frame", schema, example));
    }
    let command_examples = command_examples();
    for (kind, schema) in &commands {
        let example = command_examples.iter().find(|example| is_of(example, kind));
        messages.insert(name(kind, "Command"), message(kind, "Command", schema, example));
    }
    let with_events = |own: &[&str]| -> Vec<String> {
        let own = COMMON.iter().chain(own).map(|kind| (*kind).to_owned());
        own.chain(events.iter().cloned()).collect()
    };
    let all: Vec<String> = commands.iter().map(|(kind, _)| kind.clone()).collect();
    let in_room = all.iter().filter(|kind| !USER_COMMANDS.contains(&kind.as_str())).cloned().collect();
    let sockets = [
        Socket {
            name: "roomOriginal",
            address: "/conversations/{conversation_id}/ws",
            title: "One conversation, level 0",
            about: "Without `v`: plain chat. `connection` comes first; a message needs only `content`.",
            query: json!({"token": text("A JWT."), "v": {"type": "string", "enum": ["0"]}}),
            security: &["queryToken"],
            frames: ORIGINAL.map(str::to_owned).to_vec(),
            commands: vec!["send".to_owned()],
        },
        Socket {
            name: "room",
            address: "/conversations/{conversation_id}/ws",
            title: "One conversation, level 1",
            about: "With `v=1`: `connection`, the replay after the cursor, `caught_up`, then live.",
            query: json!({
                "token": text("A JWT."),
                "v": {"type": "string", "enum": ["1"]},
                "after": text("A cursor: what came after it is replayed. `0` replays from the start."),
            }),
            security: &["queryToken"],
            frames: with_events(&ROOM),
            commands: in_room,
        },
        Socket {
            name: "user",
            address: "/ws",
            title: "All of a user's conversations",
            about: "Subprotocol `chinwag.v1`. The client begins with `hello` within 5 s, which may carry the token; \
                    the server answers with `ready`, the replays of the named cursors, then live events.",
            query: json!({"ticket": text("From POST /auth/ticket: once, within 30 s.")}),
            security: &["subprotocolToken", "queryTicket"],
            frames: with_events(&USER),
            commands: all,
        },
    ];
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "chinwag",
            "version": version,
            "description": format!("{ABOUT}\n\n{}", code_tables()),
            "license": {"name": "MIT OR Apache-2.0"},
            "tags": [{"name": "websocket"}],
        },
        "defaultContentType": "application/json",
        "servers": {
            "plain": server("ws", "Where the server listens without TLS."),
            "tls": server("wss", "Behind TLS."),
        },
        "channels": sockets.iter().map(Socket::channel).collect::<Map<_, _>>(),
        "operations": sockets.iter().flat_map(Socket::operations).collect::<Map<_, _>>(),
        "components": {
            "messages": messages,
            "schemas": components(frames, commands),
            "securitySchemes": security_schemes(),
        },
        "x-close-codes": close_codes(),
        "x-error-codes": error_codes(),
    })
}

/// Each command's `type`, with its schema.
pub(crate) fn command_schemas() -> Vec<(String, Value)> {
    let (mut commands, _) = variants::<Written>();
    for (kind, schema) in &mut commands {
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            // A frame without a type is a message, which is the whole original protocol.
            required.retain(|field| kind != "send" || field != "type");
        }
    }
    commands
}

fn frame_schemas() -> Vec<(String, Value)> {
    let (mut frames, _) = variants::<Frame<'_>>();
    let (echoes, _) = variants::<Echo>();
    // On the wire, a message may also be an echo.
    let is_echo = |(kind, _): &(String, Value)| echoes.iter().any(|(echo, _)| echo == kind);
    frames.extend(variants::<Event>().0.into_iter().filter(|event| !is_echo(event)));
    frames.extend(echoes);
    frames
}

/// Every schema that a frame or command refers to, by name.
fn components(frames: Vec<(String, Value)>, commands: Vec<(String, Value)>) -> Schemas {
    let mut schemas = variants::<Frame<'_>>().1;
    let (events, of_events) = variants::<Event>();
    schemas.extend(of_events);
    schemas.extend(variants::<Written>().1);
    let whole = schemas.clone();
    for schema in schemas.values_mut() {
        *schema = flatten(schema, &whole);
    }
    let references = events.iter().map(|(kind, _)| json!({"$ref": schema_path(&name(kind, "Frame"))}));
    schemas.insert("Event".to_owned(), json!({"oneOf": references.collect::<Vec<_>>()}));
    let mut roots = BTreeSet::new();
    for (suffix, list) in [("Frame", frames), ("Command", commands)] {
        for (kind, schema) in list {
            roots.insert(name(&kind, suffix));
            schemas.insert(name(&kind, suffix), schema);
        }
    }
    keep_reachable(&mut schemas, &roots);
    schemas.values_mut().for_each(to_draft_7);
    schemas
}

fn schema_path(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

fn is_of(frame: &Value, kind: &str) -> bool {
    frame.get("type").is_some_and(|found| found == kind)
}

fn command_examples() -> Vec<Value> {
    let examples = Written::examples().into_iter().map(|command| {
        let mut example = serde_json::to_value(command).unwrap_or_default();
        if let Some(fields) = example.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        example
    });
    examples.collect()
}

fn message(kind: &str, suffix: &str, schema: &Value, example: Option<&Value>) -> Value {
    json!({
        "name": kind,
        "title": kind,
        "summary": schema.get("description"),
        "payload": {"$ref": schema_path(&name(kind, suffix))},
        "examples": example.map(|payload| json!({"name": kind, "payload": payload})).into_iter().collect::<Vec<_>>(),
    })
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn server(protocol: &str, description: &str) -> Value {
    json!({
        "host": "{host}",
        "protocol": protocol,
        "description": description,
        "variables": {"host": {
            "default": "localhost:8000",
            "description": "The host that served this document, with the path below which it is nested.",
        }},
    })
}

fn security_schemes() -> Value {
    let key = |place: &str, name: &str, description: &str| json!({"type": "httpApiKey", "in": place, "name": name, "description": description});
    json!({
        "queryToken": key("query", "token", "The JWT of POST /auth/token."),
        "queryTicket": key("query", "ticket", "From POST /auth/ticket: once, within 30 s."),
        "subprotocolToken": key(
            "header",
            "Sec-WebSocket-Protocol",
            "`chinwag.v1, bearer.` and the JWT. The server echoes only `chinwag.v1`. Without it and \
             without a ticket, `hello` carries the token.",
        ),
    })
}

fn close_codes() -> Value {
    let ours = CloseCode::ALL.map(|code| (code.as_u16(), code.reason(), code.advice()));
    let mut all: Vec<_> = RFC_CODES.into_iter().chain(ours).collect();
    all.sort_unstable();
    let rows =
        all.iter().map(|(code, meaning, client)| json!({"code": code, "meaning": meaning, "client": client}));
    rows.collect()
}

fn error_codes() -> Value {
    let rows = ErrorCode::ALL
        .map(|code| json!({"code": code, "meaning": code.meaning(), "retry": code.is_retryable()}));
    rows.into_iter().collect()
}

/// Both tables as Markdown, for people.
fn code_tables() -> String {
    let cell = |row: &Value, name: &str| match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let table = |rows: &Value, columns: [&str; 3]| {
        let rows = rows.as_array().into_iter().flatten();
        let lines = rows.map(|row| columns.map(|column| cell(row, column)).join(" | "));
        lines.map(|line| format!("| {line} |\n")).collect::<String>()
    };
    format!(
        "## Close codes\n\n| code | meaning | what a client does |\n|---|---|---|\n{}\n\
         ## Error codes\n\n| code | meaning | retry |\n|---|---|---|\n{}",
        table(&close_codes(), ["code", "meaning", "client"]),
        table(&error_codes(), ["code", "meaning", "retry"]),
    )
}

/// One socket, with its commands and frames.
struct Socket {
    name: &'static str,
    address: &'static str,
    title: &'static str,
    about: &'static str,
    query: Value,
    security: &'static [&'static str],
    frames: Vec<String>,
    commands: Vec<String>,
}

impl Socket {
    fn names(&self) -> impl Iterator<Item = String> {
        let frames = self.frames.iter().map(|kind| name(kind, "Frame"));
        frames.chain(self.commands.iter().map(|kind| name(kind, "Command")))
    }

    fn channel(&self) -> (String, Value) {
        let messages = self.names().map(|name| {
            let path = format!("#/components/messages/{name}");
            (name, json!({"$ref": path}))
        });
        let parameters = if self.address.contains("{conversation_id}") {
            json!({"conversation_id": {"description": "The conversation's id."}})
        } else {
            json!({})
        };
        let channel = json!({
            "address": self.address,
            "title": self.title,
            "description": self.about,
            "parameters": parameters,
            "messages": messages.collect::<Map<_, _>>(),
            "bindings": {"ws": {
                "method": "GET",
                "query": {"type": "object", "properties": self.query},
                "bindingVersion": "0.1.0",
            }},
        });
        (self.name.to_owned(), channel)
    }

    fn operations(&self) -> [(String, Value); 2] {
        let security: Vec<_> = self
            .security
            .iter()
            .map(|name| json!({"$ref": format!("#/components/securitySchemes/{name}")}))
            .collect();
        let channel = json!({"$ref": format!("#/channels/{}", self.name)});
        let operation = |action: &str, title: &str, kinds: &[String], suffix: &str| {
            let path = |kind: &String| format!("#/channels/{}/messages/{}", self.name, name(kind, suffix));
            json!({
                "action": action,
                "title": title,
                "channel": channel,
                "security": security,
                "messages": kinds.iter().map(|kind| json!({"$ref": path(kind)})).collect::<Vec<_>>(),
            })
        };
        [
            (
                format!("{}Commands", self.name),
                operation("receive", "Commands of the client", &self.commands, "Command"),
            ),
            (
                format!("{}Frames", self.name),
                operation("send", "Frames of the server", &self.frames, "Frame"),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test, and what it indexes it has made itself.
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::collections::HashSet;

    use super::*;
    use crate::event::EventKind;

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document("1.0.0");
        let text = document.to_string();
        let references: Vec<_> =
            text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(references.len() > 100);
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_message_has_an_example_and_is_sent_on_some_socket() {
        let document = document("1.0.0");
        let channels = document["channels"].to_string();
        for (name, message) in document["components"]["messages"].as_object().unwrap() {
            assert_eq!(message["examples"].as_array().map(Vec::len), Some(1), "{name}");
            assert!(message["summary"].is_string(), "{name}");
            assert!(channels.contains(&format!("/messages/{name}\"")), "{name}");
        }
        assert_eq!(examples::frames().len(), frame_schemas().len());
    }

    #[test]
    fn every_kind_of_event_is_described_by_its_word_and_has_an_example() {
        let described: Vec<String> = variants::<Event>().0.into_iter().map(|(kind, _)| kind).collect();
        let words: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).chain(["unknown"]).collect();
        assert_eq!(described, words);
        for event in examples::events() {
            let word = event.kind().map_or("unknown", EventKind::as_str);
            assert_eq!(serde_json::to_value(&event).unwrap()["type"], word);
        }
        let kinds: HashSet<_> = examples::events().iter().filter_map(Event::kind).collect();
        assert_eq!(kinds.len(), EventKind::ALL.len());
        assert!(EventKind::ALL.iter().all(|kind| kind.as_str().parse() == Ok(*kind)));
    }

    #[test]
    fn what_others_may_be_includes_what_nobody_may_say_of_themselves() {
        let document = document("1.0.0");
        let schemas = &document["components"]["schemas"];
        assert_eq!(
            schemas["PresenceStatus"]["enum"],
            json!(["online", "away", "dnd", "invisible", "offline"])
        );
        assert_eq!(schemas["OwnStatus"]["enum"], json!(["online", "away", "dnd", "invisible"]));
    }

    #[test]
    fn a_schema_is_one_flat_object() {
        for (kind, schema) in frame_schemas().into_iter().chain(command_schemas()) {
            assert_eq!(schema["type"], "object", "{kind}");
            assert!(schema["properties"]["type"].is_object(), "{kind}");
        }
    }
}
