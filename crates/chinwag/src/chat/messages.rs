//! Sending, editing, deleting and reading messages.

use std::sync::Arc;
use std::time::Instant;

use chinwag_protocol::rest::{EventPage, Message};
use chinwag_protocol::{
    ConversationId, Cursor, Edit, ErrorCode, Event, EventKind, MessageId, Send, Seq, UserId, limits,
};

use super::Chat;
use super::access::{Action, authorize};
use super::files::{check_attachments, check_file_ids};
use super::mentions::mentions;
use super::text::check_content;
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::{
    Appended, Change, Chunk, CursorState, Foreseen, Jobs, MessageDraft, MessageFacts, Page, Statements, View,
    leave_in_outbox,
};

/// The most bytes of text in one page of the log.
const MAX_PAGE_CONTENT: usize = 1024 * 1024;

/// The outcome of sending a message.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As it was sent.
    pub message: Arc<Message>,
    /// True if it was already stored under the same `client_id`.
    pub is_duplicate: bool,
}

/// The outcome of an edit.
#[derive(Clone, Debug)]
pub struct Edited {
    /// The message's current version.
    pub version: i64,
    /// `None` if the text was already the same.
    pub event: Option<Event>,
}

impl Chat {
    /// Takes one unit of the caller's allowance of changes.
    pub(super) fn limit(&self, actor: &Actor) -> Result<(), Refusal> {
        self.inner.limits.sends.take(&actor.user_id, Instant::now()).map_err(Refusal::RateLimited)
    }

    /// Appends a message to a conversation's log. On return, the message is on disk and on its way to every
    /// participant's sockets.
    ///
    /// With a `client_id` it is safe to repeat after an error or without an answer: the same id and content
    /// return the first result.
    ///
    /// # Errors
    /// `RateLimited` before anything else, except for repeats; then `NoConversation`, `NotParticipant`,
    /// `Archived`, `Invalid`, `IdempotencyMismatch`; `Unavailable` if the store can't accept it now.
    pub async fn send(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        send: Send,
    ) -> Result<Sent, Refusal> {
        let mut sends = self.sends(actor);
        let sent = sends.add(conversation_id, send);
        sends.begin();
        sent.await
    }

    /// Leaves a message in a transaction of the application's own, on the PostgreSQL database that has the chat's data:
    /// the message exists if and only if that commits, and then within milliseconds. The transaction holds no lock of the
    /// chat, however long it lasts.
    ///
    /// What is left twice under one `key` is one message. What the rules refuse stays in the table `outbox` with the
    /// reason, and is counted in `/metrics`.
    ///
    /// # Errors
    /// Those of the database, with which the application's transaction has failed.
    pub async fn send_in(
        &self,
        transaction: &mut tokio_postgres::Transaction<'_>,
        sender_id: UserId,
        conversation_id: ConversationId,
        content: &str,
        key: &str,
    ) -> Result<(), tokio_postgres::Error> {
        leave_in_outbox(transaction, conversation_id, sender_id, content, key).await
    }

    /// For messages of one sender that arrive together.
    pub(crate) fn sends<'a>(&'a self, actor: &'a Actor) -> Sends<'a> {
        Sends { chat: self, actor, jobs: Jobs::default() }
    }

    /// Answers a repeat, whatever limit would refuse it now, because it adds nothing.
    async fn repeat_or_refuse(&self, draft: MessageDraft, refusal: Refusal) -> Result<Sent, Refusal> {
        if draft.send.client_id.is_none() {
            return Err(refusal);
        }
        let earlier = self
            .store()
            .read(move |view| {
                authorize(view.membership(draft.conversation_id, draft.sender_id)?, Action::Take)?;
                Ok::<_, Refusal>(view.earlier(&draft)?)
            })
            .await?;
        earlier.map_or(Err(refusal), sent)
    }

    /// Edits one of the caller's own messages. If the text stays the same, nothing changes, and nobody is
    /// told.
    ///
    /// # Errors
    /// As for [`Chat::send`]; `NotFound` if the message is missing or deleted, `Forbidden` if it is another
    /// user's, `Conflict` if its version is not `if_version`.
    pub async fn edit(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        edit: Edit,
    ) -> Result<Edited, Refusal> {
        self.limit(actor)?;
        let user_id = actor.user_id;
        let valid = check_content(&edit.content);
        self.store()
            .write(move |log| {
                authorize(log.membership(conversation_id, user_id)?, Action::Take)?;
                let facts = existing(log, conversation_id, edit.message_id)?;
                if facts.sender_id != user_id {
                    return Err(Refusal::Forbidden("Only its author can edit a message"));
                }
                if edit.if_version.is_some_and(|version| version != facts.version) {
                    return Err(Refusal::Conflict(facts.version));
                }
                valid?;
                let (id, content) = (edit.message_id, edit.content);
                if log.message(id)?.is_some_and(|message| message.content == content) {
                    return Ok(Edited { version: facts.version, event: None });
                }
                let named = mentions(&content, facts.format);
                let event = log.append_edit(conversation_id, user_id, id, facts, content, &named)?;
                Ok(Edited { version: facts.version + 1, event: Some(event) })
            })
            .await
    }

