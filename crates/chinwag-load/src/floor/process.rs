//! The bare server in a process of its own, for more sockets than one process may hold both ends of.
//!
//! It is this program with the hidden case `floor`; the two talk in lines of JSON.

use std::io::{self, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use clap::CommandFactory as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::door::listen;
use super::sockets::{Job, Shape, serve};
use crate::args::{Bench, Floor};
use crate::error::{BenchError, system};

pub(super) struct FloorProcess {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(super) address: SocketAddr,
}

#[derive(Serialize, Deserialize)]
struct Listening {
    address: SocketAddr,
}

#[derive(Serialize, Deserialize)]
struct Done {
    cpu: Duration,
}

impl FloorProcess {
    pub(super) fn start(shape: Shape) -> Result<Self, BenchError> {
        let path = std::env::current_exe().map_err(system("can't find this program"))?;
        let mut command = Command::new(&path);
        command.args(words_before_the_case()).arg("floor");
        command.args(["--sockets", &shape.sockets.to_string()]);
        command.args(["--room-size", &shape.room_size.to_string()]);
        if shape.is_pinned {
            command.arg("--pin");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| BenchError::Start { path, source })?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(BenchError::Protocol("the floor has no pipes".to_owned()));
        };
        let mut answers = BufReader::new(answers);
        let Listening { address } = read(&mut answers)?;
        Ok(Self { child, orders, answers, address })
    }

    pub(super) fn begin(&mut self, job: &Job) -> Result<(), BenchError> {
        write(&mut self.orders, job).map_err(system("can't talk to the floor"))
    }

    pub(super) fn finish(&mut self) -> Result<Duration, BenchError> {
        read(&mut self.answers).map(|Done { cpu }| cpu)
    }
}

impl Drop for FloorProcess {
    fn drop(&mut self) {
        // Its work is done, or nobody waits for it any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is the bare server, until its orders end.
pub(crate) fn serve_floor(floor: &Floor, is_pinned: bool) -> io::Result<()> {
    let listener = listen()?;
    write(&mut io::stdout(), &Listening { address: listener.local_addr()? })?;
    let shape = Shape { sockets: floor.sockets, room_size: floor.room_size, is_pinned };
    let lines = io::stdin().lines().map_while(Result::ok);
    let jobs = lines.map_while(|line| serde_json::from_str(&line).ok());
    serve(listener, shape, jobs, |cpu| write(&mut io::stdout(), &Done { cpu }))
}

/// `chinwag bench` says differently than an example how it got here: whatever stands before the case.
fn words_before_the_case() -> Vec<std::ffi::OsString> {
    let command = Bench::command();
    let is_case = |word: &std::ffi::OsString| {
        word.to_str().is_some_and(|word| command.get_subcommands().any(|case| case.get_name() == word))
    };
    std::env::args_os().skip(1).take_while(|word| !is_case(word)).collect()
}

fn write(to: &mut impl io::Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

fn read<T: DeserializeOwned>(from: &mut impl io::BufRead) -> Result<T, BenchError> {
    let mut line = String::new();
    from.read_line(&mut line).map_err(system("can't hear the floor"))?;
    serde_json::from_str(&line).map_err(|_| BenchError::Protocol(format!("the floor said {line:?}")))
}
