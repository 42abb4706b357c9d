//! A private server for each test, and the clients that talk to it.

mod browser;
mod captured;
mod database;
mod described;
mod device;
mod hand;
mod person;
mod raw;
mod receiver;
mod room;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chinwag::{
    Accounts, Auth, Config, Listener, Mode, Move, MoveError, Moved, OpenError, Place, Secret, Server,
    StartError, Storage, StoreUrl, TlsFiles,
};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use browser::{Browser, vapid_claims};
pub(crate) use captured::captured_logs;
use database::Database;
pub(crate) use described::{assert_described, problems};
pub(crate) use device::Device;
pub(crate) use hand::{Hand, Told, Way, percent_encoded};
pub(crate) use person::{Person, Reply, reply};
pub(crate) use raw::{Frame, Raw, masked};
pub(crate) use receiver::{Answer, Call, Receiver};
pub(crate) use room::{Room, open, refusal_of, request};

/// The limit for anything that must happen at all. Generous, because the machine may be busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The secret that the test shares with the server, as another application would.
pub(crate) const SECRET: &[u8] = b"a secret that only tests know, 32 bytes or more";

/// The result of a future that must complete.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(DEADLINE, future).await;
    result.unwrap_or_else(|_| panic!("did not come in time: {what}"))
}

/// A running server; dropping it stops it without a goodbye.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
    pub(crate) http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    rest: Stopped,
}

/// What a server leaves behind.
pub(crate) struct Stopped {
    config: Config,
    folder: Arc<TempDir>,
    database: Option<Database>,
}

/// Where a server has its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// As all servers of the tests.
    Default,
    /// In its folder, whatever the tests run on.
    Folder,
}

impl TestServer {
    /// A demo: testuser (1), testuser2 (2), alice (3), bob (4), admin (5), and two conversations.
    pub(crate) async fn demo() -> Self {
        Self::demo_with(|_| {}).await
    }

    pub(crate) async fn demo_with(configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { mode: Mode::Demo, ..Config::default() };
        config.auth.registration = true;
        configure(&mut config);
        Self::start(config).await
    }

    /// A server that trusts another application's tokens, and creates its users when it first sees them: for
    /// tests that are not about signing in.
    pub(crate) async fn provisioning() -> Self {
        Self::provisioning_with(|_| {}).await
    }

    pub(crate) async fn provisioning_with(configure: impl FnOnce(&mut Config)) -> Self {
        let auth =
            Auth { shared_secret: Some(Secret::new(SECRET).unwrap()), provision: true, ..Auth::default() };
        let mut config = Config { auth, ..Config::default() };
        configure(&mut config);
        Self::start(config).await
    }

    pub(crate) async fn start(config: Config) -> Self {
        Self::start_in(Stopped::fresh(config).await, None).await
    }

    /// As [`TestServer::provisioning_with`], behind TLS.
    pub(crate) async fn with_tls(tls: TlsFiles, configure: impl FnOnce(&mut Config)) -> Self {
        let auth =
            Auth { shared_secret: Some(Secret::new(SECRET).unwrap()), provision: true, ..Auth::default() };
        let mut config = Config { auth, ..Config::default() };
        configure(&mut config);
        Self::start_in(Stopped::fresh(config).await, Some(tls)).await
    }

    /// A person as an embedding host names them.
    pub(crate) async fn actor(&self, person: &Person) -> chinwag::Actor {
        let username = person.get("/users/me").await.body["username"].as_str().unwrap().into();
        chinwag::Actor {
            user_id: chinwag::protocol::UserId(person.id),
            username,
            role: chinwag::protocol::rest::UserRole::User,
            session: None,
            expires_at: chinwag::protocol::Timestamp(i64::MAX),
        }
    }