    /// Deletes one of the caller's own messages, or, for those who run the group, anybody's. Its text is
    /// removed everywhere.
    ///
    /// # Errors
    /// As for [`Chat::edit`].
    pub async fn delete(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        id: MessageId,
    ) -> Result<Event, Refusal> {
        self.limit(actor)?;
        let user_id = actor.user_id;
        let deleted = self
            .store()
            .write(move |log| {
                let membership = log.membership(conversation_id, user_id)?;
                authorize(membership, Action::Take)?;
                let facts = existing(log, conversation_id, id)?;
                if facts.sender_id != user_id {
                    authorize(membership, Action::Moderate)?;
                }
                Ok::<_, Refusal>(log.append_deletion(conversation_id, user_id, id, facts)?)
            })
            .await?;
        // Its files have no row now, so their bytes can go.
        self.inner.files_gone.notify_one();
        Ok(deleted)
    }

    /// A page of a conversation's messages in their present state, oldest first. See [`Page`] for the bounds.
    pub(crate) async fn history(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        page: Page,
    ) -> Result<Vec<Message>, Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                authorize(view.membership(conversation_id, user_id)?, Action::Read)?;
                Ok(view.messages(conversation_id, page)?)
            })
            .await
    }

    /// One message in its present state.
    pub(crate) async fn message(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        id: MessageId,
    ) -> Result<Message, Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                authorize(view.membership(conversation_id, user_id)?, Action::Read)?;
                let message = view.message(id)?.filter(|message| message.conversation_id == conversation_id);
                message.ok_or_else(|| Refusal::NotFound("Message not found".to_owned()))
            })
            .await
    }

    /// A page of a conversation's log.
    ///
    /// # Errors
    /// `Gone` with the reason if the cursor belongs to another log.
    pub(crate) async fn events(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        wanted: Wanted,
    ) -> Result<EventPage, Refusal> {
        let user_id = actor.user_id;
        self.store()
            .read(move |view| {
                authorize(view.membership(conversation_id, user_id)?, Action::Read)?;
                let Wanted { after, before, kinds, limit } = wanted;
                if view.cursor_state(conversation_id, after)? != CursorState::Known {
                    return Err(Refusal::Gone);
                }
                let head = view.head(conversation_id)?;
                let end = before.map_or(head.seq, |before| Seq(before.0.saturating_sub(1).min(head.seq.0)));
                let chunk = Chunk { events: limit, content_bytes: MAX_PAGE_CONTENT };
                let Some(kinds) = kinds else {
                    let events = view.events(conversation_id, after.seq, end, chunk)?;
                    let more = events.last().is_some_and(|last| last.entry().seq < end);
                    return Ok(EventPage { events, head, more, next: None });
                };
                // A log is dense, so this many positions are this many events.
                let through = Seq(after.seq.0.saturating_add(limits::MAX_EVENTS_LOOKED_THROUGH)).min(end);
                let events = view.events_of_kinds(conversation_id, after.seq, through, &kinds, limit)?;
                let last = events.last().filter(|_| events.len() == limit).map(|last| last.entry().seq);
                let seq = last.unwrap_or(through);
                let next = (seq < end).then_some(Cursor { seq, stamp: None });
                Ok(EventPage { events, head, more: next.is_some(), next })
            })
            .await
    }

    /// Events for a connection that fell behind. It was admitted when it attached, so nothing more is
    /// checked.
    pub(crate) async fn events_for_lagging(
        &self,
        conversation_id: ConversationId,
        after: Seq,
        through: Seq,
        chunk: Chunk,
    ) -> Result<Vec<Event>, Refusal> {
        self.store().read(move |view| Ok(view.events(conversation_id, after, through, chunk)?)).await
    }
}

/// Which events of a log a page should contain.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub after: Cursor,
    /// Only events before this position.
    pub before: Option<Seq>,
    /// Only events of these kinds.
    pub kinds: Option<Vec<EventKind>>,
    pub limit: usize,
}

impl Wanted {
    /// The next ones, of every kind.
    pub(crate) fn next(after: Cursor, limit: usize) -> Self {
        Self { after, before: None, kinds: None, limit }
    }
}

/// Messages to store in order, in one transaction if they fit.
pub(crate) struct Sends<'a> {
    chat: &'a Chat,
    actor: &'a Actor,
    jobs: Jobs,
}

