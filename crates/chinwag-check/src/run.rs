//! One run: starts the server, tests each promise, and reports.

use std::path::Path;
use std::time::Duration;

use chinwag_client::{Client, Launch, Server, Signer, make_secret, read_secret, temporary_folder};

use crate::args::Options;
use crate::claims;
use crate::cluster::Cluster;
use crate::error::{CheckError, system};
use crate::process::blocking;
use crate::report::{Report, Tell};

/// The limit of a request, so that it does not hang with the server.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tests the promises; starts `executable` unless the options name a server.
///
/// # Errors
/// If a test could not be run. A broken promise is not an error, but a [claim](crate::Claim) that was not
/// kept.
pub fn run(options: &Options, executable: &Path, tell: Tell<'_>) -> Result<Report, CheckError> {
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
            let client = Client::new(url, options.ca.as_deref())?.with_patience(PATIENCE);
            client.addresses(options.allow_remote)?;
            let secret = options.token_secret_file.as_ref();
            let secret = secret.ok_or(CheckError::Options("--url needs --token-secret-file"))?;
            let secret = read_secret(secret)?;
            runtime.block_on(check_running(&mut report, options, &client, &secret, tell))?;
        }
        None => match options.nodes {
            Some(count) => runtime.block_on(check_nodes(&mut report, options, count, executable, tell))?,
            None => runtime.block_on(check_own(&mut report, options, executable, tell))?,
        },
    }
    drop(runtime);
    if options.frozen > 0 && !options.has_tls() && options.nodes.is_none() {
        report.claims.push(claims::frozen(options, executable, tell)?);
    }
    Ok(report)
}

async fn check_running(
    report: &mut Report,
    options: &Options,
    client: &Client,
    secret: &[u8],
    tell: Tell<'_>,
) -> Result<(), CheckError> {
    if options.disconnects > 0 {
        let signer = Signer::new(secret, "a");
        let claim = claims::disconnects(client, &signer, options, report.seed, tell).await?;
        report.claims.push(claim);
    }
    if options.events > 0 {
        let signer = Signer::new(secret, "c");
        report.claims.push(claims::resume(client, None, &signer, options, tell).await?);
    }
    Ok(())
}

async fn check_nodes(
    report: &mut Report,
    options: &Options,
    count: u8,
    executable: &Path,
    tell: Tell<'_>,
) -> Result<(), CheckError> {
    let folder = temporary_folder("chinwag-check-", options.work_dir.as_deref())?;
    let (secret_file, secret) = make_secret(folder.path())?;
    let cluster = Cluster::start(count, options, executable, folder.path(), secret_file).await?;
    let signer = Signer::new(secret.as_bytes(), "n");
    report.claims.push(claims::nodes(cluster, &signer, options, report.seed, tell).await?);
    Ok(())
}

/// Gives each promise a fresh server, so that one does not affect the memory of the next.
async fn check_own(
    report: &mut Report,
    options: &Options,
    executable: &Path,
    tell: Tell<'_>,
) -> Result<(), CheckError> {
    let folder = temporary_folder("chinwag-check-", options.work_dir.as_deref())?;
    let (secret_file, secret) = make_secret(folder.path())?;
    let start = async |part: &str| -> Result<(Server, Client), CheckError> {
        let launch = Launch {
            executable: executable.to_owned(),
            data_dir: folder.path().join(part),
            secret_file: secret_file.clone(),
            environment: Vec::new(),
        };
        let server = blocking(move || launch.start()).await?;
        let client = Client::new(&format!("http://{}", server.address()), None)?.with_patience(PATIENCE);
        Ok((server, client))
    };
    let secret = secret.as_bytes();
    if options.disconnects > 0 {
        let (_server, client) = start("a").await?;
        let signer = Signer::new(secret, "a");
        let claim = claims::disconnects(&client, &signer, options, report.seed, tell).await?;
        report.claims.push(claim);
    }
    if options.kills > 0 {
        let (server, client) = start("b").await?;
        let signer = Signer::new(secret, "b");
        let (claim, _server) = claims::kills(server, &client, &signer, options, report.seed, tell).await?;
        report.claims.push(claim);
    }
    if options.events > 0 {
        let (server, client) = start("c").await?;
        let signer = Signer::new(secret, "c");
        report.claims.push(claims::resume(&client, Some(server.pid()), &signer, options, tell).await?);
    }
    Ok(())
}
