//! What the command line takes: `chinwag bench <case> [options]`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Measure a server on this machine, verify every delivery, and compare with the machine's floor.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench")]
pub struct Bench {
    /// What to measure.
    #[command(subcommand)]
    pub case: Case,
    /// How.
    #[command(flatten)]
    pub options: Options,
}

/// One measurement.
#[derive(Clone, Debug, Subcommand)]
pub enum Case {
    /// Durable messages a second: each sender has its own conversation, and waits for its echo
    Append(Append),
    /// One message to many sockets, at a fixed rate
    Fanout(Fanout),
    /// Conversations of two people who take turns as fast as the server lets them
    Pairs(Pairs),
    /// Fan-out while some receivers never read
    Slow(Slow),
    /// Memory of silent connections
    Idle(Idle),
    /// Everybody reconnects at once
    Storm(Storm),
    /// Clients that come back far behind
    Resume(Resume),
    /// Files: their speed, and what they cost messages on the same socket and on others
    Upload(Upload),
    /// All of these with their defaults
    All,
    /// Very many connections, as the sum over several servers and clients
    Million(Million),
    /// An HTML page with plots, made from the output of --json
    Report(ReportFiles),
    /// The bare server, in a process of its own
    #[command(hide = true)]
    Floor(Floor),
    /// One server of `million` and its clients
    #[command(hide = true)]
    Hold(Hold),
    /// The library and its callers, for `append`
    #[command(hide = true)]
    Embedded(Embedded),
}

/// Options of every case.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Seconds of load.
    #[arg(long, global = true, default_value_t = 5.0, value_parser = positive)]
    pub seconds: f64,
    /// The most messages that a run sends.
    #[arg(long, global = true, default_value_t = 5_000_000)]
    pub max_messages: u64,
    /// Runs of each case, each with a fresh server.
    #[arg(long, global = true, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub runs: u32,
    /// Print the report as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Pin the server (and what stands for it in a floor) to processor 0 and the client to 1.
    #[arg(long, global = true)]
    pub pin: bool,
    /// The server's executable; by default this one.
    #[arg(long, global = true, value_name = "PATH")]
    pub server: Option<PathBuf>,
    /// Where to make temporary folders; by default /var/tmp, which is on a disk.
    #[arg(long, global = true, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
    /// Load a running server, started with --limits off --provision-users.
    #[arg(long, global = true, value_name = "URL", requires = "jwt_secret_file")]
    pub target: Option<String>,
    /// The secret of the --target server.
    #[arg(long, global = true, value_name = "FILE")]
    pub jwt_secret_file: Option<PathBuf>,
    /// The process of the --target server, for its CPU time and memory.
    #[arg(long, global = true)]
    pub pid: Option<u32>,
    /// Load a server on another machine. Use this only on your own servers.
    #[arg(long, global = true)]
    pub allow_remote: bool,
}

/// `append`: durable messages a second.
#[derive(Args, Clone, Debug)]
pub struct Append {
    /// Number of senders; several numbers are several measurements.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 256])]
    pub senders: Vec<usize>,
    /// Call the library as a host does, from as many tasks of one process: the log without sockets.
    #[arg(long, conflicts_with_all = ["target", "server"])]
    pub embedded: bool,
    /// Bytes of a message's text.
    #[arg(long, default_value_t = 200)]
    pub content_bytes: usize,
    /// Servers on the database in CHINWAG_STORE, among which the senders are spread.
    #[arg(long, default_value_t = 1, value_parser = nodes)]
    pub nodes: usize,
}

fn nodes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(nodes @ 1..=8) => Ok(nodes),
        _ => Err("a number from 1 to 8".to_owned()),
    }
}

/// `fanout`: one message to many sockets.
#[derive(Args, Clone, Debug)]
pub struct Fanout {
    /// Number of sockets, including the senders'.
    #[arg(long, default_value_t = 1000)]
    pub receivers: usize,
    /// Sockets per room, of which the first sends; by default all are in one room.
    #[arg(long)]
    pub room_size: Option<usize>,
    /// Deliveries offered a second, over all rooms.
    #[arg(long, default_value_t = 100_000)]
    pub rate: u32,
    /// Instead, offer this percentage of what the bare loop can do, which is measured first.
    #[arg(long, conflicts_with = "rate", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub percent_of_floor: Option<u32>,
    /// Messages to the same room at the same moment.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub burst: u32,
    /// Bytes of a message's text.
    #[arg(long, default_value_t = 200)]
    pub content_bytes: usize,
}

