//! A PostgreSQL of the checker's own: in a folder that goes with it, killed as a machine is that loses its power, and
//! started again.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chinwag_client::temporary_folder;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::error::{CheckError, system};

/// Where Debian and its kin install it, by version.
const INSTALLED: &str = "/usr/lib/postgresql";
const MISSING: &str =
    "no PostgreSQL was found: install it (apt install postgresql), or name a database with --store";
const NO_ACCOUNT: &str =
    "PostgreSQL does not run as root, and there is no account `postgres`: run this as another user";
/// After a crash it first reads its log.
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);
/// How much of its log an error repeats.
const LAST_WORDS: usize = 20;

/// A user and a group of the system.
type Account = (u32, u32);

/// A running server. Dropping it ends it.
pub(crate) struct Postgres {
    folder: TempDir,
    binaries: PathBuf,
    /// Whom it runs as, if not as the checker.
    account: Option<Account>,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a database and starts its server, which syncs what it commits.
    pub(crate) fn start(work_dir: Option<&Path>) -> Result<Self, CheckError> {
        let binaries = binaries().ok_or(CheckError::Options(MISSING))?;
        let folder = temporary_folder("chinwag-check-postgres-", work_dir)?;
        let made = folder.path().metadata().map_err(system("can't look at a folder"))?;
        let account =
            if made.uid() == 0 { Some(account().ok_or(CheckError::Options(NO_ACCOUNT))?) } else { None };
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group)).map_err(system("can't give a folder away"))?;
        }
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let port = free.map_err(system("can't find a free port"))?.port();
        let mut postgres = Self { folder, binaries, account, port, server: None };
        let mut making = postgres.command("initdb")?;
        making.args([
            "--username",
            "postgres",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C.UTF-8",
        ]);
        let made = making.arg("--no-sync").arg("--pgdata").arg(postgres.data()).status();
        if !made.map_err(system("can't start initdb"))?.success() {
            return Err(postgres.failed("could not make a database"));
        }
        postgres.launch()?;
        Ok(postgres)
    }

    /// The address of its database.
    pub(crate) fn address(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Kills all its processes, and starts it again.
    pub(crate) fn crash(mut self) -> Result<Self, CheckError> {
        if let Some(mut server) = self.server.take() {
            // Asked before: once it is dead, they are nobody's children.
            let workers = children(server.id());
            for process in [server.id()].into_iter().chain(workers) {
                signal(process, Signal::KILL);
            }
            server.wait().map_err(system("can't watch PostgreSQL"))?;
        }
        self.launch()?;
        Ok(self)
    }

    /// Starts the server, and waits until it takes connections.
    fn launch(&mut self) -> Result<(), CheckError> {
        let begun = Instant::now();
        while begun.elapsed() < START_LIMIT {
            let mut command = self.command("postgres")?;
            command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
            command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
            let mut server = command.spawn().map_err(system("can't start PostgreSQL"))?;
            while server.try_wait().map_err(system("can't watch PostgreSQL"))?.is_none() {
                if self.is_ready(server.id()) {
                    self.server = Some(server);
                    return Ok(());
                }
                std::thread::sleep(PAUSE);
            }
            // As long as a process of the one before is left, it does not start.
            std::thread::sleep(PAUSE);
        }
        Err(self.failed("did not start"))
    }

    /// Its lock file says whose it is, and ends with its state.
    fn is_ready(&self, pid: u32) -> bool {
        let lock = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        lock.lines().next() == Some(pid.to_string().as_str())
            && lock.lines().last().is_some_and(|state| state.trim() == "ready")
    }

    fn command(&self, program: &str) -> Result<Command, CheckError> {
        let log = File::options().append(true).create(true).open(self.log());
        let log = log.map_err(system("can't write the log of PostgreSQL"))?;
        let other = log.try_clone().map_err(system("can't write the log of PostgreSQL"))?;
        let mut command = Command::new(self.binaries.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(log).stderr(other);
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        Ok(command)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn failed(&self, what: &'static str) -> CheckError {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LAST_WORDS)..).unwrap_or_default();
        CheckError::Postgres { what, words: last.join("\n") }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Some(server) = &mut self.server else { return };
        // At once, but in an order that leaves no shared memory behind.
        signal(server.id(), Signal::QUIT);
        let begun = Instant::now();
        while begun.elapsed() < STOP_LIMIT && matches!(server.try_wait(), Ok(None)) {
            std::thread::sleep(PAUSE);
        }
        // It may be gone already, which is fine.
        let _ = server.kill();
        let _ = server.wait();
    }
}

/// The newest that is installed, or what the path has.
fn binaries() -> Option<PathBuf> {
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = fs::read_dir(INSTALLED).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut installed: Vec<PathBuf> = installed.filter(|folder| version(folder).is_some()).collect();
    installed.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places =
        installed.into_iter().map(|folder| folder.join("bin")).chain(std::env::split_paths(&path));
    places.find(|place| place.join("initdb").is_file() && place.join("postgres").is_file())
}

/// Whom the system made for PostgreSQL.
fn account() -> Option<Account> {
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    let mut fields = accounts.lines().find(|line| line.starts_with("postgres:"))?.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// The processes that a process has begun, as Linux tells them; elsewhere they end by themselves, a little later.
fn children(pid: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// It may be gone already, which is fine.
fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}
