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
    /// Further nodes on the same database.
    others: Vec<Server>,
    /// Dropped after the server, which writes to it.
    folder: TempDir,
}

impl Target {
    /// Starts a server on a fresh folder, or uses the one that the options name.
    pub(crate) fn open(setup: &Setup<'_>) -> Result<Self, BenchError> {
        Self::open_nodes(setup, 1)
    }

    /// The same, with this many servers on one database.
    pub(crate) fn open_nodes(setup: &Setup<'_>, nodes: usize) -> Result<Self, BenchError> {
        let options = setup.options;
        let folder = temporary_folder(FOLDER, options.work_dir.as_deref())?;
        if nodes > 1 && (options.target.is_some() || std::env::var_os("CHINWAG_STORE").is_none()) {
            return Err(BenchError::Options(
                "--nodes starts servers on the empty PostgreSQL database in CHINWAG_STORE; it does without --target",
            ));
        }
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
            return Ok(Self { address, signer, pid: options.pid, server: None, others: Vec::new(), folder });
        }
        let (secret_file, secret) = make_secret(folder.path())?;
        if options.pin {
            pin(SERVER_CPU)?;
        }
        let start = |name: &str| {
            let environment = match nodes {
                1 => Vec::new(),
                _ => vec![("CHINWAG_SHARED_FILES", folder.path().join("files").display().to_string())],
            };
            let (executable, data_dir) = (setup.server.to_owned(), folder.path().join(name));
            Launch { executable, data_dir, secret_file: secret_file.clone(), environment }.start()
        };
        let server = start("data");
        let others = (1..nodes).map(|number| start(&format!("data-{number}"))).collect::<Result<_, _>>();
        if options.pin {
            pin(CLIENT_CPU)?;
        }
        let (server, others) = (server?, others?);
        let signer = Signer::new(secret.as_bytes(), USERS);
        let (address, pid) = (server.address(), Some(server.pid()));
        Ok(Self { address, signer, pid, server: Some(server), others, folder })
    }

    /// Where the socket with this number belongs: sockets take turns among the nodes.
    pub(crate) fn address_of(&self, socket: usize) -> SocketAddr {
        match socket % (self.others.len() + 1) {
            0 => self.address,
            number => self.others.get(number - 1).map_or(self.address, Server::address),
        }
    }

    /// Whether there are several servers.
    pub(crate) fn has_nodes(&self) -> bool {
        !self.others.is_empty()
    }

    /// The name of the user with this number.
    pub(crate) fn username(&self, number: usize) -> String {
        self.signer.username(number)
    }

    /// A token for the user with this number, signed as another application does.
    pub(crate) fn token(&self, number: usize) -> Result<String, BenchError> {
        Ok(self.signer.token(number)?)
    }

    /// Its CPU time so far, of all nodes; `None` if its process is unknown.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let others = self.others.iter().map(|server| process::cpu(server.pid()));
        std::iter::once(process::cpu(self.pid?)).chain(others).sum()
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
        for server in self.server.into_iter().chain(self.others) {
            server.stop()?;
        }
        Ok(())
    }
}
