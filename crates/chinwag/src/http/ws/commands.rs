//! Commands: one arm each, which calls the chat and answers. The two sockets share them.

use chinwag_protocol::frame::Done;
use chinwag_protocol::{Command, CommandError, ConversationId, ErrorCode, Event, Frame, Request};

use super::uploads::Uploads;
use crate::chat::AuthError;
use crate::error::Refusal;
use crate::realtime::{End, Line};

/// What a command came to, for its answer.
#[derive(Default)]
struct Outcome {
    done: Done<'static>,
    client_id: Option<String>,
}

impl Outcome {
    fn duplicate() -> Self {
        Self { done: Done { duplicate: Some(true), ..Done::default() }, client_id: None }
    }

    fn event(event: &Event) -> Self {
        let entry = event.entry();
        let version = if let Event::MessageEdited { version, .. } = event { Some(*version) } else { None };
        let done = Done {
            seq: Some(entry.seq),
            stamp: Some(entry.stamp),
            ts: Some(entry.ts),
            version,
            duplicate: Some(false),
            ..Done::default()
        };
        Self { done, client_id: None }
    }

    fn event_or_duplicate(event: Option<Event>) -> Self {
        event.map_or_else(Self::duplicate, |event| Self::event(&event))
    }
}

/// Carries out a command about one conversation, and answers.
///
/// # Errors
/// How the connection ends, if it does.
pub(super) async fn execute(
    line: &Line,
    uploads: &mut Uploads,
    implied: Option<ConversationId>,
    request: Request,
) -> Result<(), End> {
    let reference = request.reference.as_deref();
    if let Command::Ping(t) = &request.command {
        return line.answer(&Frame::Pong { reference, t: t.as_ref() }).await;
    }
    let client_id = match &request.command {
        Command::Send(send) => send.client_id.clone(),
        _ => None,
    };
    let id = implied.or(request.conversation_id);
    let result = match request.command {
        Command::UploadBegin(new) => return uploads.begin(line, reference, new).await,
        Command::UploadCommit(upload_id) => return uploads.commit(line, upload_id, request.reference).await,
        Command::UploadAbort(upload_id) => return uploads.abort(line, upload_id, request.reference).await,
        Command::Auth(token) => renew(line, &token).await,
        Command::Presence(status, text) => {
            line.chat.set_presence(line.actor(), status, text).await.map(|()| Outcome::default())
        }
        command => match id {
            Some(id) => in_conversation(line, id, command).await,
            None => Err(Refusal::Invalid {
                field: "conversation_id",
                kind: "missing",
                code: ErrorCode::InvalidFrame,
                message: "conversation_id is required".to_owned(),
            }),
        },
    };
    match result {
        Ok(outcome) => {
            let client_id = outcome.client_id.as_deref();
            line.answer(&Frame::Ok(Done { reference, client_id, ..outcome.done })).await
        }
        Err(refusal) => refuse(line, reference, client_id.as_deref(), &refusal).await,
    }
}

async fn in_conversation(line: &Line, id: ConversationId, command: Command) -> Result<Outcome, Refusal> {
    let (chat, actor) = (&line.chat, line.actor());
    Ok(match command {
        Command::Send(send) => {
            let sent = chat.send(actor, id, send).await?;
            let message = sent.message;
            let done = Done {
                message_id: Some(message.id),
                seq: Some(message.seq),
                stamp: Some(message.stamp),
                ts: Some(message.ts),
                duplicate: Some(sent.is_duplicate),
                ..Done::default()
            };
            chat.note_typing(actor, id, false);
            Outcome { done, client_id: message.client_id }
        }
        Command::Edit(edit) => Outcome::event(&chat.edit(actor, id, edit).await?),
        Command::Delete(message_id) => Outcome::event(&chat.delete(actor, id, message_id).await?),
        Command::React(message_id, emoji, op) => {
            Outcome::event_or_duplicate(chat.react(actor, id, message_id, emoji, op).await?)
        }
        Command::Pin(message_id, op) => {
            Outcome::event_or_duplicate(chat.pin(actor, id, message_id, op).await?)
        }
        Command::Read(seq) => {
            chat.read(actor, id, seq).await?;
            Outcome::default()
        }
        Command::Ack(seq) => {
            chat.acknowledge(actor, id, seq).await?;
            Outcome::default()
        }
        Command::Typing(on) => {
            // Its seat says that the caller takes part: it is taken away with the membership.
            if line.level(id).is_none() {
                return Err(Refusal::NotParticipant);
            }
            chat.note_typing(actor, id, on);
            Outcome::default()
        }
        Command::Subscribe(_)
        | Command::Unsubscribe
        | Command::Hello(_)
        | Command::UploadBegin(_)
        | Command::UploadCommit(_)
        | Command::UploadAbort(_)
        | Command::Auth(_)
        | Command::Presence(..)
        | Command::Ping(_) => return Err(Refusal::UnknownCommand),
    })
}

async fn renew(line: &Line, token: &str) -> Result<Outcome, Refusal> {
    match line.chat.authenticate(token).await {
        Ok(renewed) if renewed.user_id == line.actor().user_id => {
            line.connection().renew(&renewed);
            Ok(Outcome::default())
        }
        Ok(_) => Err(Refusal::Forbidden("This token belongs to another user")),
        Err(AuthError::Store(refusal)) => Err(refusal),
        Err(AuthError::Token | AuthError::Account) => Err(Refusal::Forbidden("This token is not valid")),
    }
}

/// Answers a frame that is no command.
pub(super) async fn refuse_frame(line: &Line, error: &CommandError) -> Result<(), End> {
    line.chat.hub().metrics().refusals.inc();
    line.answer(&Frame::Error {
        reference: error.reference.as_deref(),
        message: error.message,
        code: error.code,
        retry: false,
        retry_after_ms: None,
        client_id: None,
        upload_id: None,
    })
    .await
}

/// Answers a command that was refused.
pub(super) async fn refuse(
    line: &Line,
    reference: Option<&str>,
    client_id: Option<&str>,
    refusal: &Refusal,
) -> Result<(), End> {
    line.chat.hub().metrics().refusals.inc();
    line.answer(&refused(reference, client_id, None, refusal, &refusal.to_string())).await
}

/// The frame that says why not.
pub(super) fn refused<'a>(
    reference: Option<&'a str>,
    client_id: Option<&'a str>,
    upload_id: Option<u32>,
    refusal: &Refusal,
    message: &'a str,
) -> Frame<'a> {
    let code = refusal.answer().code;
    Frame::Error {
        reference,
        message,
        code,
        retry: code.is_retryable(),
        retry_after_ms: refusal.retry_after().and_then(|after| u64::try_from(after.as_millis()).ok()),
        client_id,
        upload_id,
    }
}
