//! A conversation's log over HTTP: in pages, or as Server-Sent Events that stay open.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chinwag_protocol::rest::{Detail, EventPage};
use chinwag_protocol::{ConversationId, Cursor, EventKind, Seq, Timestamp, limits};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::Shared;
use super::error::HttpError;
use super::extract::{Caller, InConversation, integer, limit, query};
use crate::auth::{Actor, over_at};
use crate::chat::{Chat, EnterError, Start, Wanted};
use crate::error::Refusal;
use crate::realtime::News;

/// How often a comment is sent, so that proxies keep the link and dead links are noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Events per read while streaming.
const STREAM_PAGE: usize = 200;

/// The log
///
/// Events after a cursor, oldest first. With `Accept: text/event-stream` the answer stays open: each event
/// has its cursor as `id`, and `Last-Event-ID` resumes.
#[utoipa::path(get, path = "/conversations/{conversation_id}/events", operation_id = "list_events", tag = "messages",
    params(
        ("conversation_id" = i64, Path),
        ("after" = Option<String>, Query, description = "A cursor; `0` is the beginning. With `types`, a seq is enough"),
        ("before" = Option<i64>, Query, description = "A seq: only events before it"),
        ("types" = Option<String>, Query, description = "Only events of these types, separated by commas"),
        ("limit" = Option<i64>, Query, minimum = 1, description = "At most 1,000; more is taken as 1,000"),
        ("Last-Event-ID" = Option<String>, Header, description = "Overrides `after`"),
    ),
    responses(
        (status = 200, body = EventPage),
        (status = 410, body = Detail, description = "The cursor belongs to another log: read a page of messages"),
    ))]
pub(super) async fn events(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    InConversation(id): InConversation,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, HttpError> {
    let mut parameters = query(&uri);
    let kinds = parameters.get("types").map(|text| types_in(text)).transpose()?;
    let in_query = parameters.remove("after");
    // A client that picks types keeps no copy of the log, and may know only a seq.
    let seq = kinds
        .as_ref()
        .and(in_query.as_ref())
        .and_then(|text| text.parse::<i64>().ok())
        .filter(|seq| *seq > 0);
    let after = match seq {
        Some(seq) => Cursor { seq: Seq(seq), stamp: None },
        None => after(&headers, in_query)?,
    };
    let limit = limit(&parameters, limits::MAX_EVENTS_PAGE)?.unwrap_or(limits::MAX_PAGE);
    let wants_stream = headers
        .get_all(header::ACCEPT)
        .into_iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/event-stream")));
    if wants_stream {
        return stream(&shared, actor, id, after).await;
    }
    let before = parameters.get("before").map(|text| integer("query", "before", text)).transpose()?.map(Seq);
    let page: EventPage = shared.chat.events(&actor, id, Wanted { after, before, kinds, limit }).await?;
    Ok(Json(page).into_response())
}

/// The header's cursor, if there is one, or else the query's. An empty header names none: an `EventSource`
/// sends it before its first event.
fn after(headers: &HeaderMap, in_query: Option<String>) -> Result<Cursor, HttpError> {
    let last_seen = headers.get("last-event-id").filter(|value| !value.is_empty());
    if let Some(value) = last_seen {
        let cursor = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        let message = "Last-Event-ID is not a cursor";
        return cursor.ok_or_else(|| HttpError::invalid("header", "Last-Event-ID", "value_error", message));
    }
    let Some(text) = in_query else { return Ok(Cursor::START) };
    text.parse().map_err(|_| HttpError::invalid("query", "after", "value_error", "after is not a cursor"))
}

/// The event types in a list. An unknown type is refused, because it would match nothing and hide a typo.
fn types_in(text: &str) -> Result<Vec<EventKind>, HttpError> {
    let kinds: Result<_, _> = text.split(',').map(|name| name.trim().parse()).collect();
    kinds.map_err(|_| HttpError::invalid("query", "types", "value_error", "types has an unknown event type"))
}

async fn stream(
    shared: &Shared,
    actor: Actor,
    id: ConversationId,
    after: Cursor,
) -> Result<Response, HttpError> {
    // Refusals get a status before the stream begins.
    shared.chat.events(&actor, id, Wanted::next(after, 1)).await?;
    let (frames, body) = mpsc::channel(1);
    let news = shared.hub.watch(id, actor.user_id);
    let chat = shared.chat.clone();
    tokio::spawn(async move { feed(&chat, &actor, news, id, after, &frames).await });
    let mut response = Body::new(Channel(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // A buffering proxy would delay live events.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// Sends the log after the cursor, and then whatever is added to it, until the reader leaves or loses access.
/// The channel holds one page, so a slow reader slows the reading down.
async fn feed(
    chat: &Chat,
    actor: &Actor,
    mut news: News,
    id: ConversationId,
    mut after: Cursor,
    frames: &mpsc::Sender<Bytes>,
) -> Option<()> {
    loop {
        // Check before each page, so that a removal, a sign-out or the token's end ends the stream.
        let now = Timestamp::now();
        let end = over_at(actor.expires_at);
        if end <= now {
            return None;
        }
        match chat.enter(actor, id, Start::Head, None).await {
            Ok(_) => {}
            Err(EnterError::Refused(Refusal::Unavailable)) => return None,
            Err(error) => {
                tracing::debug!(?error, "an event stream ends");
                return None;
            }
        }
        let page = chat.events(actor, id, Wanted::next(after, STREAM_PAGE)).await.ok()?;
        let mut text = String::new();
        for event in &page.events {
            after = event.cursor();
            let data = serde_json::to_string(event).ok()?;
            text.push_str(&format!("id: {after}\ndata: {data}\n\n"));
        }
        if !text.is_empty() {
            frames.send(text.into()).await.ok()?;
            continue;
        }
        let until_end = Duration::from_millis(u64::try_from(end.0 - now.0).unwrap_or_default());
        tokio::select! {
            is_open = news.changed() => if !is_open { return None },
            () = tokio::time::sleep(KEEP_ALIVE.min(until_end)) => frames.send(Bytes::from_static(b": still here\n\n")).await.ok()?,
            () = frames.closed() => return None,
        }
    }
}

/// A body fed by a channel.
struct Channel(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Channel {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
