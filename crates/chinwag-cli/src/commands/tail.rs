//! `chinwag tail`: follows a conversation through its socket, and misses nothing across reconnects.
//!
//! The socket brings new messages. When a new socket opens, the command reads over REST what it missed
//! between the sockets; `seq` tells what it has shown already.

use std::time::Duration;

use chinwag_client::{ClientError, Socket, SocketOptions};
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::access::{Access, AccessArguments};
use crate::failure::{Exit, Failure};
use crate::output;

pub(crate) const EXAMPLES: &str = "  \
  chinwag tail 1
  chinwag tail 1 --lines 50
  chinwag tail 1 --url https://chat.example.com --user alice
  chinwag tail 1 --json | jq -r 'select(.type == \"message\").content'";

/// After this much silence the command pings the server; after as much again it gives the socket up.
const SILENCE: Duration = Duration::from_secs(30);
/// A reconnect waits a random part of this, which doubles with each failure up to the longest pause.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The width of `HH:MM `: further lines of a message align with its first.
const INDENT: &str = "\n      ";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The conversation's number
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    conversation: i64,
    /// How many of the last messages to show first, at most 200
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=200))]
    lines: u8,
    /// Print every frame as it comes, one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArguments,
}

/// One conversation, and how far it was shown.
struct Tail {
    access: Access,
    conversation: i64,
    is_json: bool,
    lines: u8,
    /// The newest position that was shown, or that existed before the start.
    seen: i64,
}

/// How a socket ended.
enum End {
    /// Another socket may work.
    Lost,
    /// A new token is needed.
    TokenOver,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { conversation, lines, json, access } = arguments;
    super::run_async(async move {
        let access = access.enter().await?;
        Tail { access, conversation, is_json: json, lines, seen: 0 }.follow().await
    })
}