impl Sends<'_> {
    /// Adds a message. The future returns its outcome, as [`Chat::send`] does, once all messages are begun.
    pub(crate) fn add(
        &mut self,
        conversation_id: ConversationId,
        send: Send,
    ) -> impl Future<Output = Result<Sent, Refusal>> + std::marker::Send + use<> {
        let limited = self.chat.limit(self.actor);
        let valid = check(&send);
        let Actor { user_id, username, .. } = self.actor;
        let draft = draft(*user_id, username.to_string(), conversation_id, send);
        let appended = match limited {
            Ok(()) => Ok(append(&mut self.jobs, draft, valid)),
            Err(refusal) => Err((self.chat.clone(), draft, refusal)),
        };
        async move {
            match appended {
                Ok(appended) => sent(appended.await?),
                Err((chat, draft, refusal)) => chat.repeat_or_refuse(draft, refusal).await,
            }
        }
    }

    pub(crate) fn begin(self) {
        self.chat.store().begin(self.jobs);
    }
}

fn append(
    jobs: &mut Jobs,
    draft: MessageDraft,
    valid: Result<(), Refusal>,
) -> impl Future<Output = Result<Appended, Refusal>> + std::marker::Send + use<> {
    let is_one_row = draft.send.extras.attachments.is_empty() && draft.mentions.is_empty();
    let statements = if is_one_row { Statements::One } else { Statements::Many };
    let foreseen = Foreseen {
        conversation_id: draft.conversation_id,
        sender_id: draft.sender_id,
        client_id: draft.send.client_id.clone(),
    };
    jobs.add_foreseen(statements, Some(foreseen), move |log| take(log, draft, valid))
}

/// The rules of every message, in their order. What they refuse has changed nothing.
pub(super) fn take(
    log: &mut Change,
    draft: MessageDraft,
    valid: Result<(), Refusal>,
) -> Result<Appended, Refusal> {
    authorize(log.membership(draft.conversation_id, draft.sender_id)?, Action::Take)?;
    valid?;
    append_once(log, draft)
}

fn sent(appended: Appended) -> Result<Sent, Refusal> {
    match appended {
        Appended::New(message) => Ok(Sent { message, is_duplicate: false }),
        Appended::Duplicate(message) => Ok(Sent { message, is_duplicate: true }),
        Appended::Mismatch => Err(Refusal::IdempotencyMismatch),
    }
}

/// Appends a message, or finds the outcome of an earlier attempt.
fn append_once(log: &mut Change, draft: MessageDraft) -> Result<Appended, Refusal> {
    // What a repeat names may belong to the first message by now, so look for that before checking.
    let names_something = draft.send.extras.reply_to.is_some() || !draft.send.extras.attachments.is_empty();
    if names_something && let Some(earlier) = log.earlier(&draft)? {
        return Ok(earlier);
    }
    check_reply(log, &draft)?;
    let attachments = check_attachments(log, &draft)?;
    Ok(log.append_message(draft, attachments)?)
}

pub(super) fn draft(
    sender_id: UserId,
    sender_name: String,
    conversation_id: ConversationId,
    send: Send,
) -> MessageDraft {
    MessageDraft {
        conversation_id,
        sender_id,
        sender_name,
        mentions: mentions(&send.content, send.extras.format),
        send,
    }
}

/// A message of this conversation that is not deleted.
pub(super) fn existing(
    view: &View,
    conversation_id: ConversationId,
    id: MessageId,
) -> Result<MessageFacts, Refusal> {
    match view.message_facts(conversation_id, id)? {
        Some(facts) if !facts.is_deleted => Ok(facts),
        _ => Err(Refusal::NotFound("Message not found".to_owned())),
    }
}

fn check_reply(view: &View, draft: &MessageDraft) -> Result<(), Refusal> {
    let Some(reply_to) = draft.send.extras.reply_to else { return Ok(()) };
    if view.message_facts(draft.conversation_id, reply_to)?.is_some() {
        return Ok(());
    }
    let message = "reply_to is not a message of this conversation";
    Err(Refusal::invalid("reply_to", ErrorCode::NotFound, message))
}

pub(super) fn check(send: &Send) -> Result<(), Refusal> {
    // Files without text are a message, too.
    if !send.content.is_empty() || send.extras.attachments.is_empty() {
        check_content(&send.content)?;
    }
    check_file_ids(&send.extras.attachments)?;
    let invalid = |field, message: &str| Err(Refusal::invalid(field, ErrorCode::InvalidFrame, message));
    if let Some(id) = &send.client_id
        && (id.is_empty() || id.len() > limits::MAX_CLIENT_ID_BYTES || id.contains('\0'))
    {
        return invalid("client_id", "client_id must have 1 to 128 bytes");
    }
    if let Some(meta) = &send.extras.meta
        && serde_json::to_string(meta).map_or(true, |text| text.len() > limits::MAX_META_BYTES)
    {
        return invalid("meta", "meta has more than 4 KiB");
    }
    Ok(())
}