    async fn start_in(rest: Stopped, tls: Option<TlsFiles>) -> Self {
        captured::capture_logs();
        let config = rest.config();
        let server =
            soon("the data folder", try_build(&config)).await.unwrap_or_else(|error| panic!("{error}"));
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), tls).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = server.clone();
        let task = tokio::spawn(async move {
            let shutdown = async {
                if stopped.await.is_err() {
                    // The test ended without stopping it; its runtime ends this.
                    std::future::pending::<()>().await;
                }
            };
            serving.serve(listener, shutdown).await.unwrap();
        });
        Self { address, server, http: reqwest::Client::new(), stop: Some(stop), task, rest }
    }

    /// Begins to stop, without waiting for the end.
    pub(crate) fn begin_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Stops as SIGTERM does, and waits for the end.
    pub(crate) async fn stop(mut self) -> Stopped {
        if self.stop.is_some() {
            self.begin_stop();
        }
        soon("the end of the server", &mut self.task).await.unwrap();
        self.rest
    }

    /// Stops, and starts again on the same folder, with the same configuration.
    pub(crate) async fn restart(self) -> Self {
        self.stop().await.start().await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        reply(self.http.get(self.url(path))).await
    }

    /// The value of a metric, 0 as long as it has none.
    /// `/healthz`, as a server says it that has its database for itself.
    pub(crate) async fn health(&self) -> serde_json::Value {
        let mut health = self.get("/healthz").await.body;
        health.as_object_mut().unwrap().remove("node");
        health
    }

    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let text = self.http.get(self.url("/metrics")).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// Asks until a metric has at least this value.
    pub(crate) async fn metric_reaches(&self, name: &str, value: u64) {
        soon(name, async { while self.metric(name).await < value {} }).await;
    }

    /// Asks until a metric has this value, and fails above it. What is counted is counted after the frame
    /// that tells of it may have arrived.
    pub(crate) async fn metric_becomes(&self, name: &str, value: u64) {
        self.metric_reaches(name, value).await;
        assert_eq!(self.metric(name).await, value, "{name}");
    }

    /// Signs in as a user of the demo.
    pub(crate) async fn sign_in(&self, name: &str) -> Person {
        let password = if name == "admin" { "AdminPassword123" } else { "TestPassword123" };
        let signed_in = self.try_sign_in(name, password).await;
        assert_eq!(signed_in.status, 200, "{:?}", signed_in.body);
        let token = signed_in.body["access_token"].as_str().unwrap();
        Person::new(self, signed_in.body["user"]["id"].as_i64().unwrap(), token)
    }

    pub(crate) async fn try_sign_in(&self, name: &str, password: &str) -> Reply {
        let form = [("username", name), ("password", password)];
        reply(self.http.post(self.url("/auth/token")).form(&form)).await
    }

    /// A user of another application, with a token of it.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let token = foreign_token(name);
        let me = reply(self.http.get(self.url("/users/me")).bearer_auth(&token)).await;
        assert_eq!(me.status, 200, "{:?}", me.body);
        Person::new(self, me.body["id"].as_i64().unwrap(), &token)
    }

    /// The data folder.
    pub(crate) fn folder_path(&self) -> PathBuf {
        self.rest.folder_path()
    }

    /// Another node on the same database, with a folder of its own. Only where the tests run on PostgreSQL.
    pub(crate) async fn another_node(&self) -> Self {
        self.another_node_with(|_| {}).await
    }

    pub(crate) async fn another_node_with(&self, configure: impl FnOnce(&mut Config)) -> Self {
        let mut twin = self.twin();
        twin.configure(configure);
        twin.start().await
    }

    /// The same, which has not started yet.
    pub(crate) fn twin(&self) -> Stopped {
        assert!(self.rest.config.store.is_some(), "the tests run on PostgreSQL");
        let config = Config { node: None, ..self.rest.config.clone() };
        Stopped { config, folder: Arc::new(TempDir::new().unwrap()), database: None }
    }

    /// What it would leave behind.
    pub(crate) fn rest(&self) -> &Stopped {
        &self.rest
    }

    /// Changes the database beside the server, as no release does; says how many rows.
    pub(crate) async fn execute(&self, statement: &str) -> u64 {
        self.rest.execute(statement).await
    }

    /// The address of the database, which is no file.
    pub(crate) fn store_address(&self) -> String {
        self.rest.store_address()
    }

    /// Works on the accounts beside the running server, as the command line does.
    pub(crate) async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Accounts) -> T + Send + 'static,
    ) -> T {
        self.rest.beside(work).await
    }
}

impl Stopped {
    /// What a server that never ran leaves behind.
    async fn fresh(mut config: Config) -> Self {
        let (database, folder) = (Database::make().await, Arc::new(TempDir::new().unwrap()));
        if let Some(database) = &database {
            config.store = Some(database.url());
            if !matches!(config.storage, Storage::S3(_)) {
                // Where it would be otherwise, but other nodes may use it.
                config.storage = Storage::Shared(folder.path().join("data"));
            }
        }
        Self { config, folder, database }
    }

