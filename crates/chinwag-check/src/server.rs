//! A server process of our own: started on a folder, killed, and started again on the same port.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chinwag_load::ready_address;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;

use crate::error::{CheckError, system};
use crate::target::Target;

/// A server that is not ready by then never will be.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Lines of its log that are kept.
const LAST_WORDS: usize = 20;

/// How to start it.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) executable: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) secret_file: PathBuf,
}

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    launch: Launch,
    child: Child,
    words: Arc<Mutex<VecDeque<String>>>,
    pub(crate) target: Target,
}

impl Server {
    /// Starts it on a port that the system chooses.
    pub(crate) async fn start(launch: Launch) -> Result<Self, CheckError> {
        Self::start_at(launch, "127.0.0.1:0".to_owned()).await
    }

    async fn start_at(launch: Launch, listen: String) -> Result<Self, CheckError> {
        let mut child = Command::new(&launch.executable)
            .args(["serve", "--limits", "off", "--provision-users", "--log", "warn", "--listen", &listen])
            .arg("--data-dir")
            .arg(&launch.data_dir)
            .arg("--jwt-secret-file")
            .arg(&launch.secret_file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(system("can't start the server"))?;
        let words = Arc::new(Mutex::new(VecDeque::new()));
        let (found, address) = oneshot::channel();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(listen_to(stderr, Arc::clone(&words), found));
        }
        let ready = tokio::time::timeout(START_LIMIT, address).await;
        let Some(address) = ready.ok().and_then(Result::ok) else {
            return Err(CheckError::Server { what: "never said that it is ready", words: last(&words) });
        };
        Ok(Self { launch, child, words, target: Target::plain(address) })
    }

    /// Kills it, as a crash would, and waits until it is gone.
    async fn kill(&mut self) -> Result<(), CheckError> {
        if self.child.try_wait().map_err(system("can't watch the server"))?.is_some() {
            return Err(CheckError::Server { what: "ended by itself", words: last(&self.words) });
        }
        self.child.kill().await.map_err(system("can't kill the server"))
    }

    /// Kills it and starts it again on the same folder and port.
    pub(crate) async fn crash(mut self) -> Result<Self, CheckError> {
        self.kill().await?;
        let listen = self.target.authority.clone();
        Self::start_at(self.launch.clone(), listen).await
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}

fn last(words: &Mutex<VecDeque<String>>) -> String {
    let words = words.lock().unwrap_or_else(PoisonError::into_inner);
    words.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// Reads the log to its end, so that the server never waits for a full pipe.
async fn listen_to(
    stderr: ChildStderr,
    words: Arc<Mutex<VecDeque<String>>>,
    found: oneshot::Sender<SocketAddr>,
) {
    let mut found = Some(found);
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = ready_address(&line)
            && let Some(found) = found.take()
        {
            // Nobody waits any more if it came too late.
            let _ = found.send(address);
        }
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.push_back(line);
        if words.len() > LAST_WORDS {
            words.pop_front();
        }
    }
}