/// `pairs`: conversations of two.
#[derive(Args, Clone, Debug)]
pub struct Pairs {
    /// Number of conversations.
    #[arg(long, default_value_t = 200)]
    pub pairs: usize,
    /// Bytes of a message's text.
    #[arg(long, default_value_t = 200)]
    pub content_bytes: usize,
    /// Servers on the database in CHINWAG_STORE: the two of a pair are connected to different ones.
    #[arg(long, default_value_t = 1, value_parser = nodes)]
    pub nodes: usize,
}

/// `slow`: fan-out while some never read.
#[derive(Args, Clone, Debug)]
pub struct Slow {
    /// Number of sockets, including those that never read.
    #[arg(long, default_value_t = 1000)]
    pub receivers: usize,
    /// Percentage of sockets that never read.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=90))]
    pub stalled_percent: u8,
    /// Deliveries offered a second to those that read.
    #[arg(long, default_value_t = 80_000)]
    pub rate: u32,
    /// Bytes of a message's text.
    #[arg(long, default_value_t = 200)]
    pub content_bytes: usize,
}

/// `idle`: memory of connections.
#[derive(Args, Clone, Debug)]
pub struct Idle {
    /// Number of connections, each of its own user.
    #[arg(long, default_value_t = 5000)]
    pub connections: usize,
    /// Connections per conversation.
    #[arg(long, default_value_t = 10)]
    pub room_size: usize,
}

/// `storm`: everybody reconnects at once.
#[derive(Args, Clone, Debug)]
pub struct Storm {
    /// Number of clients.
    #[arg(long, default_value_t = 2000)]
    pub clients: usize,
    /// Clients per conversation.
    #[arg(long, default_value_t = 10)]
    pub room_size: usize,
}

/// `resume`: clients come back far behind.
#[derive(Args, Clone, Debug)]
pub struct Resume {
    /// Number of clients; fewer if they would get more than two million events together.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub clients: u32,
    /// Events that each client missed; several numbers are several measurements.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 1000, 100_000],
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub behind: Vec<u64>,
    /// Bytes of a message's text.
    #[arg(long, default_value_t = 200)]
    pub content_bytes: usize,
}

/// `million`: very many connections.
#[derive(Args, Clone, Debug)]
pub struct Million {
    /// Number of connections, over all servers.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=4_000_000))]
    pub connections: u32,
    /// Connections per server process, and per process of its clients.
    #[arg(long, default_value_t = 19_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub per_process: u32,
    /// Connections per conversation.
    #[arg(long, default_value_t = 10)]
    pub room_size: usize,
    /// Seconds for which all connections are held.
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub hold_seconds: u32,
}

/// `report`: one HTML page.
#[derive(Args, Clone, Debug)]
pub struct ReportFiles {
    /// Output of --json; by default standard input.
    pub files: Vec<PathBuf>,
}

/// `hold`: one server and its clients, for `million`, which starts it.
#[derive(Args, Clone, Debug)]
pub struct Hold {
    /// Number of connections.
    #[arg(long)]
    pub connections: usize,
    /// Connections per conversation.
    #[arg(long)]
    pub room_size: usize,
}

/// `embedded`: the library and its callers, for `append`, which starts it.
#[derive(Args, Clone, Debug)]
pub struct Embedded {
    /// Number of senders.
    #[arg(long)]
    pub senders: usize,
    /// Bytes of a message's text.
    #[arg(long)]
    pub content_bytes: usize,
    /// Holds the secret, and gets the data.
    #[arg(long)]
    pub folder: PathBuf,
}

/// `upload`: files beside messages.
#[derive(Args, Clone, Debug)]
pub struct Upload {
    /// Size of a file in MiB.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=25))]
    pub file_mib: u32,
    /// Messages offered a second, on each socket.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: u32,
    /// Simultaneous files, for the memory of the server.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub at_once: u32,
}

/// `floor`: the bare server that other cases compare with, and start themselves.
#[derive(Args, Clone, Debug)]
pub struct Floor {
    /// Number of sockets to expect.
    #[arg(long)]
    pub sockets: usize,
    /// Sockets per room.
    #[arg(long)]
    pub room_size: usize,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 3600.0 => Ok(seconds),
        _ => Err("a number above 0 and at most 3600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Bench::command().debug_assert();
    }

    #[test]
    fn options_may_stand_behind_the_case() {
        let bench =
            Bench::try_parse_from(["bench", "append", "--senders", "1,4", "--runs", "2", "--json"]).unwrap();
        assert!(matches!(bench.case, Case::Append(Append { senders, .. }) if senders == [1, 4]));
        assert_eq!((bench.options.runs, bench.options.json), (2, true));
        assert!(Bench::try_parse_from(["bench", "append", "--seconds", "0"]).is_err());
    }
}
