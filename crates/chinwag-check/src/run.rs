//! One run: the server, the promises one after the other, the report.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio_rustls::TlsConnector;

use crate::args::Options;
use crate::claims;
use crate::error::{CheckError, system};
use crate::report::Report;
use crate::server::{Launch, Server};
use crate::target::Target;
use crate::tokens::Signer;

/// Says what is being done, how much of it is done, and how much there is.
pub type Tell<'a> = &'a (dyn Fn(&str, usize, usize) + Send + Sync);

/// Puts the promises to the test; `executable` is the server to start if no other is named, `tls` is for
/// options that [have TLS](Options::has_tls).
///
/// # Errors
/// If it could not be done. A broken promise is no error but a [claim](crate::Claim) that was not kept.
pub fn run(
    options: &Options,
    executable: &Path,
    tls: Option<TlsConnector>,
    tell: Tell<'_>,
) -> Result<Report, CheckError> {
    if let Some(path) = &options.history {
        let claims = vec![claims::recorded(path)?];
        let version = env!("CARGO_PKG_VERSION").to_owned();
        return Ok(Report { version, seed: 0, claims });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(system("can't start a runtime"))?;
    let seed = options.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let mut report = Report { version: env!("CARGO_PKG_VERSION").to_owned(), seed, claims: Vec::new() };
    match &options.url {
        Some(url) => {
            let target = Target::parse(url, tls, options.allow_remote)?;
            let secret = options.token_secret_file.as_ref();
            let secret = secret.ok_or(CheckError::Options("--url needs --token-secret-file"))?;
            let secret = read_secret(secret)?;
            runtime.block_on(check_running(&mut report, options, &target, &secret, tell))?;
        }
        None => runtime.block_on(check_own(&mut report, options, executable, tell))?,
    }
    drop(runtime);
    if options.frozen > 0 && !options.has_tls() {
        report.claims.push(claims::frozen(options, executable, tell)?);
    }
    Ok(report)
}

async fn check_running(
    report: &mut Report,
    options: &Options,
    target: &Target,
    secret: &[u8],
    tell: Tell<'_>,
) -> Result<(), CheckError> {
    if options.disconnects > 0 {
        let signer = Signer::new(secret, "a");
        let claim = claims::disconnects(target, &signer, options, report.seed, tell).await?;
        report.claims.push(claim);
    }
    if options.events > 0 {
        let signer = Signer::new(secret, "c");
        report.claims.push(claims::resume(target, None, &signer, options, tell).await?);
    }
    Ok(())
}

/// Each promise gets a fresh server: the memory of one says nothing of the other.
async fn check_own(
    report: &mut Report,
    options: &Options,
    executable: &Path,
    tell: Tell<'_>,
) -> Result<(), CheckError> {
    let folder = temporary_folder(options)?;
    // Nothing to keep: the server and its tokens live for one run on loopback.
    let secret = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    let secret_file = folder.path().join("secret");
    fs::write(&secret_file, &secret).map_err(system("can't write the secret"))?;
    let launch = |part: &str| Launch {
        executable: executable.to_owned(),
        data_dir: folder.path().join(part),
        secret_file: secret_file.clone(),
    };
    let secret = secret.as_bytes();
    if options.disconnects > 0 {
        let server = Server::start(launch("a")).await?;
        let signer = Signer::new(secret, "a");
        let claim = claims::disconnects(&server.target, &signer, options, report.seed, tell).await?;
        report.claims.push(claim);
    }
    if options.kills > 0 {
        let server = Server::start(launch("b")).await?;
        let signer = Signer::new(secret, "b");
        let (claim, _server) = claims::kills(server, &signer, options, report.seed, tell).await?;
        report.claims.push(claim);
    }
    if options.events > 0 {
        let server = Server::start(launch("c")).await?;
        let signer = Signer::new(secret, "c");
        report.claims.push(claims::resume(&server.target, server.pid(), &signer, options, tell).await?);
    }
    Ok(())
}

/// A folder for one run, on a disk: memory would make every sync free.
fn temporary_folder(options: &Options) -> Result<TempDir, CheckError> {
    let parent = options.work_dir.clone().unwrap_or_else(|| {
        let disk = PathBuf::from("/var/tmp");
        if disk.is_dir() { disk } else { std::env::temp_dir() }
    });
    tempfile::Builder::new()
        .prefix("chinwag-check-")
        .tempdir_in(parent)
        .map_err(system("can't make a folder"))
}

/// The file's bytes without the line end that editors and `echo` put there, as the server reads them.
fn read_secret(path: &Path) -> Result<Vec<u8>, CheckError> {
    let mut secret = fs::read(path).map_err(system("can't read the secret"))?;
    if secret.last() == Some(&b'\n') {
        secret.pop();
        if secret.last() == Some(&b'\r') {
            secret.pop();
        }
    }
    Ok(secret)
}
