//! What a client missed: from the cursor that it names to the head that it entered at, a page of the log at a time, as
//! fast as its socket takes it.

use chinwag_protocol::{CloseCode, ConversationId, Event, Frame, Seq};

use crate::chat::{Chat, Entered, LOG_PAGE, Resume};
use crate::realtime::{End, Line, MAX_PAGE_BYTES, encode_frame};

/// Brings a client from its cursor to the head that it entered at, in `replay` frames, or tells it of the gap; then
/// `caught_up`. `ahead` goes before: what is short goes out in one write.
pub(super) async fn resume(
    chat: &Chat,
    line: &Line,
    id: ConversationId,
    entered: Entered,
    mut ahead: Vec<u8>,
) -> Result<(), End> {
    let head = entered.head;
    let mut after = match entered.resume {
        Some(Resume::From(after)) => after,
        Some(Resume::Gap(reason)) => {
            ahead.extend_from_slice(&encode_frame(&Frame::Gap { conversation_id: id, head, reason }));
            head.seq
        }
        None => head.seq,
    };
    let mut events = entered.missed;
    while after < head.seq {
        if let Some(code) = line.connection().closing() {
            return Err(code.into());
        }
        if events.first().is_none_or(|event| event.entry().seq != after.next()) {
            events = log(chat, id, after, head.seq).await?;
        }
        let Some(last) = events.last() else { break };
        after = last.entry().seq;
        let raw: Vec<_> =
            events.iter().filter_map(|event| serde_json::value::to_raw_value(event).ok()).collect();
        ahead.extend_from_slice(&encode_frame(&Frame::Replay { conversation_id: id, events: &raw, head }));
        events.clear();
        crate::seeded_bugs::keep_replay(&ahead);
        if ahead.len() >= MAX_PAGE_BYTES {
            line.answer_bytes(&std::mem::take(&mut ahead).into()).await?;
        }
    }
    ahead.extend_from_slice(&encode_frame(&Frame::CaughtUp { conversation_id: id, seq: head.seq }));
    line.answer_bytes(&ahead.into()).await
}

/// A page of the log, for a connection that resumes or is behind.
pub(super) async fn log(
    chat: &Chat,
    id: ConversationId,
    after: Seq,
    through: Seq,
) -> Result<Vec<Event>, End> {
    match chat.events_for_lagging(id, after, through, LOG_PAGE).await {
        // The log is dense: where it says that there is something, there is.
        Ok(events) if events.first().is_some_and(|first| first.entry().seq == after.next()) => Ok(events),
        Ok(_) => {
            tracing::error!(conversation_id = %id, after = %after, through = %through, "the log has a hole");
            Err(CloseCode::Overloaded.into())
        }
        Err(error) => {
            tracing::warn!(conversation_id = %id, %error, "can't read the log for a connection");
            // It resumes with its cursor later; going on here could only lose events.
            Err(CloseCode::Overloaded.into())
        }
    }
}
