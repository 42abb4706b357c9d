//! The log of a conversation as Server-Sent Events: `GET …/events` that stays open.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, header};
use serde_json::Value;
use tokio::time::timeout;

use super::api::{ANSWER_LIMIT, connect, said};
use crate::error::CheckError;
use crate::history::ConversationId;
use crate::target::Target;

/// One stream. Dropping it ends the connection.
pub(crate) struct EventStream {
    body: Incoming,
    unread: BytesMut,
}

/// What came, with the name by which a reader resumes behind it.
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) event: Value,
}

impl EventStream {
    /// Opens the stream behind the event that came last; from the beginning if there was none.
    pub(crate) async fn open(
        target: &Target,
        token: &str,
        conversation: ConversationId,
        last_event_id: Option<&str>,
    ) -> Result<Self, CheckError> {
        let path = format!("/conversations/{conversation}/events");
        let exchange = async {
            let mut request = Request::get(&path)
                .header(header::HOST, &target.authority)
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::ACCEPT, "text/event-stream");
            if let Some(id) = last_event_id {
                request = request.header("last-event-id", id);
            }
            let request = request.body(Full::new(Bytes::new())).map_err(said)?;
            connect(target).await?.send_request(request).await.map_err(said)
        };
        let unreachable = |reason| CheckError::Unreachable { request: format!("GET {path}"), reason };
        let response = timeout(ANSWER_LIMIT, exchange).await.unwrap_or_else(|late| Err(said(late)));
        let response = response.map_err(unreachable)?;
        let status = response.status();
        if !status.is_success() {
            let (request, body) = (format!("GET {path}"), String::new());
            return Err(CheckError::Refused { request, status: status.as_u16(), body });
        }
        Ok(Self { body: response.into_body(), unread: BytesMut::new() })
    }

    /// Cancel-safe: what came of an event stays until it is whole. `None` is the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Sent> {
        loop {
            while let Some(end) = self.unread.windows(2).position(|bytes| bytes == b"\n\n") {
                let block = self.unread.split_to(end + 2);
                if let Some(sent) = sent(&String::from_utf8_lossy(&block)) {
                    return Some(sent);
                }
            }
            if let Ok(data) = self.body.frame().await?.ok()?.into_data() {
                self.unread.extend_from_slice(&data);
            }
        }
    }
}

/// The event of a block of lines; a comment has none.
fn sent(block: &str) -> Option<Sent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    Some(Sent { id: field("id: ")?.to_owned(), event: serde_json::from_str(field("data: ")?).ok()? })
}
