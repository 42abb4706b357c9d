//! Kills the server with -9 under load and restarts it on the same folder and port, again and again. What was
//! acknowledged must be there once, and what was delivered must match the log.
//!
//! This shows that the server hands everything to the operating system before it acknowledges or publishes.
//! The page cache survives a kill; only a power cut shows whether it reached the disk.

use std::time::{Duration, Instant};

use chinwag_client::{Client, Server, Signer};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::judge;
use crate::args::Options;
use crate::client::crowd::{Crowd, Size};
use crate::client::nodes::Nodes;
use crate::error::CheckError;
use crate::process::blocking;
use crate::report::{Claim, Tell};

const PAUSE: Duration = Duration::from_millis(8);
/// The longest that a server lives after its first answer.
const LIFE_MS: u64 = 60;
/// If nobody is answered for this long after a restart, something is stuck.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn kills(
    mut server: Server,
    client: &Client,
    signer: &Signer,
    options: &Options,
    seed: u64,
    tell: Tell<'_>,
) -> Result<(Claim, Server), CheckError> {
    let rounds = options.kills;
    let name = "what is acknowledged survives kill -9, once";
    let mut claim = Claim::new(name, format!("{rounds} rounds of kill -9 under load"), rounds);
    let devices = usize::try_from(options.clients).unwrap_or(usize::MAX);
    // Only the kills cut connections.
    let size = Size { devices, cuts: 0, pause: PAUSE, life: Duration::ZERO, seed };
    let crowd = Crowd::start(Nodes::one(client), signer, size).await?;
    let mut rng = StdRng::seed_from_u64(seed);
    let begun = Instant::now();
    let mut restarting = Duration::ZERO;
    let mut killed = 0;
    for round in 0..rounds {
        tell("kills", round, rounds);
        if !crowd.is_answered_within(PATIENCE).await {
            claim.problem(format!("nobody was answered for 30 s after kill {round}"));
            break;
        }
        tokio::time::sleep(Duration::from_micros(rng.random_range(0..LIFE_MS * 1000))).await;
        let down = Instant::now();
        server = blocking(move || server.crash()).await?;
        restarting += down.elapsed();
        killed += 1;
    }
    claim.took(begun.elapsed());
    claim.figure("acknowledged messages", crowd.acknowledged() as f64);
    claim.figure(
        "ms from the kill to ready, mean",
        restarting.as_secs_f64() * 1000.0 / f64::from(killed.max(1)),
    );
    judge(&mut claim, &crowd.finish().await?);
    Ok((claim, server))
}
