//! The table of routes. Each is served with and without a trailing slash, and the OpenAPI document is built
//! from the same rows.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::error::detail;
use super::prefix::also_below;
use super::{
    Shared, accounts, asyncapi, conversations, events, files, guard, marks, messages, openapi, ops,
    participants, push, receipts, search, users, webhooks, ws,
};
use crate::chat::Chat;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::public_url::PublicUrl;
use crate::realtime::Hub;

/// The routes that the OpenAPI document lists.
pub(super) fn table() -> Vec<UtoipaMethodRouter<Shared>> {
    vec![
        routes!(accounts::sign_in),
        routes!(accounts::sign_out),
        routes!(accounts::sessions),
        routes!(accounts::revoke_session),
        routes!(accounts::set_up),
        routes!(accounts::register),
        routes!(accounts::refresh),
        routes!(accounts::ticket),
        routes!(accounts::me, accounts::update_me),
        routes!(users::find),
        routes!(conversations::create, conversations::list),
        routes!(conversations::get, conversations::update),
        routes!(participants::list, participants::add),
        routes!(participants::set_role, participants::remove),
        routes!(messages::history, messages::send),
        routes!(messages::get, messages::edit, messages::delete),
        routes!(marks::react, marks::unreact),
        routes!(marks::pin, marks::unpin),
        routes!(marks::pins),
        routes!(receipts::read),
        routes!(events::events),
        routes!(push::set_level),
        routes!(push::key),
        routes!(push::subscribe, push::list),
        routes!(push::unsubscribe),
        routes!(webhooks::create, webhooks::list),
        routes!(webhooks::show, webhooks::update, webhooks::remove),
        routes!(search::search),
        routes!(files::upload),
        routes!(files::download),
        routes!(files::thumbnail),
        routes!(ops::health),
        routes!(ops::ready),
        routes!(ops::metrics),
    ]
}

/// The routes that a server with this configuration has.
fn table_of(config: &Config) -> Vec<UtoipaMethodRouter<Shared>> {
    let is_served = |path: &String| config.metrics || path != "/metrics";
    table().into_iter().filter(|(_, paths, _)| paths.paths.keys().all(is_served)).collect()
}

/// Every route of the server.
pub(crate) fn router(chat: &Chat, hub: &Arc<Hub>, metrics: &Arc<Metrics>) -> Router {
    let mut router = Router::new();
    for (_, paths, methods) in table_of(chat.config()) {
        for path in paths.paths.keys() {
            router = router.route(path, methods.clone()).route(&format!("{path}/"), methods.clone());
        }
    }
    let shared = Shared {
        chat: chat.clone(),
        hub: Arc::clone(hub),
        metrics: Arc::clone(metrics),
        openapi: Bytes::from(openapi::document(table_of(chat.config()))),
        asyncapi: asyncapi::document(),
    };
    let path = chat.config().public_url.as_ref().map_or("", PublicUrl::path).to_owned();
    let router = router
        .route("/conversations/{conversation_id}/ws", get(ws::room))
        .route("/ws", get(ws::user))
        .route("/conversations/{conversation_id}/ws/", get(ws::room))
        .route("/ws/", get(ws::user))
        .route("/openapi.json", get(ops::openapi))
        .route("/asyncapi.json", get(ops::asyncapi))
        .merge(pages())
        .fallback(missing)
        .method_not_allowed_fallback(async || detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        .layer(CatchPanicLayer::custom(|_| -> Response {
            detail(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        }))
        .layer(guard::cors(chat.config()))
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared);
    also_below(&path, router)
}

/// Whether a path begins like one of the routes, so that a proxy's path could be mistaken for it.
pub(crate) fn is_taken(path: &str) -> bool {
    let first = |path: &str| path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let others = ["ws", "openapi.json", "asyncapi.json", "docs", "c", "embed", "static", "assets"];
    let wanted = first(path);
    let mut table = table().into_iter().flat_map(|(_, paths, _)| paths.paths.into_keys());
    !wanted.is_empty() && (others.contains(&wanted.as_str()) || table.any(|route| first(&route) == wanted))
}

#[cfg(feature = "ui")]
use super::ui::missing;

#[cfg(not(feature = "ui"))]
async fn missing() -> Response {
    detail(StatusCode::NOT_FOUND, "Not Found")
}

#[cfg(feature = "ui")]
fn pages() -> Router<Shared> {
    use super::{docs, ui};

    Router::new()
        .route("/docs", get(docs::page))
        .route("/docs/", get(docs::without_slash))
        .route("/docs/{file}", get(docs::file))
        .merge(ui::pages())
}

#[cfg(not(feature = "ui"))]
fn pages() -> Router<Shared> {
    Router::new()
        .route("/", get(async || detail(StatusCode::NOT_FOUND, "This server was built without web pages")))
}
