//! Refusals as HTTP answers, in FastAPI's familiar shape, `{"detail": …}`, with a code for programs beside
//! it.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chinwag_protocol::ErrorCode;
use chinwag_protocol::rest::{Detail, Location, ValidationDetail, ValidationError};

use crate::error::{Answer, Refusal};

/// Why a route does not answer a request.
#[derive(Debug)]
pub(crate) enum HttpError {
    /// The chat refused.
    Refused(Refusal),
    /// A parameter or body is not valid for the route.
    Invalid(ErrorCode, ValidationError),
    /// The body is larger than allowed.
    BodyTooLarge,
    /// The body did not arrive in time, or its connection broke.
    BodyUnreadable,
}

impl From<Refusal> for HttpError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl HttpError {
    /// One field of one part of the request (`body`, `query`, `path`, `header`) is wrong.
    pub(crate) fn invalid(part: &str, field: &str, kind: &'static str, message: impl Into<String>) -> Self {
        Self::invalid_for(ErrorCode::InvalidFrame, part, field, kind, message.into())
    }

    fn invalid_for(code: ErrorCode, part: &str, field: &str, kind: &'static str, msg: String) -> Self {
        let loc = [part, field].into_iter().filter(|step| !step.is_empty());
        let loc = loc.map(|step| Location::Name(step.to_owned())).collect();
        Self::Invalid(code, ValidationError { loc, msg, kind })
    }
}

/// For refusals by the chat that concern another part of the request than its body: `query`, `path` or
/// `header`.
pub(crate) fn in_part(part: &'static str) -> impl FnOnce(Refusal) -> HttpError {
    move |refusal| match refusal {
        Refusal::Invalid { field, kind, code, message } => {
            HttpError::invalid_for(code, part, field, kind, message)
        }
        refusal => refusal.into(),
    }
}

/// The answers of the routes, for a host's own handlers that call the chat.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        answer_to(&self)
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => answer_to(&refusal),
            Self::Invalid(code, error) => invalid(code, error),
            Self::BodyTooLarge => detail(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 64 KiB"),
            Self::BodyUnreadable => detail(StatusCode::REQUEST_TIMEOUT, "The body did not come in time"),
        }
    }
}

/// `{"detail": "…", "code": "…"}`, for requests refused before they reach the chat; the status implies the
/// code.
pub(crate) fn detail(status: StatusCode, text: impl Into<String>) -> Response {
    let code = match status {
        StatusCode::UNAUTHORIZED => ErrorCode::Unauthenticated,
        StatusCode::FORBIDDEN => ErrorCode::Forbidden,
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
        StatusCode::TOO_MANY_REQUESTS => ErrorCode::RateLimited,
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => ErrorCode::Unavailable,
        StatusCode::INTERNAL_SERVER_ERROR => ErrorCode::Internal,
        _ => ErrorCode::InvalidFrame,
    };
    coded(status, code, text.into())
}

fn coded(status: StatusCode, code: ErrorCode, detail: String) -> Response {
    (status, Json(Detail { detail, code })).into_response()
}

fn invalid(code: ErrorCode, error: ValidationError) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(ValidationDetail { detail: vec![error], code })).into_response()
}

fn answer_to(refusal: &Refusal) -> Response {
    let Answer { status, code } = refusal.answer();
    if let Some(error) = refusal.validation_error() {
        return invalid(code, error);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = coded(status, code, refusal.to_string());
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = refusal.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
