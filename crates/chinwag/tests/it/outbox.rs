//! Messages that an application leaves in transactions of its own, on the PostgreSQL database of the chat. Run by
//! `scripts/with-postgres`.

use chinwag::protocol::{ConversationId, UserId};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use crate::harness::{Device, Engine, Person, TestServer, soon};

const SEND: &str = "SELECT chinwag.send($1, $2, $3, $4)";

/// A connection of the application's.
async fn application(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

struct Scene {
    server: TestServer,
    anna: Person,
    ben: Person,
    room: i64,
    shop: Client,
}

impl Scene {
    async fn set() -> Self {
        let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
        let (anna, ben) = (server.person("anna").await, server.person("ben").await);
        let room = anna.group("Orders", &[&ben]).await;
        let shop = application(&server.store_address()).await;
        shop.batch_execute("CREATE TABLE orders (number BIGINT PRIMARY KEY)").await.unwrap();
        Self { server, anna, ben, room, shop }
    }

    /// Leaves a message of anna's.
    async fn leave(&self, shop: &Client, content: &str, key: &str) {
        shop.execute(SEND, &[&self.room, &self.anna.id, &content, &key]).await.unwrap();
    }

    /// The first events of the log, as soon as there are so many. A read whose connection is cut is tried again.
    async fn log_of(&self, count: usize) -> Vec<Value> {
        soon("all messages", async {
            let path = format!("/conversations/{}/events?after=0&limit=1000", self.room);
            loop {
                let answer = self.ben.get(&path).await;
                assert!(matches!(answer.status, 200 | 503), "{answer:?}");
                if let Some(events) = answer.body["events"].as_array()
                    && events.len() >= count
                {
                    return events.clone();
                }
            }
        })
        .await
    }

    async fn refused(&self, key: &str) -> Option<String> {
        let asked = self.shop.query_opt("SELECT refused FROM outbox WHERE key = $1", &[&key]).await.unwrap();
        asked.and_then(|row| row.get(0))
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_message_exists_if_and_only_if_its_transaction_commits() {
    let mut scene = Scene::set().await;
    let (mut device, _) = Device::of(&scene.ben, &json!({})).await;
    let (room, anna) = (scene.room, scene.anna.id);

    let undone = scene.shop.transaction().await.unwrap();
    undone.execute("INSERT INTO orders VALUES (1)", &[]).await.unwrap();
    undone.execute(SEND, &[&room, &anna, &"never", &"order 1"]).await.unwrap();
    undone.rollback().await.unwrap();

    let done = scene.shop.transaction().await.unwrap();
    done.execute("INSERT INTO orders VALUES (2)", &[]).await.unwrap();
    for (content, key) in [("paid", "order 2"), ("sent", "order 2, parcel")] {
        done.execute(SEND, &[&room, &anna, &content, &key]).await.unwrap();
    }
    done.commit().await.unwrap();
    for (seq, content) in [(1, "paid"), (2, "sent")] {
        let message = device.next_of("message").await;
        assert_eq!((&message["seq"], &message["content"]), (&json!(seq), &json!(content)), "{message}");
        assert_eq!(message["sender_id"], anna);
    }
    // A connection that is lost before the commit leaves nothing.
    let lost = application(&scene.server.store_address()).await;
    lost.batch_execute("BEGIN").await.unwrap();
    scene.leave(&lost, "lost", "order 3").await;
    drop(lost);
    scene.leave(&scene.shop, "last", "order 4").await;
    assert_eq!(device.next_of("message").await["content"], "last");
    soon("an empty outbox", async {
        while scene.shop.query_one("SELECT count(*) FROM outbox", &[]).await.unwrap().get::<_, i64>(0) > 0 {}
    })
    .await;
    assert_eq!(scene.log_of(3).await.len(), 3);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_thousand_at_once_and_left_again_are_in_the_log_once_each() {
    const CONNECTIONS: usize = 20;
    const EACH: usize = 50;
    let scene = Scene::set().await;
    let address = scene.server.store_address();
    let shops = join_all((0..CONNECTIONS).map(|_| application(&address))).await;
    let scene = &scene;
    join_all(shops.iter().enumerate().map(|(shop, client)| async move {
        for number in 0..EACH {
            let content = format!("{shop} {number}");
            // The application does not know whether its commit succeeded, and leaves it again, now and then at once.
            scene.leave(client, &content, &content).await;
            scene.leave(client, &content, &content).await;
        }
    }))
    .await;
    let events = scene.log_of(CONNECTIONS * EACH).await;
    let seqs: Vec<i64> = events.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (1..=(CONNECTIONS * EACH) as i64).collect::<Vec<_>>());
    for shop in 0..CONNECTIONS {
        let own = format!("{shop} ");
        let said: Vec<&str> = events
            .iter()
            .filter_map(|event| event["content"].as_str())
            .filter(|content| content.starts_with(&own))
            .collect();
        let left: Vec<String> = (0..EACH).map(|number| format!("{shop} {number}")).collect();
        assert_eq!(said, left, "in the order in which one application left them");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn a_transaction_that_stays_open_keeps_nobody_waiting() {
    let scene = Scene::set().await;
    let slow = application(&scene.server.store_address()).await;
    slow.batch_execute("BEGIN").await.unwrap();
    scene.leave(&slow, "slow", "slow").await;
    for number in 0..20 {
        scene.anna.say(scene.room, &format!("said {number}")).await;
        scene.leave(&scene.shop, &format!("left {number}"), &format!("key {number}")).await;
    }
    let events = scene.log_of(40).await;
    assert!(events.iter().all(|event| event["content"] != "slow"));
    slow.batch_execute("COMMIT").await.unwrap();
    let events = scene.log_of(41).await;
    assert_eq!((&events[40]["content"], &events[40]["seq"]), (&json!("slow"), &json!(41)));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn what_the_rules_refuse_stays_with_its_reason_and_is_counted() {
    let scene = Scene::set().await;
    let stranger = scene.server.person("cleo").await.id;
    scene.leave(&scene.shop, "as it was", "used").await;
    scene.log_of(1).await;
    let (long, room, anna) = ("x".repeat(4_001), scene.room, scene.anna.id);
    let wrong: [(&str, i64, i64, &str, &str); 6] = [
        ("stranger", room, stranger, "let me in", "not a participant"),
        ("nobody", room, 4_711, "boo", "no user"),
        ("nowhere", 4_711, anna, "hello?", "not found"),
        ("long", room, anna, &long, "4"),
        ("empty", room, anna, "", ""),
        ("used", room, anna, "something else", "key"),
    ];
    for (key, room, sender, content, _) in wrong {
        scene.shop.execute(SEND, &[&room, &sender, &content, &key]).await.unwrap();
    }
    scene.server.metric_becomes("chinwag_outbox_refusals_total", wrong.len() as u64).await;
    for (key, .., reason) in wrong {
        let refused = scene.refused(key).await.unwrap_or_default();
        assert!(!refused.is_empty() && refused.to_lowercase().contains(reason), "{key}: {refused}");
    }
    // And what comes behind them is not held up.
    scene.leave(&scene.shop, "behind them", "behind").await;
    assert_eq!(scene.log_of(2).await[1]["content"], "behind them");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn what_is_left_while_no_server_runs_or_its_connections_are_cut_arrives_once() {
    const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND application_name = 'chinwag'";
    let scene = Scene::set().await;
    for number in 0..50 {
        scene.leave(&scene.shop, &format!("{number}"), &format!("{number}")).await;
        if number % 7 == 0 {
            scene.shop.query(CUT, &[]).await.unwrap();
        }
    }
    assert_eq!(scene.log_of(50).await.len(), 50);
    let Scene { server, anna, ben, room, shop } = scene;
    let stopped = server.stop().await;
    for number in 50..60 {
        let content = number.to_string();
        shop.execute(SEND, &[&room, &anna.id, &content, &content]).await.unwrap();
    }
    let waiting = stopped.move_to(&stopped.empty(Engine::Folder).await).await.unwrap_err().to_string();
    assert!(waiting.contains("let the server take them first"), "nothing is moved without them: {waiting}");
    let server = stopped.start().await;
    let anna = server.person("anna").await;
    let mut ben = ben;
    ben.address = server.address;
    let scene = Scene { server, anna, ben, room, shop };
    let events = scene.log_of(60).await;
    let said: Vec<String> =
        events.iter().map(|event| event["content"].as_str().unwrap().to_owned()).collect();
    assert_eq!(said, (0..60).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn an_application_needs_no_right_but_to_call_the_function() {
    let scene = Scene::set().await;
    let role = format!("shop_{:016x}", rand::random::<u64>());
    scene.shop.batch_execute(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    let address = scene.server.store_address().replace("//postgres@", &format!("//{role}@"));
    let shop = application(&address).await;
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&scene.room, &scene.anna.id, &"from the shop", &"1"];
    let refused = shop.execute(SEND, &values).await.unwrap_err();
    assert!(format!("{refused:?}").contains("permission denied for function"), "{refused:?}");
    let grant = format!("GRANT EXECUTE ON FUNCTION chinwag.send TO {role}");
    scene.shop.batch_execute(&grant).await.unwrap();
    // Whoever puts a table of their own in its place gains nothing.
    shop.batch_execute("CREATE TEMP TABLE outbox (conversation_id BIGINT)").await.unwrap();
    shop.execute(SEND, &values).await.unwrap();
    assert_eq!(scene.log_of(1).await[0]["content"], "from the shop");
    for table in ["events", "public.outbox", "users"] {
        let refused = shop.query(&format!("SELECT * FROM {table}"), &[]).await.unwrap_err();
        assert!(format!("{refused:?}").contains("permission denied"), "{refused:?}");
    }
    drop(shop);
    let owned = format!("DROP OWNED BY {role}");
    scene.shop.batch_execute(&owned).await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn an_application_in_rust_leaves_a_message_in_its_transaction() {
    let mut scene = Scene::set().await;
    let chat = scene.server.server.chat();
    let (sender, room) = (UserId(scene.anna.id), ConversationId(scene.room));
    let mut transaction = scene.shop.transaction().await.unwrap();
    chat.send_in(&mut transaction, sender, room, "undone", "1").await.unwrap();
    transaction.rollback().await.unwrap();
    let mut transaction = scene.shop.transaction().await.unwrap();
    chat.send_in(&mut transaction, sender, room, "done", "1").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(scene.log_of(1).await[0]["content"], "done");
}
