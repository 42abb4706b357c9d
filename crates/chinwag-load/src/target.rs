//! The server under load: one that the bench started, or one that runs already.

use std::fs;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tempfile::TempDir;

use crate::args::Options;
use crate::error::{BenchError, system};
use crate::machine::pin;
use crate::process;
use crate::server::Server;
use crate::setup::Setup;

/// Longer than any bench.
const TOKEN_LIFETIME_S: u64 = 24 * 3600;
/// Where the server runs, and what stands for it in a floor, if processors are pinned.
pub(crate) const SERVER_CPU: usize = 0;
/// Where the client runs then.
pub(crate) const CLIENT_CPU: usize = 1;

pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    key: EncodingKey,
    /// Begins the name of every user, so that a server that runs already has no such user yet.
    tag: String,
    pid: Option<u32>,
    server: Option<Server>,
    /// Dropped after the server, which writes to it.
    folder: TempDir,
}

impl Target {
    /// Starts a server on a fresh folder, or takes the one that the options name.
    pub(crate) fn open(setup: &Setup<'_>) -> Result<Self, BenchError> {
        let options = setup.options;
        let folder = temporary_folder(options)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let tag = format!("b{:x}", now.as_micros());
        if let Some(url) = &options.target {
            let address = address_of(url, options.allow_remote)?;
            let secret = options
                .jwt_secret_file
                .as_ref()
                .ok_or(BenchError::Options("--target needs the server's --jwt-secret-file"))?;
            let secret = fs::read(secret).map_err(system("can't read the secret"))?;
            let key = EncodingKey::from_secret(&secret);
            return Ok(Self { address, key, tag, pid: options.pid, server: None, folder });
        }
        let (secret_file, secret) = make_secret(folder.path())?;
        if options.pin {
            pin(SERVER_CPU)?;
        }
        let server = Server::start(setup.server, &folder.path().join("data"), &secret_file);
        if options.pin {
            pin(CLIENT_CPU)?;
        }
        let server = server?;
        let key = EncodingKey::from_secret(secret.as_bytes());
        Ok(Self { address: server.address, key, tag, pid: Some(server.pid()), server: Some(server), folder })
    }

    /// The name of the user with this number.
    pub(crate) fn username(&self, number: usize) -> String {
        format!("{}-{number}", self.tag)
    }

    /// A token for the user with this number, as another application signs one.
    pub(crate) fn token(&self, number: usize) -> Result<String, BenchError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims =
            serde_json::json!({"sub": self.username(number), "iat": now, "exp": now + TOKEN_LIFETIME_S});
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.key)
            .map_err(|error| BenchError::Protocol(format!("can't sign a token: {error}")))
    }

    /// Its CPU time so far; `None` if nobody said which process it is.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        process::cpu(self.pid?)
    }

    /// Its memory; `None` as above.
    pub(crate) fn resident(&self) -> Option<u64> {
        process::resident(self.pid?)
    }

    /// From its start to its ready line; `None` if it ran already.
    pub(crate) fn ready_after(&self) -> Option<Duration> {
        self.server.as_ref().map(|server| server.ready_after)
    }

    /// Where the server's data is, for a floor on the same disk.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops a server that was started for this.
    ///
    /// # Errors
    /// If it ended before, or does not stop in order.
    pub(crate) fn close(self) -> Result<(), BenchError> {
        self.server.map_or(Ok(()), Server::stop)
    }
}

/// A secret for one run, in a file of its folder. Nothing to keep: the server and its tokens live no longer.
pub(crate) fn make_secret(folder: &Path) -> Result<(PathBuf, String), BenchError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let secret = format!("chinwag-bench-{:032x}", now.as_nanos() ^ u128::from(std::process::id()));
    let file = folder.join("secret");
    fs::write(&file, &secret).map_err(system("can't write the secret"))?;
    Ok((file, secret))
}

/// A folder for one run, on a disk: memory would make every sync free.
pub(crate) fn temporary_folder(options: &Options) -> Result<TempDir, BenchError> {
    let parent = options.work_dir.clone().unwrap_or_else(|| {
        let disk = PathBuf::from("/var/tmp");
        if disk.is_dir() { disk } else { std::env::temp_dir() }
    });
    tempfile::Builder::new()
        .prefix("chinwag-bench-")
        .tempdir_in(parent)
        .map_err(system("can't make a folder"))
}

fn address_of(url: &str, allow_remote: bool) -> Result<SocketAddr, BenchError> {
    let authority = url
        .strip_prefix("http://")
        .ok_or(BenchError::Options("--target must begin with http://"))?
        .trim_end_matches('/');
    let address = authority
        .to_socket_addrs()
        .and_then(|mut addresses| {
            // The client opens IPv4 sockets.
            addresses.find(SocketAddr::is_ipv4).ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
        })
        .map_err(system("can't find the address of --target"))?;
    if address.ip().is_loopback() || allow_remote { Ok(address) } else { Err(BenchError::Remote(address)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_refused_unless_allowed() {
        assert!(address_of("http://127.0.0.1:8000/", false).is_ok());
        assert!(matches!(address_of("http://192.0.2.7:8000", false), Err(BenchError::Remote(_))));
        assert!(address_of("http://192.0.2.7:8000", true).is_ok());
        assert!(address_of("https://127.0.0.1:8000", false).is_err());
    }
}
