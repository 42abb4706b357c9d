//! The log of a conversation as Server-Sent Events: a `GET …/events` that stays open.

use bytes::BytesMut;
use chinwag_client::{Api, ClientError, Method, Response};
use serde_json::Value;

use crate::history::ConversationId;

/// One stream. Dropping it ends the connection.
pub(crate) struct EventStream {
    response: Response,
    unread: BytesMut,
}

/// An event, with the id from which a reader resumes.
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) event: Value,
}

impl EventStream {
    /// Opens the stream after the last event that came, or from the beginning.
    pub(crate) async fn open(
        api: &Api,
        conversation: ConversationId,
        last_event_id: Option<&str>,
    ) -> Result<Self, ClientError> {
        let request = api.request(Method::GET, &format!("/conversations/{conversation}/events"));
        let mut request = request.header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Ok(Self { response: api.client().send(request).await?, unread: BytesMut::new() })
    }

    /// Cancel-safe: a partial event stays in the buffer. `None` is the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Sent> {
        loop {
            while let Some(end) = self.unread.windows(2).position(|bytes| bytes == b"\n\n") {
                let block = self.unread.split_to(end + 2);
                if let Some(sent) = sent(&String::from_utf8_lossy(&block)) {
                    return Some(sent);
                }
            }
            self.unread.extend_from_slice(&self.response.chunk().await.ok()??);
        }
    }
}

/// The event in a block of lines; a comment has none.
fn sent(block: &str) -> Option<Sent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    Some(Sent { id: field("id: ")?.to_owned(), event: serde_json::from_str(field("data: ")?).ok()? })
}
