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
    /// Durable messages a second: senders in conversations of their own, each waits for its echo
    Append(Append),
    /// One message to many sockets, at a fixed rate
    Fanout(Fanout),
    /// Conversations of two, who take turns as fast as the server lets them
    Pairs(Pairs),
    /// Fan-out while some of the receivers never read
    Slow(Slow),
    /// Memory of connections that say nothing
    Idle(Idle),
    /// Everybody reconnects at once
    Storm(Storm),
    /// Clients come back far behind
    Resume(Resume),
    /// Files: their speed, and what they cost messages on the same socket and on others
    Upload(Upload),
    /// All of these with their defaults
    All,
    /// Very many connections, as the sum over several servers and clients
    Million(Million),
    /// One HTML page with plots, made of what --json printed
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
    /// Seconds that a load lasts.
    #[arg(long, global = true, default_value_t = 5.0, value_parser = positive)]
    pub seconds: f64,
    /// Messages that a run sends at most.
    #[arg(long, global = true, default_value_t = 5_000_000)]
    pub max_messages: u64,
    /// Runs of each case, each with a fresh server.
    #[arg(long, global = true, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub runs: u32,
    /// Print the report as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Keep the server (and what stands for it in a floor) on processor 0 and the client on 1.
    #[arg(long, global = true)]
    pub pin: bool,
    /// The server's executable; by default this one.
    #[arg(long, global = true, value_name = "PATH")]
    pub server: Option<PathBuf>,
    /// Where temporary folders are made; by default /var/tmp, which is on a disk.
    #[arg(long, global = true, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
    /// Load a server that runs already, started with --limits off --provision-users.
    #[arg(long, global = true, value_name = "URL", requires = "jwt_secret_file")]
    pub target: Option<String>,
    /// The secret of that server.
    #[arg(long, global = true, value_name = "FILE")]
    pub jwt_secret_file: Option<PathBuf>,
    /// The process of that server, for its CPU time and memory.
    #[arg(long, global = true)]
    pub pid: Option<u32>,
    /// Load a server on another machine. Only ever your own.
    #[arg(long, global = true)]
    pub allow_remote: bool,
}

/// `append`: durable messages a second.
#[derive(Args, Clone, Debug)]
pub struct Append {
    /// How many senders; several numbers are several measurements.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 256])]
    pub senders: Vec<usize>,
    /// Call the library as a host does, from as many tasks of one process: the log without sockets.
    #[arg(long, conflicts_with_all = ["target", "server"])]
    pub embedded: bool,
    /// Bytes of a message's text.
    #[arg(long, default_value_t = 200)]
    pub content_bytes: usize,
}

/// `fanout`: one message to many sockets.
#[derive(Args, Clone, Debug)]
pub struct Fanout {
    /// How many sockets, the senders' included.
    #[arg(long, default_value_t = 1000)]
    pub receivers: usize,
    /// Sockets in a room, of which the first one sends; by default all in one.
    #[arg(long)]
    pub room_size: Option<usize>,
    /// Deliveries offered a second, over all rooms.
    #[arg(long, default_value_t = 100_000)]
    pub rate: u32,
    /// Offer so many percent of what the bare loop can do instead, which is measured first.
    #[arg(long, conflicts_with = "rate", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub percent_of_floor: Option<u32>,
    /// Messages for the same room at the same moment.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub burst: u32,
    /// Bytes of a message's text.
    #[arg(long, default_value_t = 200)]
    pub content_bytes: usize,
}

/// `pairs`: conversations of two.
#[derive(Args, Clone, Debug)]
pub struct Pairs {
    /// How many conversations.
    #[arg(long, default_value_t = 200)]
    pub pairs: usize,
    /// Bytes of a message's text.
    #[arg(long, default_value_t = 200)]
    pub content_bytes: usize,
}

/// `slow`: fan-out while some never read.
#[derive(Args, Clone, Debug)]
pub struct Slow {
    /// How many sockets, those that never read included.
    #[arg(long, default_value_t = 1000)]
    pub receivers: usize,
    /// How many of a hundred never read.
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
    /// How many, each of a user of its own.
    #[arg(long, default_value_t = 5000)]
    pub connections: usize,
    /// Connections in a conversation.
    #[arg(long, default_value_t = 10)]
    pub room_size: usize,
}

/// `storm`: everybody reconnects at once.
#[derive(Args, Clone, Debug)]
pub struct Storm {
    /// How many.
    #[arg(long, default_value_t = 2000)]
    pub clients: usize,
    /// Clients in a conversation.
    #[arg(long, default_value_t = 10)]
    pub room_size: usize,
}

/// `resume`: clients come back far behind.
#[derive(Args, Clone, Debug)]
pub struct Resume {
    /// How many clients; fewer where they would be sent more than two million events.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub clients: u32,
    /// How many events each has missed; several numbers are several measurements.
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
    /// How many, over all servers.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=4_000_000))]
    pub connections: u32,
    /// How many in one server process, and in the process of its clients.
    #[arg(long, default_value_t = 19_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub per_process: u32,
    /// Connections in a conversation.
    #[arg(long, default_value_t = 10)]
    pub room_size: usize,
    /// Seconds for which all of them are held.
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub hold_seconds: u32,
}

/// `report`: one HTML page.
#[derive(Args, Clone, Debug)]
pub struct ReportFiles {
    /// What --json printed; by default standard input.
    pub files: Vec<PathBuf>,
}

/// `hold`: one server and its clients, for `million`, which starts it.
#[derive(Args, Clone, Debug)]
pub struct Hold {
    /// How many connections.
    #[arg(long)]
    pub connections: usize,
    /// Connections in a conversation.
    #[arg(long)]
    pub room_size: usize,
}

/// `embedded`: the library and those who call it, for `append`, which starts it.
#[derive(Args, Clone, Debug)]
pub struct Embedded {
    /// How many senders.
    #[arg(long)]
    pub senders: usize,
    /// Bytes of a message's text.
    #[arg(long)]
    pub content_bytes: usize,
    /// Has the secret; gets the data.
    #[arg(long)]
    pub folder: PathBuf,
}

/// `upload`: files beside messages.
#[derive(Args, Clone, Debug)]
pub struct Upload {
    /// MiB of a file.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=25))]
    pub file_mib: u32,
    /// Messages offered a second, on each socket.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: u32,
    /// Files at once, for the memory of the server.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub at_once: u32,
}

/// `floor`: the bare server that other cases compare with. They start it themselves.
#[derive(Args, Clone, Debug)]
pub struct Floor {
    /// How many sockets come.
    #[arg(long)]
    pub sockets: usize,
    /// Sockets in a room.
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
