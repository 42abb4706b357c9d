//! A private server process: started on a folder, watched, stopped, or killed and restarted.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::error::{ClientError, system};

/// A server that is not ready by then never will be.
const START_LIMIT: Duration = Duration::from_secs(30);
/// A drain takes at most 20 s.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How many lines of its log are kept.
const LAST_WORDS: usize = 20;

/// A server without limits, on which every token that is signed with the secret makes a user.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The `chinwag` to start.
    pub executable: PathBuf,
    /// Its data folder.
    pub data_dir: PathBuf,
    /// The secret that signs the tokens of its users.
    pub secret_file: PathBuf,
    /// Its further settings, as variables: what stands on a command line, others can read.
    pub environment: Vec<(&'static str, String)>,
}

/// A running server. Dropping it kills it.
pub struct Server {
    launch: Launch,
    child: Child,
    words: Arc<Mutex<VecDeque<String>>>,
    address: SocketAddr,
    ready_after: Duration,
}

impl Launch {
    /// Starts it on a port that the system chooses, and waits until it is ready.
    ///
    /// # Errors
    /// If it does not start, or is not ready in time.
    pub fn start(self) -> Result<Server, ClientError> {
        self.start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    fn start_at(self, listen: SocketAddr) -> Result<Server, ClientError> {
        let begun = Instant::now();
        let mut child = Command::new(&self.executable)
            .args(["serve", "--limits", "off", "--provision-users", "--log", "warn"])
            .args(["--listen", &listen.to_string()])
            .arg("--data-dir")
            .arg(&self.data_dir)
            .arg("--jwt-secret-file")
            .arg(&self.secret_file)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| ClientError::Start { path: self.executable.clone(), source })?;
        let words = Arc::new(Mutex::new(VecDeque::new()));
        let (found, address) = channel();
        let stderr = child.stderr.take();
        let mut server = Server { launch: self, child, words, address: listen, ready_after: Duration::ZERO };
        if let Some(stderr) = stderr {
            let words = Arc::clone(&server.words);
            std::thread::Builder::new()
                .name("server-log".to_owned())
                .spawn(move || listen_to(stderr, &words, &found))
                .map_err(system("can't start a thread"))?;
        }
        server.address =
            address.recv_timeout(START_LIMIT).map_err(|_| server.failed("never said that it is ready"))?;
        server.ready_after = begun.elapsed();
        Ok(server)
    }
}

impl Server {
    /// The address where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time from the start of the process to its ready line.
    #[must_use]
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and waits until it has stopped in order.
    ///
    /// # Errors
    /// If it ended earlier, or does not stop in order.
    pub fn stop(mut self) -> Result<(), ClientError> {
        self.expect_alive()?;
        self.signal(Signal::TERM)?;
        let deadline = Instant::now() + STOP_LIMIT;
        while Instant::now() < deadline {
            match self.child.try_wait().map_err(system("can't watch the server"))? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.failed(&format!("did not stop in order ({status})"))),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        Err(self.failed("did not stop within 30 s of SIGTERM"))
    }

    /// Kills it like a crash would, and restarts it on the same folder and port.
    ///
    /// # Errors
    /// If it ended earlier, or does not come back.
    pub fn crash(mut self) -> Result<Self, ClientError> {
        self.expect_alive()?;
        self.child.kill().map_err(system("can't kill the server"))?;
        self.child.wait().map_err(system("can't watch the server"))?;
        self.launch.clone().start_at(self.address)
    }

    /// Halts it in the middle of whatever it does, until [`thaw`](Self::thaw).
    ///
    /// # Errors
    /// If the system refuses.
    pub fn freeze(&self) -> Result<(), ClientError> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn thaw(&self) -> Result<(), ClientError> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), ClientError> {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return Ok(()) };
        kill_process(pid, signal).map_err(|errno| system("can't signal the server")(errno.into()))
    }

    fn expect_alive(&mut self) -> Result<(), ClientError> {
        match self.child.try_wait().map_err(system("can't watch the server"))? {
            None => Ok(()),
            Some(_) => Err(self.failed("ended by itself")),
        }
    }

    fn failed(&self, what: &str) -> ClientError {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        ClientError::Server { what: what.to_owned(), words: words.join("\n") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the log to its end, so that the server never blocks on a full pipe. Uses a thread, because a bench
/// drives its sockets without a runtime.
fn listen_to(stderr: ChildStderr, words: &Mutex<VecDeque<String>>, found: &Sender<SocketAddr>) {
    for line in BufReader::new(stderr).lines() {
        let Ok(line) = line else { return };
        if let Some(address) = ready_address(&line) {
            // If it came too late, nobody waits for it.
            let _ = found.send(address);
        }
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.push_back(line);
        if words.len() > LAST_WORDS {
            words.pop_front();
        }
    }
}

/// The address in `{"event":"ready","url":"http://127.0.0.1:41234"}`, the line that announces a ready server;
/// `None` for every other line of its log.
fn ready_address(line: &str) -> Option<SocketAddr> {
    let value: Value = serde_json::from_str(line.trim()).ok()?;
    if value.get("event")?.as_str()? != "ready" {
        return None;
    }
    value.get("url")?.as_str()?.strip_prefix("http://")?.trim_end_matches('/').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_ready_line_has_an_address() {
        let address = Some(SocketAddr::from(([127, 0, 0, 1], 41234)));
        assert_eq!(ready_address(r#"{"event":"ready","url":"http://127.0.0.1:41234"}"#), address);
        assert_eq!(ready_address(r#"{"url":"http://127.0.0.1:41234/","event":"ready","more":1}"#), address);
        assert_eq!(ready_address(r#"{"event":"stopping","url":"http://127.0.0.1:41234"}"#), None);
        assert_eq!(ready_address("2026-01-01 INFO listening on http://127.0.0.1:41234"), None);
    }
}
