//! For the server's operators.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chinwag_protocol::rest::{Detail, Health, Readiness};

use super::Shared;
use super::error::detail;
use crate::config::Mode;

/// Is the server alive?
#[utoipa::path(get, path = "/healthz", operation_id = "check_health", tag = "operations", security(()),
    responses((status = 200, body = Health)))]
pub(super) async fn health(State(shared): State<Shared>) -> Json<Health> {
    let config = shared.chat.config();
    // Alive it is, whatever the database says: `/readyz` is about that.
    let needs_setup = shared.chat.awaits_administrator().await.unwrap_or(true);
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        demo: config.mode == Mode::Demo,
        rate_limits: config.limits.is_enforced,
        registration: config.auth.registration && !needs_setup,
        needs_setup,
        password_login: config.auth.has_password_login(),
        node: shared.chat.node().map(str::to_owned),
    })
}

/// Should the server get traffic?
///
/// 503 while the server is stopping or its database does not answer.
#[utoipa::path(get, path = "/readyz", operation_id = "check_readiness", tag = "operations", security(()),
    responses((status = 200, body = Readiness), (status = 503, body = Detail)))]
pub(super) async fn ready(State(shared): State<Shared>) -> Response {
    if !shared.chat.is_ready().await {
        return detail(
            StatusCode::SERVICE_UNAVAILABLE,
            "The server is stopping, or its database does not answer",
        );
    }
    Json(Readiness { detail: "Ready" }).into_response()
}

/// Prometheus metrics
#[utoipa::path(get, path = "/metrics", operation_id = "read_metrics", tag = "operations", security(()),
    responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
pub(super) async fn metrics(State(shared): State<Shared>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    shared.metrics.note_queue(shared.chat.queued_writes());
    shared.metrics.note_statements(shared.chat.read_statements());
    ([(header::CONTENT_TYPE, content_type)], shared.metrics.text()).into_response()
}

/// The description of this interface, which does not list itself.
pub(super) async fn openapi(State(shared): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], shared.openapi).into_response()
}

/// The description of the sockets.
pub(super) async fn asyncapi(State(shared): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], shared.asyncapi).into_response()
}