impl Tail {
    /// Runs until the server closes the socket for good. Ctrl+C ends the process.
    async fn follow(&mut self) -> Result<(), Failure> {
        // The first attempt shows whether this can work at all.
        let limit = self.lines.max(1);
        let newest =
            self.messages(&format!("limit={limit}")).await.map_err(|error| self.access.explain(&error))?;
        if self.lines == 0 {
            self.seen = newest.iter().filter_map(seq).max().unwrap_or_default();
        } else {
            self.show_page(newest)?;
        }
        let mut pause = FIRST_PAUSE;
        let mut has_renewed = false;
        loop {
            let end = match self.open().await {
                Ok(mut socket) => {
                    let end = self.read(&mut socket, &mut pause, &mut has_renewed).await?;
                    output::note("connection lost, trying again");
                    end
                }
                Err(error) if error.may_pass() => End::Lost,
                Err(error) => return Err(self.access.explain(&error)),
            };
            match end {
                End::Lost => {}
                End::TokenOver if has_renewed => return Err(token_over()),
                End::TokenOver => match self.access.renew().await {
                    Ok(true) => {
                        has_renewed = true;
                        continue;
                    }
                    Ok(false) => return Err(token_over()),
                    Err(error) if error.may_pass() => {}
                    Err(error) => return Err(self.access.explain(&error)),
                },
            }
            // Full jitter: otherwise all clients of a restarted server would come back at once.
            tokio::time::sleep(pause.mul_f64(rand::random::<f64>())).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn open(&self) -> Result<Socket, ClientError> {
        let token: String = form_urlencoded::byte_serialize(self.access.api.token().as_bytes()).collect();
        let path = format!("/conversations/{}/ws?token={token}", self.conversation);
        self.access.api.client().open_socket(&path, SocketOptions::default()).await
    }

    /// Shows frames until the socket ends.
    async fn read(
        &mut self,
        socket: &mut Socket,
        pause: &mut Duration,
        has_renewed: &mut bool,
    ) -> Result<End, Failure> {
        let mut is_asked = false;
        loop {
            let message = match tokio::time::timeout(SILENCE, socket.next()).await {
                Ok(Some(Ok(message))) => message,
                Ok(Some(Err(_)) | None) => return Ok(End::Lost),
                Err(_) if is_asked => return Ok(End::Lost),
                Err(_) => {
                    is_asked = true;
                    if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                        return Ok(End::Lost);
                    }
                    continue;
                }
            };
            is_asked = false;
            match message {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
                    let is_hello = kind(&frame) == Some("connection");
                    self.show_frame(&text, &frame)?;
                    if is_hello {
                        (*pause, *has_renewed) = (FIRST_PAUSE, false);
                        output::note(format_args!("following conversation {}", self.conversation));
                        // Only once the socket is attached, so that nothing is lost in between.
                        match self.catch_up().await {
                            Ok(()) => {}
                            Err(CatchUpError::Call(error)) if error.may_pass() => return Ok(End::Lost),
                            Err(CatchUpError::Call(error)) => return Err(self.access.explain(&error)),
                            Err(CatchUpError::Output(failure)) => return Err(failure),
                        }
                    }
                }
                Message::Close(frame) => return end(frame),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Shows, page by page, what was sent since the newest message shown.
    async fn catch_up(&mut self) -> Result<(), CatchUpError> {
        loop {
            let seen = self.seen;
            let page = self.messages(&format!("after={seen}&limit=200")).await.map_err(CatchUpError::Call)?;
            self.show_page(page).map_err(CatchUpError::Output)?;
            if self.seen == seen {
                return Ok(());
            }
        }
    }

    /// Shows a page's messages as the frames that would have brought them.
    fn show_page(&mut self, page: Vec<Value>) -> Result<(), Failure> {
        for mut message in page {
            if let Some(fields) = message.as_object_mut() {
                fields.insert("type".to_owned(), "message".into());
            }
            self.show_frame(&message.to_string(), &message)?;
        }
        Ok(())
    }

    async fn messages(&self, query: &str) -> Result<Vec<Value>, ClientError> {
        let path = format!("/conversations/{}/messages?{query}", self.conversation);
        match self.access.api.get(&path).await? {
            Value::Array(messages) => Ok(messages),
            _ => Err(ClientError::Protocol("its history is not a list".to_owned())),
        }
    }

    /// Shows a frame, unless it is a message that was shown already.
    fn show_frame(&mut self, text: &str, frame: &Value) -> Result<(), Failure> {
        let is_message = kind(frame) == Some("message");
        if is_message {
            // Without a position, it can't be compared.
            if let Some(seq) = seq(frame) {
                if seq <= self.seen {
                    return Ok(());
                }
                self.seen = seq;
            }
        }
        match (self.is_json, is_message) {
            (true, _) => output::result(output::printable_line(text)),
            (false, true) => output::result(message_line(frame, &TimeZone::system())),
            (false, false) => Ok(()),
        }
    }
}

/// Why catching up ended early.
enum CatchUpError {
    Call(ClientError),
    Output(Failure),
}

fn kind(frame: &Value) -> Option<&str> {
    frame.get("type")?.as_str()
}

fn seq(message: &Value) -> Option<i64> {
    message.get("seq")?.as_i64()
}

/// `HH:MM username: text`, in the reader's time zone.
fn message_line(message: &Value, zone: &TimeZone) -> String {
    let text = |name| message.get(name).and_then(Value::as_str).unwrap_or_default();
    let moment =
        message.get("ts").and_then(Value::as_i64).and_then(|ts| Timestamp::from_millisecond(ts).ok());
    let time = moment.map_or_else(
        || "--:--".to_owned(),
        |moment| moment.to_zoned(zone.clone()).strftime("%H:%M").to_string(),
    );
    let name = output::printable_line(text("sender_name"));
    format!("{time} {name}: {}", output::printable(text("content")).replace('\n', INDENT))
}

/// What a close code means for the command.
fn end(frame: Option<CloseFrame>) -> Result<End, Failure> {
    let Some(frame) = frame else { return Ok(End::Lost) };
    let refused = |what: &str| Err(Failure::new(Exit::Refused, what));
    match u16::from(frame.code) {
        4001 | 4005 => Ok(End::TokenOver),
        4000 | 4006 => refused("the account is disabled, or its session has ended")
            .map_err(|failure| failure.fix("sign in again, for example with --user NAME")),
        4003 => refused("you are not, or no longer, a participant of this conversation"),
        4004 => refused("there is no such conversation"),
        4010 => refused("this user has too many open sockets")
            .map_err(|failure| failure.fix("close a tab or another tail")),
        _ => Ok(End::Lost),
    }
}

fn token_over() -> Failure {
    Failure::new(Exit::Refused, "the token is not valid, or has run out")
        .fix("give a new --token, or sign in with --user NAME")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_can_neither_forge_a_line_nor_drive_the_terminal() {
        let message = json!({
            "type": "message", "ts": 1_763_807_400_123_i64, "sender_name": "al\nice",
            "content": "one\n10:31 bob: two\u{1b}[2J",
        });
        let line = message_line(&message, &TimeZone::UTC);
        assert_eq!(line, "10:30 al\\u000aice: one\n      10:31 bob: two\\u001b[2J");
    }
}
