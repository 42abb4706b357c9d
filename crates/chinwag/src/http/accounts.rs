//! Signing in and out, registering, and the caller's own account.

use axum::Extension;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use chinwag_protocol::rest::{
    Detail, PasswordForm, Refresh, Register, Session, Setup, Ticket, Token, User, UserChange,
};

use super::Shared;
use super::error::HttpError;
use super::extract::{Caller, FormBody, JsonBody, bearer, user_agent};
use crate::listener::ClientAddress;

/// Sign in
///
/// Username or e-mail address, and password; the form of OAuth2's password flow.
#[utoipa::path(post, path = "/auth/token", operation_id = "sign_in", tag = "auth", security(()),
    request_body(content = PasswordForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Token),
        (status = 401, body = Detail, description = "Unknown name or wrong password"),
        (status = 429, body = Detail, description = "Too many failures from this address"),
        (status = 503, body = Detail, description = "Too many sign-ins at once"),
    ))]
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    mut form: FormBody,
) -> Result<Json<Token>, HttpError> {
    let (username, password) = (form.required("username")?, form.required("password")?);
    let address = address.map(|Extension(ClientAddress(address))| address);
    Ok(Json(shared.chat.sign_in(&username, password, address, user_agent(&headers)).await?))
}

/// Register
#[utoipa::path(post, path = "/users/register", operation_id = "register", tag = "users", security(()), request_body = Register,
    responses(
        (status = 200, body = Token),
        (status = 400, body = Detail, description = "The username or e-mail address is taken"),
        (status = 403, body = Detail, description = "Registration is closed"),
    ))]
pub(super) async fn register(
    State(shared): State<Shared>,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    JsonBody(register): JsonBody<Register>,
) -> Result<Json<Token>, HttpError> {
    let address = address.map(|Extension(ClientAddress(address))| address);
    Ok(Json(shared.chat.register(register, address, user_agent(&headers)).await?))
}

/// Make the first administrator
///
/// Needs the token of the link that `chinwag serve` prints while there is no administrator.
#[utoipa::path(post, path = "/setup", operation_id = "set_up", tag = "auth", security(()), request_body = Setup,
    responses(
        (status = 200, body = Token),
        (status = 403, body = Detail, description = "The link was used or is too old"),
    ))]
pub(super) async fn set_up(
    State(shared): State<Shared>,
    headers: HeaderMap,
    JsonBody(setup): JsonBody<Setup>,
) -> Result<Json<Token>, HttpError> {
    Ok(Json(shared.chat.set_up(&setup.token, setup.account, user_agent(&headers)).await?))
}

/// The caller's account
#[utoipa::path(get, path = "/users/me", operation_id = "read_own_account", tag = "users",
    responses((status = 200, body = User)))]
pub(super) async fn me(State(shared): State<Shared>, Caller(actor): Caller) -> Result<Json<User>, HttpError> {
    Ok(Json(shared.chat.me(&actor).await?))
}

/// Sign out
///
/// Ends this session: its token is refused from now on, and its sockets are closed with 4006.
#[utoipa::path(post, path = "/auth/logout", operation_id = "sign_out", tag = "auth",
    responses(
        (status = 204, description = "Signed out"),
        (status = 400, body = Detail, description = "The token was signed by another application"),
    ))]
pub(super) async fn sign_out(
    State(shared): State<Shared>,
    Caller(actor): Caller,
) -> Result<StatusCode, HttpError> {
    shared.chat.sign_out(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's sessions
#[utoipa::path(get, path = "/auth/sessions", operation_id = "list_sessions", tag = "auth",
    responses((status = 200, body = Vec<Session>)))]
pub(super) async fn sessions(
    State(shared): State<Shared>,
    Caller(actor): Caller,
) -> Result<Json<Vec<Session>>, HttpError> {
    Ok(Json(shared.chat.sessions(&actor).await?))
}

/// End a session
#[utoipa::path(delete, path = "/auth/sessions/{session_id}", operation_id = "end_session", tag = "auth",
    params(("session_id" = String, Path)),
    responses(
        (status = 204, description = "Ended"),
    ))]
pub(super) async fn revoke_session(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, HttpError> {
    shared.chat.revoke_session(&actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Renew a token
///
/// A refresh token works once; the answer contains the next one. For 30 seconds it gets the same next one
/// again, unless that was already used. Using it later ends its session.
#[utoipa::path(post, path = "/auth/refresh", operation_id = "refresh_token", tag = "auth", security(()), request_body = Refresh,
    responses(
        (status = 200, body = Token),
        (status = 401, body = Detail, description = "Unknown, too old, or used"),
    ))]
pub(super) async fn refresh(
    State(shared): State<Shared>,
    JsonBody(body): JsonBody<Refresh>,
) -> Result<Json<Token>, HttpError> {
    Ok(Json(shared.chat.refresh(&body.refresh_token).await?))
}

/// Get a ticket for a WebSocket
///
/// The ticket replaces this request's token, once, within 30 seconds: `/ws?ticket=…`.
#[utoipa::path(post, path = "/auth/ticket", operation_id = "create_ticket", tag = "auth",
    responses((status = 200, body = Ticket)))]
pub(super) async fn ticket(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    headers: HeaderMap,
) -> Result<Json<Ticket>, HttpError> {
    let token = bearer(&headers).unwrap_or_default();
    Ok(Json(shared.chat.issue_ticket(&actor, token).await?))
}

/// Change the caller's account
///
/// Changes the names, or the password. A new password ends all other sessions.
#[utoipa::path(patch, path = "/users/me", operation_id = "update_own_account", tag = "users", request_body = UserChange,
    responses(
        (status = 200, body = User),
        (status = 401, body = Detail, description = "Not signed in"),
        (status = 403, body = Detail, description = "The current password is wrong"),
    ))]
pub(super) async fn update_me(
    State(shared): State<Shared>,
    Caller(actor): Caller,
    JsonBody(wanted): JsonBody<UserChange>,
) -> Result<Json<User>, HttpError> {
    Ok(Json(shared.chat.update_me(&actor, wanted).await?))
}
