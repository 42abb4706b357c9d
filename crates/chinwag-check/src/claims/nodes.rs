//! Several servers on one database. Their clients go to another node each time they connect, and repeat there what was not
//! answered elsewhere. Meanwhile nodes are killed or stand still, and PostgreSQL is killed, one after the other.
//!
//! A node that stands still may hold the lock of the log, or have a batch that it begins to commit when it wakes up, after
//! the others were asked for the same. A database that is killed may have stored what it did not answer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chinwag_client::Signer;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::judge;
use crate::args::Options;
use crate::client::crowd::{Crowd, Size};
use crate::cluster::Cluster;
use crate::error::CheckError;
use crate::report::{Claim, Tell};

const PAUSE: Duration = Duration::from_millis(40);
/// The longest that a connection lives before its client turns to another node.
const LIFE: Duration = Duration::from_millis(1500);
/// The longest between an answer and the next mishap, in milliseconds.
const LULL_MS: u64 = 300;
/// How long a node stands still, in milliseconds.
const FREEZE_MS: std::ops::Range<u64> = 500..8000;
/// If nobody is answered for this long after a mishap, something is stuck.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a node had taken on before the last mishap is done by then.
const REST: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mishap {
    Kill,
    Freeze,
    Crash,
}

impl Mishap {
    fn label(self) -> &'static str {
        match self {
            Self::Kill => "kill -9 of a node",
            Self::Freeze => "SIGSTOP of a node",
            Self::Crash => "kill -9 of PostgreSQL",
        }
    }
}

pub(crate) async fn nodes(
    mut cluster: Cluster,
    signer: &Signer,
    options: &Options,
    seed: u64,
    tell: Tell<'_>,
) -> Result<Claim, CheckError> {
    let mut rng = StdRng::seed_from_u64(seed);
    let schedule = schedule(options, cluster.has_own_postgres(), &mut rng);
    let name =
        "several nodes are one server: nothing is lost, doubled or out of order, whatever befalls them";
    let mut claim = Claim::new(name, String::new(), schedule.len());
    let devices = usize::try_from(options.clients).unwrap_or(usize::MAX);
    // They wander as long as the run takes.
    let cuts = if options.disconnects > 0 { usize::MAX } else { 0 };
    let size = Size { devices, cuts, pause: PAUSE, life: LIFE, seed };
    let crowd = Crowd::start(cluster.nodes()?, signer, size).await?;
    let begun = Instant::now();
    let mut done: BTreeMap<Mishap, usize> = BTreeMap::new();
    let mut outcome = Ok(());
    for (round, mishap) in schedule.iter().enumerate() {
        tell("mishaps", round, schedule.len());
        if !crowd.is_answered_within(PATIENCE).await {
            outcome = Err("nobody was answered for 30 s".to_owned());
            break;
        }
        if round == schedule.len() / 2 {
            crowd.remove_guests().await?;
        }
        tokio::time::sleep(Duration::from_micros(rng.random_range(0..LULL_MS * 1000))).await;
        let node = rng.random_range(0..cluster.count());
        let time = Duration::from_millis(rng.random_range(FREEZE_MS));
        match mishap {
            Mishap::Kill => cluster.crash_node(node).await?,
            Mishap::Freeze => cluster.freeze_node(node, time).await?,
            Mishap::Crash => cluster.crash_postgres().await?,
        }
        *done.entry(*mishap).or_default() += 1;
    }
    if outcome.is_ok() {
        outcome = crowd.cut(options.disconnects, PATIENCE, tell).await;
    }
    match outcome {
        Ok(()) => {
            let rest = Duration::from_secs(options.duration).saturating_sub(begun.elapsed());
            tokio::time::sleep(rest.max(REST)).await;
        }
        Err(problem) => {
            let rounds = done.values().sum::<usize>();
            let last = rounds.checked_sub(1).and_then(|last| schedule.get(last));
            let last = last.map_or("no mishap", |mishap| mishap.label());
            claim.problem(format!("{problem}; round {rounds}, {last}, was before it"));
        }
    }
    claim.took(begun.elapsed());
    let mishaps = done.iter().map(|(mishap, count)| format!("{count} × {}", mishap.label()));
    let told: Vec<String> = mishaps.chain([format!("{} disconnects", crowd.cuts())]).collect();
    claim.trials = format!("{} nodes (bus: {}), {}", cluster.count(), options.bus, told.join(", "));
    claim.figure("acknowledged messages", crowd.acknowledged() as f64);
    judge(&mut claim, &crowd.finish().await?);
    Ok(claim)
}

/// What will happen, in which order.
fn schedule(options: &Options, has_own_postgres: bool, rng: &mut StdRng) -> Vec<Mishap> {
    let crashes = if has_own_postgres { options.crashes } else { 0 };
    let wanted = [(Mishap::Kill, options.kills), (Mishap::Freeze, options.freezes), (Mishap::Crash, crashes)];
    let wanted = wanted.into_iter().flat_map(|(mishap, count)| std::iter::repeat_n(mishap, count));
    let mut schedule: Vec<Mishap> = wanted.collect();
    schedule.shuffle(rng);
    schedule
}
