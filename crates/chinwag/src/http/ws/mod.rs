//! The WebSocket routes: the handshake (RFC 6455 section 4.2), then who may enter, then the frames.

mod commands;
mod hello;
mod refusals;
mod replay;
mod room;
mod upgrade;
mod uploads;
mod user;

use chinwag_protocol::{CloseCode, ConversationId};

pub(super) use room::room;
pub(super) use user::user;

use crate::auth::Actor;
use crate::chat::{AuthError, Chat, Company, EnterError, Entered, Start};
use crate::error::Refusal;
use crate::realtime::{End, Line, encode_frame};

async fn authenticate(chat: &Chat, token: Option<&str>) -> Result<Actor, CloseCode> {
    let token = token.filter(|token| !token.is_empty()).ok_or(CloseCode::InvalidToken)?;
    chat.authenticate(token).await.map_err(|error| match error {
        AuthError::Token => CloseCode::InvalidToken,
        AuthError::Account => CloseCode::Account,
        AuthError::Store(_) => CloseCode::Overloaded,
    })
}

fn close_code(error: &EnterError) -> CloseCode {
    match error {
        EnterError::Account => CloseCode::Account,
        EnterError::Refused(Refusal::NoConversation) => CloseCode::NoConversation,
        EnterError::Refused(Refusal::NotParticipant) => CloseCode::NotParticipant,
        EnterError::Refused(_) => CloseCode::Overloaded,
    }
}

/// Lets a connection into a conversation.
async fn enter(
    chat: &Chat,
    line: &Line,
    id: ConversationId,
    start: Start,
    replay_limit: Option<u32>,
) -> Result<Entered, EnterError> {
    chat.enter(&line.present_actor(), id, start, replay_limit).await
}

/// Checks whether the user of a new seat is still a participant. A removal since their admission may already
/// have been fanned out, or be on its way while others were admitted after it. In both cases the connection is
/// behind there and would read the log past the removal; one that is live hears of it.
async fn still_takes_part(chat: &Chat, line: &Line, id: ConversationId) -> Result<(), EnterError> {
    if line.is_live(id) {
        return Ok(());
    }
    enter(chat, line, id, Start::Head, None).await.map(|_| ())
}

/// Like [`still_takes_part`], for seats in many conversations: returns those in which the user does not take
/// part.
async fn takes_no_part_in(
    chat: &Chat,
    line: &Line,
    mut ids: Vec<ConversationId>,
) -> Result<Vec<ConversationId>, EnterError> {
    ids.retain(|id| !line.is_live(*id));
    if ids.is_empty() {
        return Ok(ids);
    }
    let still = chat.taken_part_in(&line.present_actor(), ids.clone()).await?;
    ids.retain(|id| still.binary_search(id).is_err());
    Ok(ids)
}

/// Sends what a client may have missed besides events: who is here, and, for conversations that it resumes,
/// how far everybody has read.
async fn tell_company(chat: &Chat, line: &Line, company: Company) -> Result<(), End> {
    for (id, receipts) in &company.receipts {
        line.tell_receipts(*id, receipts);
    }
    let present = chat.present(company);
    let frames: Vec<u8> = present.iter().flat_map(|presence| encode_frame(&presence.frame())).collect();
    if frames.is_empty() { Ok(()) } else { line.answer_bytes(&frames.into()).await }
}

async fn tell_receipts(chat: &Chat, line: &Line, id: ConversationId) -> Result<(), End> {
    let receipts = chat.receipts(id).await.map_err(|_| End::from(CloseCode::Overloaded))?;
    line.tell_receipts(id, &receipts);
    Ok(())
}
