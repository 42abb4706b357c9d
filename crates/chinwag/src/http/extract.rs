//! Reads requests: the caller, the path, the query and the body, each with its bounds.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use chinwag_protocol::rest::{Location, ValidationError};
use chinwag_protocol::{ConversationId, ErrorCode, MessageId, limits};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;

use super::Shared;
use super::error::HttpError;
use crate::auth::Actor;
use crate::chat::AuthError;
use crate::error::Refusal;

/// The caller, by the bearer token.
pub(crate) struct Caller(pub Actor);

impl FromRequestParts<Shared> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, HttpError> {
        let token = bearer(&parts.headers).ok_or(Refusal::Unauthenticated("Not authenticated"))?;
        match shared.chat.authenticate(token).await {
            Ok(actor) => Ok(Self(actor)),
            Err(AuthError::Token | AuthError::Account) => {
                Err(Refusal::Unauthenticated("Could not validate credentials").into())
            }
            Err(AuthError::Store(refusal)) => Err(refusal.into()),
        }
    }
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The conversation in the path.
pub(crate) struct InConversation(pub ConversationId);

impl FromRequestParts<Shared> for InConversation {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, HttpError> {
        let path = InPath::from_request_parts(parts, shared).await?;
        path.integer("conversation_id").map(|id| Self(ConversationId(id)))
    }
}

/// The conversation and the message in the path.
pub(crate) struct InMessage(pub ConversationId, pub MessageId);

impl FromRequestParts<Shared> for InMessage {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, HttpError> {
        let path = InPath::from_request_parts(parts, shared).await?;
        let conversation_id = ConversationId(path.integer("conversation_id")?);
        Ok(Self(conversation_id, MessageId(path.integer("message_id")?)))
    }
}

/// The parts of the path.
pub(crate) struct InPath(HashMap<String, String>);

impl FromRequestParts<Shared> for InPath {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, HttpError> {
        let parameters = RawPathParams::from_request_parts(parts, shared)
            .await
            .map_err(|_| HttpError::invalid("path", "", "value_error", "the path is not valid UTF-8"))?;
        Ok(Self(parameters.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()))
    }
}

impl InPath {
    pub(crate) fn text(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn integer(&self, name: &str) -> Result<i64, HttpError> {
        integer("path", name, &self.text(name))
    }
}

/// An integer in a path or query; a bad one is refused in FastAPI's words.
pub(crate) fn integer(part: &str, field: &str, text: &str) -> Result<i64, HttpError> {
    let message = "Input should be a valid integer, unable to parse string as an integer";
    text.parse().map_err(|_| HttpError::invalid(part, field, "int_parsing", message))
}

/// The page size: the query's `limit`, if there is one, capped at `max`.
pub(crate) fn limit(parameters: &HashMap<String, String>, max: usize) -> Result<Option<usize>, HttpError> {
    let Some(text) = parameters.get("limit") else { return Ok(None) };
    let limit = integer("query", "limit", text)?;
    if limit < 1 {
        let message = "Input should be greater than or equal to 1";
        return Err(HttpError::invalid("query", "limit", "greater_than_equal", message));
    }
    Ok(Some(usize::try_from(limit).unwrap_or(max).min(max)))
}

/// The parameters of the query; of a repeated name, the last one.
pub(crate) fn query(parts: &axum::http::Uri) -> HashMap<String, String> {
    form_urlencoded::parse(parts.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// The key that makes a request safe to repeat, if it has one. Every route that creates something accepts it.
pub(crate) struct IdempotencyKey(pub Option<String>);

impl FromRequestParts<Shared> for IdempotencyKey {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, HttpError> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let invalid = |message: &str| HttpError::invalid("header", "Idempotency-Key", "value_error", message);
        let key = value.to_str().map_err(|_| invalid("the key must be ASCII"))?;
        if key.is_empty() || key.len() > limits::MAX_CLIENT_ID_BYTES {
            return Err(invalid("the key must have 1 to 128 bytes"));
        }
        Ok(Self(Some(key.to_owned())))
    }
}

/// The requesting program, as it names itself.
pub(crate) fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A JSON body.
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for JsonBody<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, HttpError> {
        let ignored = request.extensions().get::<IgnoredFields>().cloned();
        let bytes = read_body(request.into_body(), shared).await?;
        if !limits::is_shallow_json(&bytes) {
            return Err(HttpError::invalid("body", "", "json_invalid", "JSON is nested too deep"));
        }
        // serde would also fill a struct's fields from a list, in order.
        if !limits::is_json_object(&bytes) && serde_json::from_slice::<serde_json::Value>(&bytes).is_ok() {
            let message = "Input should be a valid dictionary or object to extract fields from";
            return Err(HttpError::invalid("body", "", "model_attributes_type", message));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
        let note = |path: serde_ignored::Path<'_>| {
            if let Some(ignored) = &ignored {
                ignored.note(&path.to_string());
            }
        };
        let value = match serde_ignored::deserialize(tracked, note) {
            Ok(value) => value,
            Err(error) => return Err(explain(&track.path(), &error)),
        };
        deserializer
            .end()
            .map_err(|error| HttpError::invalid("body", "", "json_invalid", error.to_string()))?;
        Ok(Self(value))
    }
}

/// A form body, in either of the two form encodings: its fields; of a repeated name, the last one.
pub(crate) struct FormBody(HashMap<String, String>);

/// The fields of OAuth2's password form, whether they are used here or not.
const OAUTH2_FIELDS: [&str; 6] =
    ["username", "password", "grant_type", "scope", "client_id", "client_secret"];

impl FromRequest<Shared> for FormBody {
    type Rejection = HttpError;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, HttpError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = content_type.and_then(|kind| multer::parse_boundary(kind).ok());
        let ignored = request.extensions().get::<IgnoredFields>().cloned().unwrap_or_default();
        let bytes = read_body(request.into_body(), shared).await?;
        let fields = match boundary {
            Some(boundary) => multipart_fields(bytes, boundary).await?,
            None => form_urlencoded::parse(&bytes).into_owned().collect(),
        };
        let mut unknown: Vec<_> =
            fields.keys().filter(|name| !OAUTH2_FIELDS.contains(&name.as_str())).collect();
        unknown.sort_unstable();
        unknown.into_iter().for_each(|name| ignored.note(name));
        Ok(Self(fields))
    }
}

