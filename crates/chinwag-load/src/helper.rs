//! Another process of this program, for what one process can't do: hold more sockets than it has descriptors,
//! or be measured apart from the client. The two exchange lines of JSON.

use std::io::{self, BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{BenchError, system};

pub(crate) struct Helper {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Helper {
    /// Starts `program bench` with these words.
    pub(crate) fn start(
        program: &Path,
        words: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>,
    ) -> Result<Self, BenchError> {
        let mut child = Command::new(program)
            .arg("bench")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| BenchError::Start { path: program.to_owned(), source })?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(BenchError::Protocol("a helper has no pipes".to_owned()));
        };
        Ok(Self { child, orders, answers: BufReader::new(answers) })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends an order.
    pub(crate) fn tell(&mut self, order: &impl Serialize) -> Result<(), BenchError> {
        write(&mut self.orders, order).map_err(system("can't talk to a helper"))
    }

    /// Waits for an answer; a failing helper prints the reason on its standard error.
    pub(crate) fn hear<T: DeserializeOwned>(&mut self) -> Result<T, BenchError> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(system("can't hear a helper"))?;
        serde_json::from_str(&line).map_err(|_| BenchError::Protocol(format!("a helper said {line:?}")))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // Its work is done, or nobody waits for it any longer. The server that it may have started ends with
        // it.
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// In the helper: its orders, until they end.
pub(crate) fn orders<T: DeserializeOwned>() -> impl Iterator<Item = T> {
    io::stdin().lines().map_while(Result::ok).map_while(|line| serde_json::from_str(&line).ok())
}

/// In the helper: answers.
pub(crate) fn answer(value: &impl Serialize) -> io::Result<()> {
    write(&mut io::stdout(), value)
}

fn write(to: &mut impl io::Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}
