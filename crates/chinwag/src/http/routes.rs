//! The one table of routes. Each is served with and without a trailing slash, and the OpenAPI document
//! is made of the same rows.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::security::{Flow, OAuth2, Password, Scopes, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, Paths};
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::error::detail;
use super::{
    Shared, accounts, asyncapi, conversations, events, files, guard, marks, messages, ops, participants,
    push, search, webhooks, ws,
};
use crate::chat::Chat;
use crate::metrics::Metrics;

/// The routes that the OpenAPI document shows.
fn table() -> Vec<UtoipaMethodRouter<Shared>> {
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
        routes!(search::users),
        routes!(conversations::create, conversations::list),
        routes!(conversations::get, participants::update),
        routes!(conversations::participants, participants::add),
        routes!(participants::set_role, participants::remove),
        routes!(messages::history, messages::send),
        routes!(marks::get, marks::edit, marks::delete),
        routes!(marks::react, marks::unreact),
        routes!(marks::pin, marks::unpin),
        routes!(marks::pins),
        routes!(marks::read),
        routes!(events::events),
        routes!(push::set_level),
        routes!(push::key),
        routes!(push::subscribe, push::list),
        routes!(push::unsubscribe),
        routes!(webhooks::create, webhooks::list),
        routes!(webhooks::show, webhooks::update, webhooks::remove),
        routes!(search::messages),
        routes!(files::upload),
        routes!(files::download),
        routes!(files::thumbnail),
        routes!(ops::health),
        routes!(ops::ready),
        routes!(ops::metrics),
    ]
}

/// Every route of the server.
pub(crate) fn router(chat: &Chat, metrics: &Arc<Metrics>) -> Router {
    let mut router = Router::new();
    for (_, paths, methods) in table() {
        for path in paths.paths.keys() {
            router = router.route(path, methods.clone()).route(&format!("{path}/"), methods.clone());
        }
    }
    let shared = Shared {
        chat: chat.clone(),
        metrics: Arc::clone(metrics),
        openapi: Bytes::from(openapi_document()),
        asyncapi: asyncapi::document(),
    };
    router
        .route("/conversations/{conversation_id}/ws", get(ws::room))
        .route("/ws", get(ws::user))
        .route("/conversations/{conversation_id}/ws/", get(ws::room))
        .route("/ws/", get(ws::user))
        .route("/openapi.json", get(ops::openapi))
        .route("/asyncapi.json", get(ops::asyncapi))
        .merge(pages())
        .fallback(async || detail(StatusCode::NOT_FOUND, "Not Found"))
        .method_not_allowed_fallback(async || detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        .layer(CatchPanicLayer::custom(|_| -> Response {
            detail(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        }))
        .layer(guard::cors(chat.config()))
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
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

/// The OpenAPI document of the routes, as `/openapi.json` answers it.
#[must_use]
pub fn openapi_document() -> String {
    let mut openapi = empty_openapi();
    for (schemas, paths, _) in table() {
        openapi.paths.paths.extend(paths.paths);
        if let Some(components) = &mut openapi.components {
            components.schemas.extend(schemas);
        }
    }
    openapi.to_json().unwrap_or_default()
}

fn empty_openapi() -> OpenApi {
    let scheme =
        SecurityScheme::OAuth2(OAuth2::new([Flow::Password(Password::new("auth/token", Scopes::new()))]));
    let mut components = Components::new();
    components.add_security_scheme("OAuth2PasswordBearer", scheme);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("chinwag")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Real-time messaging. Live frames come over WebSocket: [try the sockets](docs/ws), or read \
                     [their description](asyncapi.json).",
                ))
                .build(),
        )
        .paths(Paths::new())
        .components(Some(components))
        .security(Some([SecurityRequirement::new("OAuth2PasswordBearer", Vec::<String>::new())]))
        .build()
}
