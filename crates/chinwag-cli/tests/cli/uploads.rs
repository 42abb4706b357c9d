//! Uploads while the server is killed: no file without its bytes, no wrong byte, nothing left over.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Sandbox, Server};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the server is killed.
const KILLS: usize = 12;
/// How many users upload at the same time.
const UPLOADERS: usize = 4;

/// A file that the server has acknowledged.
struct Kept {
    id: i64,
    bytes: Vec<u8>,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn serve(sandbox: &Sandbox) -> Command {
    sandbox.command(&["serve", "--limits=off", "--listen", "127.0.0.1:0"])
}

/// A user, and their token.
fn token(sandbox: &Sandbox, name: &str) -> String {
    let added = sandbox.run(&["user", "add", name, "--generate-password"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let done = sandbox.run(&["token", name]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    done.stdout.trim().to_owned()
}

fn random_bytes() -> Vec<u8> {
    let length = rand::random_range(1_usize..1_500_000);
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes[..]);
    bytes
}

async fn upload(http: &reqwest::Client, url: &str, token: &str, bytes: &[u8]) -> Option<Value> {
    let mut body = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n".to_vec();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let request = http.post(format!("{url}/files")).bearer_auth(token);
    let request = request.header("content-type", "multipart/form-data; boundary=x").body(body);
    let response = request.send().await.ok()?;
    let status = response.status();
    let body: Value = response.json().await.ok()?;
    status.is_success().then_some(body)
}

/// Uploads one file after another until the server is gone; returns those that were acknowledged.
async fn keep_uploading(
    http: reqwest::Client,
    url: String,
    token: String,
    acknowledged: Arc<AtomicUsize>,
) -> Vec<Kept> {
    let mut kept = Vec::new();
    loop {
        let bytes = random_bytes();
        match upload(&http, &url, &token, &bytes).await {
            Some(answer) => kept.push(Kept { id: answer["id"].as_i64().unwrap(), bytes }),
            None => return kept,
        }
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

/// Every row has its bytes, acknowledged or not; and after the sweep, all bytes have a row.
fn check_folder(data: &Path) -> usize {
    let database = rusqlite::Connection::open(data.join("chinwag.db")).unwrap();
    let loose = || {
        let count: i64 =
            database.query_row("SELECT count(*) FROM loose_blobs", [], |row| row.get(0)).unwrap();
        count
    };
    let deadline = Instant::now() + PATIENCE;
    while loose() > 0 {
        assert!(Instant::now() < deadline, "what was unfinished is not removed");
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut statement = database.prepare("SELECT blob, size, sha256 FROM files").unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)));
    let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
    for (blob, size, sha256) in &rows {
        let bytes = std::fs::read(data.join("files").join(blob)).expect("a row without its bytes");
        assert_eq!((bytes.len(), &hash(&bytes)), (usize::try_from(*size).unwrap(), sha256), "{blob}");
    }
    assert_eq!(std::fs::read_dir(data.join("files")).unwrap().count(), rows.len(), "bytes without a row");
    rows.len()
}

fn hash(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_kill_in_the_middle_of_uploads_loses_nothing_that_was_acknowledged() {
    let sandbox = Sandbox::new();
    let data = sandbox.path("chinwag-data");
    let runtime = runtime();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut kept: Vec<(usize, Kept)> = Vec::new();
    let mut server = Server::start(serve(&sandbox));
    let tokens: Vec<_> = (0..UPLOADERS).map(|number| token(&sandbox, &format!("user{number}"))).collect();
    for kill in 0..KILLS {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let uploaders: Vec<_> = tokens
            .iter()
            .map(|token| {
                let (url, acknowledged) = (server.url.clone(), Arc::clone(&acknowledged));
                runtime.spawn(keep_uploading(http.clone(), url, token.clone(), acknowledged))
            })
            .collect();
        // At any point of an upload, once the first ones are through.
        let deadline = Instant::now() + PATIENCE;
        while acknowledged.load(Ordering::Relaxed) < 2 {
            assert!(Instant::now() < deadline, "no upload gets through");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(rand::random_range(0..200)));
        server.process.signal("KILL");
        drop(server);
        for (user, uploader) in uploaders.into_iter().enumerate() {
            kept.extend(runtime.block_on(uploader).unwrap().into_iter().map(|file| (user, file)));
        }
        server = Server::start(serve(&sandbox));
        let rows = check_folder(&data);
        assert!(rows >= kept.len(), "after kill {kill}: {rows} files, {} acknowledged", kept.len());
    }
    assert!(kept.len() >= KILLS);
    for (user, file) in kept {
        let url = format!("{}/files/{}", server.url, file.id);
        let bytes = runtime.block_on(async {
            let response = http.get(url).bearer_auth(&tokens[user]).send().await.unwrap();
            assert_eq!(response.status(), 200, "file {}", file.id);
            response.bytes().await.unwrap()
        });
        assert!(bytes == file.bytes, "file {}", file.id);
    }
    assert_eq!(server.stop().code, 0);
}

#[test]
fn a_sync_that_fails_acknowledges_nothing() {
    let sandbox = Sandbox::new();
    let data = sandbox.path("chinwag-data");
    // The first start creates the folder, which strace must know.
    assert_eq!(Server::start(serve(&sandbox)).stop().code, 0);
    let plain = serve(&sandbox);
    let mut traced = Command::new("strace");
    // With `-D` the server is our child instead of strace's.
    traced.args(["-D", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"]);
    // Only in the folder that files are linked into.
    traced.arg("-P").arg(data.join("files")).arg("--");
    traced.arg(plain.get_program()).args(plain.get_args());
    traced.current_dir(plain.get_current_dir().unwrap());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    traced.stdin(std::process::Stdio::null());
    traced.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut server = Server::start(traced);
    let token = token(&sandbox, "alice");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = runtime().block_on(upload(&http, &server.url, &token, b"bytes"));
    assert_eq!(answer, None);
    let error = server.process.stderr.wait_for("can't keep or read a file");
    assert!(error.contains("os error 5"), "{error}");
    assert_eq!(server.stop().code, 0);
    let server = Server::start(serve(&sandbox));
    assert_eq!(check_folder(&data), 0);
    let answer = runtime().block_on(upload(&http, &server.url, &token, b"bytes")).unwrap();
    assert_eq!(answer["sha256"], json!(hash(b"bytes")));
}