impl FormBody {
    /// Takes a required field.
    pub(crate) fn required(&mut self, field: &str) -> Result<String, HttpError> {
        self.0.remove(field).ok_or_else(|| HttpError::invalid("body", field, "missing", "Field required"))
    }
}

/// The fields of a form that has arrived whole. Files are left out.
async fn multipart_fields(bytes: Bytes, boundary: String) -> Result<HashMap<String, String>, HttpError> {
    let broken = |_| HttpError::invalid("body", "", "value_error", "the form is broken");
    let body = futures_util::stream::once(async { Ok::<_, Infallible>(bytes) });
    let mut parts = multer::Multipart::new(body, boundary);
    let mut fields = HashMap::new();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let Some(name) = part.name().filter(|_| part.file_name().is_none()).map(str::to_owned) else {
            continue;
        };
        fields.insert(name, part.text().await.map_err(broken)?);
    }
    Ok(fields)
}

/// Fields of a body that its route does not know. The answer names them, so that a misspelt one is found.
/// They are not refused, since a newer client may send fields that an older server does not know.
#[derive(Clone, Default)]
pub(crate) struct IgnoredFields(Arc<Mutex<Vec<String>>>);

impl IgnoredFields {
    /// The most fields that an answer names, and the longest name that it repeats.
    const MAX: usize = 16;
    const MAX_BYTES: usize = 64;

    fn note(&self, path: &str) {
        let mut fields = self.0.lock();
        if fields.len() < Self::MAX {
            let escaped: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
            fields.push(escaped.get(..Self::MAX_BYTES).unwrap_or(&escaped).to_owned());
        }
    }

    /// The header's value; `None` if no field was ignored.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let fields = self.0.lock();
        HeaderValue::from_str(&fields.join(", ")).ok().filter(|value| !value.is_empty())
    }
}

async fn read_body(body: Body, shared: &Shared) -> Result<Bytes, HttpError> {
    let limit: Duration = shared.chat.config().limits.body_timeout;
    let read = tokio::time::timeout(limit, Limited::new(body, limits::MAX_BODY_BYTES).collect()).await;
    match read {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(HttpError::BodyTooLarge),
        Ok(Err(_)) | Err(_) => Err(HttpError::BodyUnreadable),
    }
}

/// Turns serde's error into FastAPI's form: location, message and type.
fn explain(path: &serde_path_to_error::Path, inner: &serde_json::Error) -> HttpError {
    let mut loc = vec![Location::Name("body".to_owned())];
    for step in path {
        match step {
            serde_path_to_error::Segment::Map { key } => loc.push(Location::Name(key.clone())),
            serde_path_to_error::Segment::Seq { index } => loc.push(Location::Index(*index)),
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => {}
        }
    }
    if !inner.is_data() {
        let message = "the body is not valid JSON";
        return HttpError::Invalid(
            ErrorCode::InvalidJson,
            ValidationError { loc, msg: message.to_owned(), kind: "json_invalid" },
        );
    }
    let message = inner.to_string();
    // serde names a missing field only in its message.
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        loc.push(Location::Name(field.to_owned()));
        return HttpError::Invalid(
            ErrorCode::InvalidFrame,
            ValidationError { loc, msg: "Field required".to_owned(), kind: "missing" },
        );
    }
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    HttpError::Invalid(ErrorCode::InvalidFrame, ValidationError { loc, msg: message, kind: "type_error" })
}