    /// The data folder.
    pub(crate) fn folder_path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Works on the accounts, as the command line does.
    pub(crate) async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Accounts) -> T + Send + 'static,
    ) -> T {
        let (folder, store) = (self.folder_path(), self.config.store.clone());
        let beside = move || work(&Accounts::open(&folder, store.as_ref()).unwrap());
        tokio::task::spawn_blocking(beside).await.unwrap()
    }

    /// The address of the database, if it is no file.
    pub(crate) fn store(&self) -> Option<StoreUrl> {
        self.config.store.clone()
    }

    /// The same, as a text.
    pub(crate) fn store_address(&self) -> String {
        self.database.as_ref().expect("the tests run on PostgreSQL").address()
    }

    /// Changes the database as no release does; says how many rows. On either engine.
    pub(crate) async fn execute(&self, statement: &str) -> u64 {
        if let Some(database) = &self.database {
            return database.execute(statement).await;
        }
        let database = rusqlite::Connection::open(self.folder_path().join("chinwag.db")).unwrap();
        database.busy_timeout(DEADLINE).unwrap();
        database.execute(statement, []).unwrap() as u64
    }

    /// What it starts with the next time.
    pub(crate) fn config(&self) -> Config {
        Config { data_dir: self.folder_path(), ..self.config.clone() }
    }

    /// Starts the next time in the folder of another one.
    pub(crate) fn share_folder(&mut self, other: &Self) {
        self.folder = Arc::clone(&other.folder);
        if matches!(self.config.storage, Storage::Shared(_)) {
            self.config.storage = Storage::Shared(self.folder_path());
        }
    }

    /// Where the data is.
    pub(crate) fn place(&self) -> Place {
        match self.store() {
            Some(url) => Place::Database(url),
            None => Place::Folder(self.folder_path()),
        }
    }

    /// A place without data for the same configuration: on the engine of the tests, or in a folder.
    pub(crate) async fn empty(&self, engine: Engine) -> Self {
        let mut empty = Self::fresh(self.config.clone()).await;
        if engine == Engine::Folder {
            (empty.config.store, empty.database) = (None, None);
            empty.config.storage = Storage::Folder;
        }
        empty
    }

    /// Moves everything from here, with files and secrets; says what that was.
    pub(crate) async fn move_to(&self, other: &Self) -> Result<Moved, MoveError> {
        let work = Move::new(self.place(), other.place());
        run_move(work.files_from(self.folder_path()).files_to(other.folder_path())).await
    }

    /// Takes a data folder that is empty the next time.
    pub(crate) fn take_another_folder(&mut self) {
        self.folder = Arc::new(TempDir::new().unwrap());
    }

    /// Changes what it starts with the next time.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
    }

    pub(crate) async fn start(self) -> TestServer {
        TestServer::start_in(self, None).await
    }
}

/// Builds as soon as the previous server has released the folder.
pub(crate) async fn try_build(config: &Config) -> Result<Server, StartError> {
    loop {
        match Server::builder(config.clone()).build().await {
            Err(StartError::Open(OpenError::InUse(_))) => tokio::task::yield_now().await,
            // On a busy machine it may take longer than a server waits.
            Err(StartError::Open(OpenError::Server(reason))) if reason.contains("another chinwag server") => {
            }
            result => return result,
        }
    }
}

/// Moves as soon as the servers of before have released both places.
pub(crate) async fn run_move(work: Move) -> Result<Moved, MoveError> {
    loop {
        let work = work.clone();
        match tokio::task::spawn_blocking(move || work.run(&mut |_, _, _| {})).await.unwrap() {
            Err(MoveError::InUse(_)) => tokio::task::yield_now().await,
            result => return result,
        }
    }
}

/// A token as another application signs it.
pub(crate) fn foreign_token(name: &str) -> String {
    sign(&serde_json::json!({"sub": name, "iat": now(), "exp": now() + 3600}), SECRET)
}

pub(crate) fn sign(claims: &serde_json::Value, secret: &[u8]) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).unwrap()
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    chinwag::protocol::Timestamp::now().0 / 1000
}
