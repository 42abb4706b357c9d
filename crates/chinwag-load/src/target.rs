//! The server under load: one that the bench started, or one that is already running.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use chinwag_client::{Client, Launch, Server, Signer, make_secret, read_secret, temporary_folder};
use tempfile::TempDir;

use crate::error::BenchError;
use crate::machine::pin;
use crate::process;
use crate::setup::Setup;

/// The prefix of a bench's folders.
pub(crate) const FOLDER: &str = "chinwag-bench-";
/// The prefix of its users' names.
const USERS: &str = "b";
/// The processor of the server, and of what stands for it in a floor, with --pin.
pub(crate) const SERVER_CPU: usize = 0;
/// The processor of the client, with --pin.
pub(crate) const CLIENT_CPU: usize = 1;

pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    signer: Signer,
    pid: Option<u32>,
    server: Option<Server>,
    /// Dropped after the server, which writes to it.
    folder: TempDir,
}

impl Target {
    /// Starts a server on a fresh folder, or uses the one that the options name.
    pub(crate) fn open(setup: &Setup<'_>) -> Result<Self, BenchError> {
        let options = setup.options;
        let folder = temporary_folder(FOLDER, options.work_dir.as_deref())?;
        if let Some(url) = &options.target {
            let client = Client::new(url, None)?;
            if client.has_tls() {
                return Err(BenchError::Options("--target must begin with http://"));
            }
            // The bench opens IPv4 sockets.
            let address = client.addresses(options.allow_remote)?.into_iter().find(SocketAddr::is_ipv4);
            let address = address.ok_or(BenchError::Options("--target needs a host with an IPv4 address"))?;
            let secret = options
                .jwt_secret_file
                .as_ref()
                .ok_or(BenchError::Options("--target needs the server's --jwt-secret-file"))?;
            let signer = Signer::new(&read_secret(secret)?, USERS);
            return Ok(Self { address, signer, pid: options.pid, server: None, folder });
        }
        let (secret_file, secret) = make_secret(folder.path())?;
        if options.pin {
            pin(SERVER_CPU)?;
        }
        let (executable, data_dir) = (setup.server.to_owned(), folder.path().join("data"));
        let server = Launch { executable, data_dir, secret_file }.start();
        if options.pin {
            pin(CLIENT_CPU)?;
        }
        let server = server?;
        let signer = Signer::new(secret.as_bytes(), USERS);
        Ok(Self { address: server.address(), signer, pid: Some(server.pid()), server: Some(server), folder })
    }

    /// The name of the user with this number.
    pub(crate) fn username(&self, number: usize) -> String {
        self.signer.username(number)
    }

    /// A token for the user with this number, signed as another application does.
    pub(crate) fn token(&self, number: usize) -> Result<String, BenchError> {
        Ok(self.signer.token(number)?)
    }

    /// Its CPU time so far; `None` if its process is unknown.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        process::cpu(self.pid?)
    }

    /// Its memory; `None` as above.
    pub(crate) fn resident(&self) -> Option<u64> {
        process::resident(self.pid?)
    }

    /// From its start to its ready line; `None` if it was already running.
    pub(crate) fn ready_after(&self) -> Option<Duration> {
        self.server.as_ref().map(Server::ready_after)
    }

    /// The folder of the server's data, for a floor on the same disk.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops a server that the bench started.
    ///
    /// # Errors
    /// If it ended earlier, or does not stop in order.
    pub(crate) fn close(self) -> Result<(), BenchError> {
        Ok(self.server.map_or(Ok(()), Server::stop)?)
    }
}
