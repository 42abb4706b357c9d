//! A chinwag server as its clients see it, for the command line, the checker and the load generator.
//!
//! [`Client`] is a server's address, [`Api`] the requests of one user, and [`Client::open_socket`] opens a
//! WebSocket. [`Server`] starts the binary and waits until it is ready; [`Signer`] makes users for it. This
//! crate knows only the public interface, and nothing of the library behind it.

mod client;
mod error;
mod folder;
mod server;
mod signer;
mod socket;
mod tls;

pub use client::{Api, Client};
pub use error::ClientError;
pub use folder::{make_secret, read_secret, temporary_folder};
pub use reqwest::{Method, RequestBuilder, Response, StatusCode};
pub use server::{Launch, Server};
pub use signer::Signer;
pub use socket::{Socket, SocketOptions};
