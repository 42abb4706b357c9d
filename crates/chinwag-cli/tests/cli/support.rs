//! A folder for each test, and processes in it. Tests wait for their lines, and never sleep.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a test's commands run, untouched by the machine's own configuration.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A running command. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) stdout: Lines,
    pub(crate) stderr: Lines,
}

/// The lines of a stream, as they come.
pub(crate) struct Lines {
    lines: Receiver<String>,
    seen: Vec<String>,
}

/// A server that is ready.
pub(crate) struct Server {
    pub(crate) process: Running,
    pub(crate) ready: Value,
    pub(crate) url: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chinwag"));
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHINWAG_"))
        {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("xdg"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        finish(self.command(arguments))
    }

    /// Runs with this stdin.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Done {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        running.input().write_all(input.as_bytes()).unwrap();
        running.end()
    }

    /// Starts `serve` or `demo` with these arguments, on a free port.
    pub(crate) fn server(&self, arguments: &[&str]) -> Server {
        let mut command = self.command(arguments);
        command.args(["--listen", "127.0.0.1:0"]);
        Server::start(command)
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: Command) -> Done {
    Running::start(command).end()
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    fn input(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status =
            Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Done {
        let stderr = self.stderr.rest();
        let stdout = self.stdout.rest();
        // Both streams are closed, so this wait is short.
        let status = self.child.wait().unwrap();
        Done { code: status.code().unwrap_or(-1), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { lines, seen: Vec::new() }
    }

    /// Waits for a line that contains this.
    pub(crate) fn wait_for(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(error) => panic!("no line with {part:?} ({error}); lines: {:#?}", self.seen),
            }
        }
    }

    /// Everything up to the end of the stream, including the lines that were waited for.
    fn rest(&mut self) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.seen.join("\n"),
                Err(RecvTimeoutError::Timeout) => panic!("the process does not end: {:#?}", self.seen),
            }
        }
    }
}

impl Server {
    pub(crate) fn start(command: Command) -> Self {
        let mut process = Running::start(command);
        let line = process.stderr.wait_for("\"event\":\"ready\"");
        let ready: Value = serde_json::from_str(&line).unwrap();
        let url = ready["url"].as_str().unwrap().to_owned();
        Self { process, ready, url }
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Stops the server in order.
    pub(crate) fn stop(self) -> Done {
        self.process.signal("TERM");
        self.process.end()
    }

    /// Status and JSON of a `GET`.
    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        let request = client().get(format!("{}{path}", self.url));
        exchange(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// Status and JSON of a `POST` of JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        exchange(client().post(format!("{}{path}", self.url)).json(body))
    }

    /// Status and JSON of a sign-in.
    pub(crate) fn sign_in(&self, username: &str, password: &str) -> (u16, Value) {
        let form = [("username", username), ("password", password)];
        exchange(client().post(format!("{}/auth/token", self.url)).form(&form))
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

/// Status and JSON of a request.
pub(crate) fn exchange(request: reqwest::RequestBuilder) -> (u16, Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    })
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
