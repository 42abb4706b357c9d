//! `chinwag send`: posts a message over REST exactly once, however often it must retry.

use std::io::{self, Read as _};
use std::time::Duration;

use chinwag_client::{Api, ClientError};
use serde_json::{Value, json};

use crate::access::AccessArguments;
use crate::failure::{Exit, Failure};
use crate::output;

pub(crate) const EXAMPLES: &str = "  \
  chinwag send 1 \"hello\"
  make 2>&1 | tail -n 3 | chinwag send 1 -";

/// The pauses before retries.
const PAUSES: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3)];
/// The server accepts less, so reading more would be a mistake.
const MAX_STDIN_BYTES: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The conversation's number
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    conversation: i64,
    /// The message; - reads stdin
    #[arg(allow_hyphen_values = true)]
    text: String,
    #[command(flatten)]
    access: AccessArguments,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let content = match arguments.text.as_str() {
        "-" if arguments.access.password_stdin => {
            return Err(Failure::new(Exit::Usage, "stdin can't be both the message and the password")
                .fix("use a token: CHINWAG_TOKEN=… chinwag send …"));
        }
        "-" => from_stdin()?,
        _ => arguments.text,
    };
    super::run_async(async {
        let access = arguments.access.enter().await?;
        let sent = send(&access.api, arguments.conversation, &content).await;
        let sent = sent.map_err(|error| access.explain(&error))?;
        let id = sent.get("id").and_then(Value::as_i64).unwrap_or_default();
        output::result(format_args!("sent message {id}"))
    })
}

/// Retries with the same key if the outcome is unknown: the server makes only one message of it.
async fn send(api: &Api, conversation: i64, content: &str) -> Result<Value, ClientError> {
    let path = format!("/conversations/{conversation}/messages");
    let client_id = format!("cli-{:032x}", rand::random::<u128>());
    let body = json!({ "content": content, "client_id": client_id });
    let mut pauses = PAUSES.into_iter();
    loop {
        match api.post(&path, &body).await {
            Err(error) if error.may_pass() => match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            },
            answer => return answer,
        }
    }
}

/// All of stdin, without the line end of its last line.
fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(MAX_STDIN_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(Exit::Io, format!("can't read the message from stdin: {error}")))?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
