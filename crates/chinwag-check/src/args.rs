//! What the command line takes: `chinwag check [options]`.

use std::path::PathBuf;

use clap::Args;

/// What to check, and how much of it. A count of zero leaves that part out.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Judge a history that was recorded before, without a server: JSON lines, as docs/sdk.md describes them
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub history: Option<PathBuf>,
    /// Check a running server, started with --limits off and --provision-users
    #[arg(long, value_name = "URL", requires = "token_secret_file")]
    pub url: Option<String>,
    /// The --jwt-secret-file of that server
    #[arg(long, value_name = "FILE", requires = "url")]
    pub token_secret_file: Option<PathBuf>,
    /// Certificates in PEM to trust for https://, instead of the system's
    #[arg(long, value_name = "FILE", requires = "url")]
    pub ca: Option<PathBuf>,
    /// Check a server on another machine. Use this only on your own servers
    #[arg(long)]
    pub allow_remote: bool,
    /// Check this many servers on one PostgreSQL database instead of one server
    #[arg(long, value_name = "N", conflicts_with_all = ["history", "url"],
          value_parser = clap::value_parser!(u8).range(2..=9))]
    pub nodes: Option<u8>,
    /// The database of these servers; otherwise they have a PostgreSQL of their own, which crashes, too
    #[arg(long, value_name = "URL", requires = "nodes")]
    pub store: Option<String>,
    /// How these servers hear of each other
    #[arg(long, default_value = "notify", value_parser = ["notify", "none"])]
    pub bus: String,
    /// Repeat the schedule of the run with this seed
    #[arg(long)]
    pub seed: Option<u64>,
    /// Random disconnects under load
    #[arg(long, default_value_t = 500)]
    pub disconnects: usize,
    /// Rounds of kill -9 and restart; ignored with --url
    #[arg(long, default_value_t = 20)]
    pub kills: usize,
    /// With --nodes: rounds in which a server stands still for up to 8 seconds
    #[arg(long, default_value_t = 10)]
    pub freezes: usize,
    /// With --nodes: rounds of kill -9 and restart of PostgreSQL; ignored with --store
    #[arg(long, default_value_t = 10)]
    pub crashes: usize,
    /// Devices that send and follow
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(3..=1000))]
    pub clients: u32,
    /// Minimum seconds under load
    #[arg(long, value_name = "S", default_value_t = 5)]
    pub duration: u64,
    /// Events that a client misses before it resumes
    #[arg(long, default_value_t = 10_000)]
    pub events: usize,
    /// Connections in the room of the slow-reader check, including those that never read
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    pub connections: u32,
    /// How many of them never read; ignored for https://, which the load generator does not speak
    #[arg(long, default_value_t = 20)]
    pub frozen: u32,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Where to make temporary folders; by default /var/tmp, which is on a disk
    #[arg(long, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
}

impl Options {
    /// Whether the server is reached through TLS.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}
