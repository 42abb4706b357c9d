//! Random disconnects under load: closed, reset, or frozen and then reset. Every device must get everything
//! once, in order. Midway a participant is removed, and must hear nothing from then on.

use std::time::{Duration, Instant};

use chinwag_client::{Client, Signer};

use super::judge;
use crate::args::Options;
use crate::client::crowd::{Crowd, Size};
use crate::client::nodes::Nodes;
use crate::error::CheckError;
use crate::report::{Claim, Tell};

/// The longest that a connection lives before it is cut.
const LIFE: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(60);
/// If nothing is cut for this long, something is stuck.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn disconnects(
    client: &Client,
    signer: &Signer,
    options: &Options,
    seed: u64,
    tell: Tell<'_>,
) -> Result<Claim, CheckError> {
    let wanted = options.disconnects;
    let name = "a client that reconnects with its cursor misses nothing and gets nothing twice";
    let mut claim = Claim::new(name, format!("{wanted} disconnects under load"), wanted);
    let devices = usize::try_from(options.clients).unwrap_or(usize::MAX);
    let size = Size { devices, cuts: wanted, pause: PAUSE, life: LIFE, seed };
    let crowd = Crowd::start(Nodes::one(client), signer, size).await?;
    let begun = Instant::now();
    let mut cut = crowd.cut(wanted.div_ceil(2), PATIENCE, tell).await;
    if cut.is_ok() {
        crowd.remove_guests().await?;
        cut = crowd.cut(wanted, PATIENCE, tell).await;
    }
    match cut {
        Ok(()) => {
            tokio::time::sleep(Duration::from_secs(options.duration).saturating_sub(begun.elapsed())).await;
        }
        Err(problem) => claim.problem(problem),
    }
    claim.took(begun.elapsed());
    judge(&mut claim, &crowd.finish().await?);
    Ok(claim)
}
