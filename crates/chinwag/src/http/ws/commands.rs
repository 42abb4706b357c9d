//! Commands: one arm each, which calls the chat and answers. Both sockets share them.
//!
//! Messages that a socket sends in a row and that are read together (at most 64) are all queued for the
//! writer before the first is awaited. One transaction stores them, each connection gets them in one write,
//! and one write answers them, in their order. Any other command waits for the ones before it.

use chinwag_protocol::frame::Done;
use chinwag_protocol::{Command, ConversationId, ErrorCode, Event, Frame, Request};

use super::refusals::{encode_refusal, refuse};
use super::uploads::Uploads;
use crate::chat::{AuthError, Chat, Sent};
use crate::error::Refusal;
use crate::realtime::{End, Line, SendRequest, encode_frame};

/// A message on its way to the log.
pub(super) struct Begun<F> {
    pub(super) reference: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) sent: F,
}

/// Hands messages to the log, all at once.
pub(super) fn begin_sends(
    chat: &Chat,
    line: &Line,
    implied: Option<ConversationId>,
    requests: Vec<SendRequest>,
) -> Vec<Begun<impl Future<Output = Result<Sent, Refusal>> + Send + use<>>> {
    let mut sends = chat.sends(line.actor());
    let begin = |SendRequest { reference, conversation_id, send }: SendRequest| {
        let client_id = send.client_id.clone();
        let sent = implied.or(conversation_id).map(|id| sends.add(id, send));
        Begun { reference, client_id, sent: async { sent.ok_or_else(nowhere)?.await } }
    };
    let begun = requests.into_iter().map(begin).collect();
    sends.begin();
    begun
}

/// Stores messages, and answers them in one write.
///
/// # Errors
/// How the connection ends, if it does.
pub(super) async fn send(
    chat: &Chat,
    line: &Line,
    implied: Option<ConversationId>,
    requests: Vec<SendRequest>,
) -> Result<(), End> {
    let mut answers = Vec::new();
    for Begun { reference, client_id, sent } in begin_sends(chat, line, implied, requests) {
        let reference = reference.as_deref();
        match sent.await {
            Ok(Sent { message, is_duplicate }) => {
                chat.note_typing(line.actor(), message.conversation_id, false);
                answers.extend_from_slice(&encode_frame(&Frame::Ok(Done {
                    reference,
                    message_id: Some(message.id),
                    seq: Some(message.seq),
                    stamp: Some(message.stamp),
                    ts: Some(message.ts),
                    client_id: message.client_id.as_deref(),
                    duplicate: Some(is_duplicate),
                    ..Done::default()
                })));
            }
            Err(refusal) => {
                answers.extend_from_slice(&encode_refusal(line, reference, client_id.as_deref(), &refusal));
            }
        }
    }
    line.answer_bytes(&answers.into()).await
}

fn duplicate() -> Done<'static> {
    Done { duplicate: Some(true), ..Done::default() }
}

fn appended(event: &Event) -> Done<'static> {
    let entry = event.entry();
    Done {
        seq: Some(entry.seq),
        stamp: Some(entry.stamp),
        ts: Some(entry.ts),
        duplicate: Some(false),
        ..Done::default()
    }
}

fn appended_or_duplicate(event: Option<Event>) -> Done<'static> {
    event.map_or_else(duplicate, |event| appended(&event))
}

/// Carries out a command about one conversation, and answers.
///
/// # Errors
/// How the connection ends, if it does.
pub(super) async fn execute(
    chat: &Chat,
    line: &Line,
    uploads: &mut Uploads,
    implied: Option<ConversationId>,
    request: Request,
) -> Result<(), End> {
    let reference = request.reference.as_deref();
    if let Command::Ping(t) = &request.command {
        return line.answer(&Frame::Pong { reference, t: t.as_ref() }).await;
    }
    let id = implied.or(request.conversation_id);
    let result = match request.command {
        Command::UploadBegin(new) => return uploads.begin(chat, line, reference, new).await,
        Command::UploadCommit(upload_id) => return uploads.commit(line, upload_id, request.reference).await,
        Command::UploadAbort(upload_id) => return uploads.abort(line, upload_id, request.reference).await,
        Command::Auth(token) => renew(chat, line, &token).await,
        // Allowed only as a socket's first frames.
        Command::Hello(_) | Command::Cursors(_) => Err(Refusal::UnknownCommand),
        Command::Presence(status, text) => {
            chat.set_presence(line.actor(), status, text).await.map(|()| Done::default())
        }
        command => match id {
            Some(id) => in_conversation(chat, line, id, command).await,
            None => Err(nowhere()),
        },
    };
    match result {
        Ok(done) => line.answer(&Frame::Ok(Done { reference, ..done })).await,
        Err(refusal) => refuse(line, reference, None, &refusal).await,
    }
}

fn nowhere() -> Refusal {
    let message = "conversation_id is required";
    Refusal::invalid_as("conversation_id", "missing", ErrorCode::InvalidFrame, message)
}

async fn in_conversation(
    chat: &Chat,
    line: &Line,
    id: ConversationId,
    command: Command,
) -> Result<Done<'static>, Refusal> {
    let actor = line.actor();
    Ok(match command {
        Command::Edit(edit) => {
            let edited = chat.edit(actor, id, edit).await?;
            Done { version: Some(edited.version), ..appended_or_duplicate(edited.event) }
        }
        Command::Delete(message_id) => appended(&chat.delete(actor, id, message_id).await?),
        Command::React(message_id, emoji, op) => {
            appended_or_duplicate(chat.react(actor, id, message_id, emoji, op).await?)
        }
        Command::Pin(message_id, op) => appended_or_duplicate(chat.pin(actor, id, message_id, op).await?),
        Command::Read(seq) => {
            chat.read(actor, id, seq).await?;
            Done::default()
        }
        Command::Ack(seq) => {
            chat.acknowledge(actor, id, seq).await?;
            Done::default()
        }
        Command::Typing(on) => {
            // Its seat proves that the caller takes part: the seat goes away with the membership.
            if line.interest(id).is_none() {
                return Err(Refusal::NotParticipant);
            }
            chat.note_typing(actor, id, on);
            Done::default()
        }
        Command::Send(_)
        | Command::Subscribe(_)
        | Command::Unsubscribe
        | Command::Hello(_)
        | Command::Cursors(_)
        | Command::UploadBegin(_)
        | Command::UploadCommit(_)
        | Command::UploadAbort(_)
        | Command::Auth(_)
        | Command::Presence(..)
        | Command::Ping(_) => return Err(Refusal::UnknownCommand),
    })
}

async fn renew(chat: &Chat, line: &Line, token: &str) -> Result<Done<'static>, Refusal> {
    match chat.authenticate(token).await {
        Ok(renewed) if renewed.user_id == line.actor().user_id => {
            line.connection().renew(&renewed);
            Ok(Done::default())
        }
        Ok(_) => Err(Refusal::Forbidden("This token belongs to another user")),
        Err(AuthError::Store(refusal)) => Err(refusal),
        Err(AuthError::Token | AuthError::Account) => Err(Refusal::Forbidden("This token is not valid")),
    }
}
