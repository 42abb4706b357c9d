//! Chat inside your own axum application: its routes beside yours, its functions in your handlers.
//!
//! `cargo run --example embed_in_axum` listens on the address in `LISTEN`, or 127.0.0.1:3000, and prints it.
//! Your application signs the tokens: HS256 with the shared secret; `sub` is the user, `aud` is `chat`.

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use chinwag::{Auth, Chat, ClientAddress, Config, Secret, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder(Config {
        data_dir: std::env::var_os("DATA_DIR").map_or_else(|| "embedded-chat".into(), Into::into),
        auth: Auth {
            shared_secret: Some(Secret::new("the secret that your application signs its tokens with")?),
            audience: Some("chat".to_owned()),
            provision: true,
            ..Auth::default()
        },
        ..Config::default()
    })
    .build()
    .await?;

    let app = Router::new()
        .route("/", get(async || "your application"))
        .route("/ready", get(ready))
        .with_state(server.chat())
        .nest("/chat", server.router())
        .layer(axum::middleware::map_request(with_address));

    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    #[expect(clippy::print_stdout, reason = "an example prints where it listens")]
    {
        println!("http://{}", listener.local_addr()?);
    }
    let drained = server.clone();
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move {
            // WebSockets do not end by themselves: tell them to reconnect later.
            if tokio::signal::ctrl_c().await.is_ok() {
                drained.drain().await;
            }
        })
        .await?;
    Ok(())
}

/// One of your handlers, which uses the chat.
async fn ready(State(chat): State<Chat>) -> &'static str {
    if chat.is_ready().await { "chat is ready" } else { "chat is not ready" }
}

/// Tells chinwag where a request comes from, so that its limits per address apply.
async fn with_address(
    axum::extract::ConnectInfo(address): axum::extract::ConnectInfo<SocketAddr>,
    mut request: axum::extract::Request,
) -> axum::extract::Request {
    request.extensions_mut().insert(ClientAddress(address.ip()));
    request
}
