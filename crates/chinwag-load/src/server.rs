//! The server process: started on a fresh folder, watched, and stopped.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::{BenchError, system};

/// A server that is not ready by then never will be.
const START_LIMIT: Duration = Duration::from_secs(30);
/// A drain takes at most 20 s.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// Lines of its log that are kept.
const LAST_WORDS: usize = 20;

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    words: Arc<Mutex<VecDeque<String>>>,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its ready line.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts `executable` on an empty folder, and waits until it serves.
    pub(crate) fn start(executable: &Path, data_dir: &Path, secret: &Path) -> Result<Self, BenchError> {
        let begun = Instant::now();
        let mut child = Command::new(executable)
            .args(["serve", "--listen", "127.0.0.1:0", "--limits", "off", "--provision-users"])
            .arg("--data-dir")
            .arg(data_dir)
            .arg("--jwt-secret-file")
            .arg(secret)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| BenchError::Start { path: executable.to_owned(), source })?;
        let words = Arc::new(Mutex::new(VecDeque::new()));
        let (found, address) = channel();
        if let Some(stderr) = child.stderr.take() {
            let words = Arc::clone(&words);
            std::thread::Builder::new()
                .name("server-log".to_owned())
                .spawn(move || listen(stderr, &words, &found))
                .map_err(system("can't start a thread"))?;
        }
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { child, words, address: unknown, ready_after: Duration::ZERO };
        server.address = server.wait_for_address(&address)?;
        server.ready_after = begun.elapsed();
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop and waits until it has, which must be in order.
    pub(crate) fn stop(mut self) -> Result<(), BenchError> {
        if self.child.try_wait().map_err(system("can't watch the server"))?.is_some() {
            return Err(self.failed("ended during the run"));
        }
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM).map_err(|errno| system("can't stop the server")(errno.into()))?;
        }
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

    fn wait_for_address(&self, address: &Receiver<SocketAddr>) -> Result<SocketAddr, BenchError> {
        address.recv_timeout(START_LIMIT).map_err(|_| self.failed("never said that it is ready"))
    }

    fn failed(&self, what: &str) -> BenchError {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        BenchError::Server { what: what.to_owned(), words: words.join("\n") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; nothing is left to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the log to its end, so that the server never waits for a full pipe.
fn listen(stderr: ChildStderr, words: &Mutex<VecDeque<String>>, found: &Sender<SocketAddr>) {
    for line in BufReader::new(stderr).lines() {
        let Ok(line) = line else { return };
        if let Some(address) = ready_address(&line) {
            let _ = found.send(address);
        }
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.push_back(line);
        if words.len() > LAST_WORDS {
            words.pop_front();
        }
    }
}

/// The address in `{"event":"ready","url":"http://127.0.0.1:41234"}`, the line with which a server says that
/// it serves; `None` for every other line of its log.
#[must_use]
pub fn ready_address(line: &str) -> Option<SocketAddr> {
    let value: serde_json::Value = serde_json::from_str(line.trim()).ok()?;
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
