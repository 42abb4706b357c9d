//! Several servers on one database: who may join, who is dead, and what one of them does for all. Run by
//! `scripts/with-postgres`.

use std::time::Duration;

use chinwag::{Config, NodeName, Rate, StartError, Storage};
use serde_json::{Value, json};

use crate::harness::{Browser, Person, Receiver, Stopped, TestServer, captured_logs, soon, try_build};
use crate::push::may_call;

/// Now, by the database's clock.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";

fn named(name: &str) -> impl FnOnce(&mut Config) + use<> {
    let name: NodeName = name.parse().unwrap();
    move |config| config.node = Some(name)
}

/// Why another node does not start beside this one.
async fn refusal(server: &TestServer, configure: impl FnOnce(&mut Config)) -> String {
    let mut other = server.twin();
    other.configure(configure);
    match try_build(&other.config()).await {
        Err(StartError::System(reason)) => reason,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
}

/// A row of a server that was seen this long ago, and keeps its files in a folder of its own.
async fn leave_row(stopped: &Stopped, folder: &str, ago_ms: i64) {
    let insert = format!(
        "INSERT INTO nodes (name, folder, files, version, started_at, seen_at) \
         VALUES ('{folder}', '{folder}', '', '0', 0, {NOW} - {ago_ms})"
    );
    assert_eq!(stopped.execute(&insert).await, 1);
}

async fn is_there(server: &TestServer, blob: &str) -> bool {
    server.execute(&format!("UPDATE loose_blobs SET since = since WHERE blob = '{blob}'")).await == 1
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_node_says_its_name_and_a_clean_stop_removes_it() {
    let server = TestServer::provisioning_with(named("north-1")).await;
    assert_eq!(server.get("/healthz").await.body["node"], "north-1");
    server.metric_becomes("chinwag_nodes", 1).await;
    let version = server.get("/healthz").await.body["version"].as_str().unwrap().to_owned();
    server.metric_becomes(&format!("chinwag_node{{name=\"north-1\",version=\"{version}\"}}"), 1).await;
    let stopped = server.stop().await;
    assert_eq!(stopped.execute("DELETE FROM nodes").await, 0);
    assert_eq!(stopped.execute("DELETE FROM leases").await, 0);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_second_node_is_refused_with_the_reason_and_what_to_do() {
    let server = TestServer::provisioning_with(named("north")).await;
    let refused = refusal(&server, named("north")).await;
    assert!(refused.contains("another server of this database is called north; give this one"), "{refused}");
    let refused = refusal(&server, |config| config.storage = Storage::Folder).await;
    assert!(refused.contains("does not find them; give both a bucket"), "{refused}");
    let elsewhere = tempfile::TempDir::new().unwrap();
    let refused = refusal(&server, |config| config.storage = Storage::Shared(elsewhere.path().into())).await;
    assert!(refused.contains("the server north of this database keeps files in another place"), "{refused}");
    let mut alone = server.stop().await;
    alone.configure(|config| config.storage = Storage::Folder);
    let server = alone.start().await;
    let refused = refusal(&server, |config| config.storage = Storage::Shared(elsewhere.path().into())).await;
    assert!(
        refused.contains("keeps files in a folder of its own, where others do not find them"),
        "{refused}"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn who_died_is_in_nobodys_way_for_long_and_never_in_its_own() {
    let stopped = TestServer::provisioning().await.stop().await;
    leave_row(&stopped, "dead", 8_000).await;
    // It waits for the last two seconds of the silence.
    let server = stopped.start().await;
    let own = std::fs::read_to_string(server.folder_path().join("node.id")).unwrap();
    let mut stopped = server.stop().await;
    stopped.configure(|config| config.storage = Storage::Folder);
    leave_row(&stopped, &own, 0).await;
    let server = stopped.start().await;
    server.metric_becomes("chinwag_nodes", 1).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_clock_that_is_wrong_is_told() {
    let stopped = TestServer::provisioning().await.stop().await;
    stopped.execute("CREATE SCHEMA wrong").await;
    stopped
        .execute(
            "CREATE FUNCTION wrong.clock_timestamp() RETURNS timestamptz LANGUAGE sql \
             AS 'SELECT pg_catalog.clock_timestamp() + interval ''7 s'''",
        )
        .await;
    let address = stopped.store_address();
    let name = address.rsplit('/').next().unwrap();
    stopped.execute(&format!("ALTER DATABASE {name} SET search_path = public, wrong, pg_catalog")).await;
    let _server = stopped.start().await;
    let told = async || {
        while !captured_logs().contains("this machine's clock and the database's differ by more than 5 s") {
            tokio::task::yield_now().await;
        }
    };
    soon("the warning", told()).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn bytes_on_their_way_belong_to_the_node_that_writes_them() {
    let configure = |config: &mut Config| config.limits.upload_expiry = Duration::from_secs(1);
    let server = TestServer::provisioning_with(configure).await;
    let own = std::fs::read_to_string(server.folder_path().join("node.id")).unwrap();
    let stopped = server.stop().await;
    for (blob, folder) in [("ofmine", own.as_str()), ("ofothers", "other"), ("ofnobody", "gone")] {
        let insert = format!(
            "INSERT INTO loose_blobs (blob, since, is_doomed, begun_by) VALUES ('{blob}', {NOW}, FALSE, '{folder}')"
        );
        stopped.execute(&insert).await;
    }
    let insert = format!(
        "INSERT INTO nodes (name, folder, files, version, started_at, seen_at) \
         VALUES ('other', 'other', '', '0', 0, {NOW} - 20000)"
    );
    stopped.execute(&insert).await;
    let server = stopped.start().await;
    soon("a sweep", async {
        while is_there(&server, "ofmine").await || is_there(&server, "ofnobody").await {}
    })
    .await;
    assert!(is_there(&server, "ofothers").await, "it may be slow");
    server.execute("UPDATE nodes SET seen_at = 0 WHERE name = 'other'").await;
    soon("another sweep", async { while is_there(&server, "ofothers").await {} }).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn failed_sign_ins_count_on_every_node_and_after_a_restart() {
    let hour = Duration::from_secs(3600);
    let server = TestServer::demo_with(|config| {
        config.limits.logins_per_address = Rate { burst: 4, every: hour };
    })
    .await;
    let other = server.twin().start().await;
    for node in [&server, &other, &server, &other] {
        assert_eq!(node.try_sign_in("alice", "a wrong one").await.status, 401);
    }
    for node in [&server, &other] {
        assert_eq!(node.try_sign_in("alice", "TestPassword123").await.status, 429);
    }
    drop(other);
    let server = server.restart().await;
    assert_eq!(server.try_sign_in("alice", "TestPassword123").await.status, 429);
    server.execute("UPDATE failed_sign_ins SET forgotten_at = 0").await;
    let server = server.restart().await;
    assert_eq!(server.try_sign_in("alice", "TestPassword123").await.status, 200);
    assert_eq!(server.try_sign_in("alice", "a wrong one").await.status, 401);
    assert_eq!(server.execute("DELETE FROM failed_sign_ins").await, 2, "old ones are forgotten");
}

/// A server on a runtime of its own, which can die with all that it does.
struct Mortal {
    server: TestServer,
    runtime: tokio::runtime::Runtime,
}

impl Mortal {
    async fn start(stopped: Stopped) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = runtime.spawn(stopped.start()).await.unwrap();
        Self { server, runtime }
    }

    /// Without a goodbye.
    fn die(self) {
        self.runtime.shutdown_background();
    }
}

/// The next things that a webhook hears, without those that set the scene.
async fn said(receiver: &mut Receiver, count: usize) -> Vec<String> {
    let mut said = Vec::new();
    while said.len() < count {
        let call: Value = serde_json::from_slice(&receiver.call().await.body).unwrap();
        if let Some(content) = call["content"].as_str() {
            said.push(content.to_owned());
        }
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn one_node_calls_webhooks_for_all_and_another_takes_over_when_it_dies() {
    let mut receiver = Receiver::start().await;
    let configure = may_call(&receiver);
    let survivor = TestServer::demo_with(configure).await;
    let mut first = survivor.twin();
    first.configure(named("first"));
    let (admin, user) = (survivor.sign_in("admin").await, survivor.sign_in("testuser").await);
    let group = user.group("Tea", &[]).await;
    let body = json!({"url": receiver.url("/hook"), "events": ["message"]});
    assert_eq!(admin.post("/webhooks", &body).await.status, 201);
    // The lease goes to the other one, which is to die.
    let rest = survivor.stop().await;
    let mortal = Mortal::start(first).await;
    mortal.server.metric_becomes("chinwag_nodes", 1).await;
    let survivor = rest.start().await;
    survivor.metric_becomes("chinwag_nodes", 2).await;
    let (here, there) = (user.on(&survivor), user.on(&mortal.server));
    for number in 0..10 {
        let speaker = if number % 2 == 0 { &here } else { &there };
        speaker.say(group, &format!("said {number}")).await;
    }
    let all: Vec<String> = (0..10).map(|number| format!("said {number}")).collect();
    assert_eq!(said(&mut receiver, 10).await, all);
    // It has stored that it called: a call whose end it could not store would come again.
    mortal
        .server
        .metric_becomes("chinwag_webhook_calls_total{webhook=\"1\",outcome=\"delivered\"}", 10)
        .await;
    mortal.die();
    here.say(group, "after the death").await;
    assert_eq!(said(&mut receiver, 1).await, ["after the death"], "each once, in their order");
    here.say(group, "the end").await;
    assert_eq!(said(&mut receiver, 1).await, ["the end"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn one_node_notifies_devices_for_all_and_another_takes_over_when_it_stops() {
    let mut receiver = Receiver::start().await;
    let configure = may_call(&receiver);
    let first = TestServer::provisioning_with(configure).await;
    let second = first.twin().start().await;
    let (anna, ben): (Person, Person) = (first.person("anna").await, first.person("ben").await);
    let group = anna.group("Tea", &[&ben]).await;
    Browser::new(receiver.url("/ben")).subscribe(&ben).await;
    let browser_calls = async |receiver: &mut Receiver| receiver.call().await.path;
    for speaker in [anna.clone(), anna.on(&second), anna.clone()] {
        speaker.say(group, "hello").await;
        assert_eq!(browser_calls(&mut receiver).await, "/ben");
        soon("the end of the job", async { while first.metric("chinwag_push_jobs").await > 0 {} }).await;
    }
    // The database goes with it.
    let _rest = first.stop().await;
    anna.on(&second).say(group, "still here").await;
    assert_eq!(browser_calls(&mut receiver).await, "/ben");
    second.metric_becomes("chinwag_push_calls_total{outcome=\"sent\"}", 1).await;
    assert!(receiver.rest().is_empty(), "each once");
}
