//! A server's data moves to another place, on the same engine or the other, and nobody who was connected can tell.

use std::collections::BTreeMap;
use std::path::Path;

use chinwag::{Move, MoveError, Moved, Place, Server};
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use crate::files::{picture, upload};
use crate::harness::{
    Browser, Device, Engine, Person, Reply, Stopped, TestServer, percent_encoded, reply, run_move,
};

/// What two people have done, and what they see of it.
struct Scene {
    ann: Person,
    ben: Person,
    /// Where they talk, and where nothing is left of what was said.
    room: i64,
    emptied: i64,
    message: Value,
    group_made: Value,
    file: Value,
    /// The size of the file as it is kept.
    bytes: usize,
    /// The number of a file that was deleted.
    highest_file: i64,
    refresh_token: String,
    seen: Option<Seen>,
}

/// What does not change by a move.
struct Seen {
    bodies: BTreeMap<String, Value>,
    heads: Value,
}

/// Who is here changes without anybody's doing.
fn forget_presence(body: &mut Value) {
    match body {
        Value::Array(items) => items.iter_mut().for_each(forget_presence),
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !["last_seen", "last_used_at", "presence", "status"].contains(&name.as_str())
            });
            fields.values_mut().for_each(forget_presence);
        }
        _ => {}
    }
}

const SEARCHES: [&str; 5] = ["old", "young", "日本", "ß", "gone"];

async fn with_key(person: &Person, path: &str, key: &str, body: &Value) -> Reply {
    reply(person.request("POST", path).header("Idempotency-Key", key).json(body)).await
}

impl Scene {
    async fn set(server: &TestServer) -> Self {
        let (ann, ben) = (server.sign_in("testuser").await, server.sign_in("testuser2").await);
        let signed_in = server.try_sign_in("testuser", "TestPassword123").await.body;
        let room = ann.group("Tea", &[&ben]).await;
        let messages = format!("/conversations/{room}/messages");
        let first = ann.say(room, "old and grey").await;
        let path = format!("{messages}/{}", first["id"]);
        let edited =
            reply(ann.request("PATCH", &path).json(&json!({"content": "young and 日本語 STRASSE"}))).await;
        assert_eq!(edited.status, 200, "{:?}", edited.body);
        let gone = ann.say(room, "soon gone").await;
        assert_eq!(ann.delete(&format!("{messages}/{}", gone["id"])).await.status, 204);
        let reacted = reply(ben.request("PUT", &format!("{path}/reactions/{}", percent_encoded("👍")))).await;
        assert!(reacted.status < 300, "{:?}", reacted.body);
        assert!(reply(ann.request("PUT", &format!("{path}/pin"))).await.status < 300);
        ben.say(room, "@testuser look").await;
        let bytes = picture(640, 480, image::ImageFormat::Png);
        let file = upload(&ann, "one.png", &bytes).await;
        let with_file = json!({"content": "a picture", "attachments": [file["id"]]});
        let message = with_key(&ann, &messages, "kept", &with_file).await;
        assert_eq!(message.status, 201, "{:?}", message.body);
        let deleted = upload(&ann, "two.png", &bytes).await;
        let with_file = ann.send(room, &json!({"content": "x", "attachments": [deleted["id"]]})).await.body;
        assert_eq!(ann.delete(&format!("{messages}/{}", with_file["id"])).await.status, 204);
        let group = json!({"title": "Once", "participant_ids": [ben.id]});
        let group_made = with_key(&ann, "/conversations/", "group", &group).await.body;
        let emptied = ann.group("Emptied", &[&ben]).await;
        for content in ["one", "two", "three"] {
            ann.say(emptied, content).await;
        }
        let left = format!("/conversations/{}/participants/{}", group_made["id"], ben.id);
        assert_eq!(ann.delete(&left).await.status, 204);
        let read = json!({"seq": 2});
        assert!(ben.post(&format!("/conversations/{room}/read"), &read).await.status < 300);
        let hook = json!({"url": "https://example.com/hook"});
        assert_eq!(server.sign_in("admin").await.post("/webhooks", &hook).await.status, 201);
        let subscription = Browser::new("https://push.example.com/1".to_owned()).subscription();
        assert_eq!(ben.post("/push/subscriptions", &subscription).await.status, 201);
        Self {
            message: message.body,
            group_made,
            bytes: file["size"].as_u64().unwrap() as usize,
            room,
            emptied,
            highest_file: deleted["id"].as_i64().unwrap(),
            file,
            refresh_token: signed_in["refresh_token"].as_str().unwrap().to_owned(),
            seen: None,
            ann,
            ben,
        }
    }

    /// What both see now. Only once the index of texts is whole.
    async fn look(&self) -> Seen {
        let mut bodies = BTreeMap::new();
        let mut paths = vec![
            "/conversations/".to_owned(),
            "/users/me".to_owned(),
            "/auth/sessions".to_owned(),
            format!("/conversations/{}/messages", self.room),
            format!("/conversations/{}/events?after=0", self.room),
            format!("/conversations/{}/pins", self.room),
            format!("/conversations/{}", self.emptied),
            format!("/conversations/{}/participants", self.room),
            "/push/subscriptions".to_owned(),
            "/push/key".to_owned(),
        ];
        paths.extend(SEARCHES.map(|term| format!("/search?q={}", percent_encoded(term))));
        for (name, person) in [("ann", &self.ann), ("ben", &self.ben)] {
            for path in &paths {
                let mut body = person.get(path).await.body;
                forget_presence(&mut body);
                bodies.insert(format!("{name} {path}"), body);
            }
        }
        let head = async |id: i64| self.ann.get(&format!("/conversations/{id}")).await.body["head"].clone();
        let heads = json!({self.room.to_string(): head(self.room).await, self.emptied.to_string(): head(self.emptied).await});
        Seen { bodies, heads }
    }

    /// They come back to where the data is now, and go on.
    async fn go_on(&mut self, server: &TestServer) {
        for person in [&mut self.ann, &mut self.ben] {
            person.address = server.address;
        }
        let before = self.seen.take().unwrap();
        let now = self.look().await;
        for (path, body) in &before.bodies {
            assert_eq!(&now.bodies[path], body, "{path}");
        }
        assert_eq!(now.heads, before.heads);

        let (mut device, ready) = Device::of(&self.ben, &before.heads).await;
        assert_eq!(ready["type"], "ready");
        let heard = device.frames_until_now().await;
        let is_news = |frame: &&Value| frame["type"] == "gap" || frame["stamp"].is_string();
        assert_eq!(heard.iter().find(is_news), None, "nothing was missed, and nothing comes twice");
        for id in [self.room, self.emptied] {
            let head = before.heads[id.to_string()].as_str().unwrap();
            let seq: i64 = head.split_once('.').unwrap().0.parse().unwrap();
            let said = self.ann.say(id, "after the move").await;
            assert_eq!(said["seq"], seq + 1);
            let frame = device.next_of("message").await;
            assert_eq!((&frame["id"], &frame["seq"]), (&said["id"], &said["seq"]));
        }

        let messages = format!("/conversations/{}/messages", self.room);
        let with_file = json!({"content": "a picture", "attachments": [self.file["id"]]});
        let again = with_key(&self.ann, &messages, "kept", &with_file).await.body;
        assert_eq!((&again["duplicate"], &again["id"]), (&json!(true), &self.message["id"]), "{again}");
        let group = json!({"title": "Once", "participant_ids": [self.ben.id]});
        let again = with_key(&self.ann, "/conversations/", "group", &group).await;
        assert_eq!(again.body["id"], self.group_made["id"], "{:?}", again.body);

        let url = format!("/files/{}", self.file["id"]);
        let answer = self.ann.request("GET", &url).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.bytes().await.unwrap().len()), (200, self.bytes));
        let thumbnail = self.ann.request("GET", &format!("{url}/thumbnails/160")).send().await.unwrap();
        assert_eq!(thumbnail.status(), 200);
        let picture = picture(64, 64, image::ImageFormat::Png);
        let new = upload(&self.ann, "three.png", &picture).await["id"].as_i64().unwrap();
        assert!(new > self.highest_file, "{new}: the number of a deleted file");
        self.highest_file = new;

        let renewed = json!({"refresh_token": self.refresh_token});
        let renewed = reply(server.http.post(server.url("/auth/refresh")).json(&renewed)).await;
        assert_eq!(renewed.status, 200, "{:?}", renewed.body);
        self.refresh_token = renewed.body["refresh_token"].as_str().unwrap().to_owned();
        device.leave().await;
        self.seen = Some(self.look().await);
    }
}

/// Every row of SQLite's file, by table.
fn rows(stopped: &Stopped) -> BTreeMap<String, Vec<Vec<Cell>>> {
    let database = rusqlite::Connection::open(stopped.folder_path().join("chinwag.db")).unwrap();
    let tables = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
                  AND name NOT LIKE 'sqlite_schema' AND name NOT LIKE 'refinery%'";
    let names: Vec<String> = database
        .prepare(tables)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let all = |name: &String| {
        let mut statement = database
            .prepare(&format!("SELECT * FROM {name} ORDER BY 1, 2"))
            .unwrap_or_else(|_| database.prepare(&format!("SELECT * FROM {name} ORDER BY 1")).unwrap());
        let width = statement.column_count();
        let rows = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect()).unwrap();
        rows.map(Result::unwrap).collect()
    };
    names.iter().map(|name| (name.clone(), all(name))).collect()
}

async fn moved(from: &Stopped, engine: Engine) -> (Stopped, Moved) {
    let to = from.empty(engine).await;
    let moved = from.move_to(&to).await.unwrap_or_else(|error| panic!("{error}"));
    (to, moved)
}

#[tokio::test]
async fn everything_moves_there_and_back_and_clients_go_on_where_they_were() {
    let server = TestServer::demo_with(|config| config.limits.is_enforced = false).await;
    let mut scene = Scene::set(&server).await;
    let stopped = server.stop().await;
    let emptied = format!("DELETE FROM events WHERE conversation_id = {}", scene.emptied);
    assert_eq!(stopped.execute(&emptied).await, 3);
    let server = stopped.start().await;
    for person in [&mut scene.ann, &mut scene.ben] {
        person.address = server.address;
    }
    scene.seen = Some(scene.look().await);
    let first = server.stop().await;

    let (second, once) = moved(&first, Engine::Folder).await;
    let (third, twice) = moved(&second, Engine::Default).await;
    let (fourth, thrice) = moved(&third, Engine::Folder).await;
    assert_eq!(once.tables, twice.tables);
    assert_eq!(once.tables, thrice.tables);
    assert!(once.files >= 2, "{once:?}");
    let (before, after) = (rows(&second), rows(&fourth));
    for (table, rows) in &before {
        assert_eq!(rows, &after[table], "{table}");
    }
    let filled = once.tables.iter().filter(|table| table.rows > 0).count();
    assert!(filled > 14, "hardly a table is empty: {once:?}");

    let server = third.start().await;
    scene.go_on(&server).await;
    let third = server.stop().await;
    let (fifth, _) = moved(&third, Engine::Folder).await;
    let server = fifth.start().await;
    scene.go_on(&server).await;
    let (sixth, _) = moved(&server.stop().await, Engine::Default).await;
    scene.go_on(&sixth.start().await).await;
}

async fn refusal(from: Place, to: Place) -> String {
    run_move(Move::new(from, to)).await.unwrap_err().to_string()
}

async fn start(stopped: &Stopped) -> String {
    Server::builder(stopped.config()).build().await.err().unwrap().to_string()
}

#[tokio::test]
async fn what_cannot_be_moved_is_refused_with_a_sentence_and_stays_as_it_is() {
    let server = TestServer::demo().await;
    let running = server.rest();
    let empty = running.empty(Engine::Folder).await;
    let work = Move::new(running.place(), empty.place());
    let refused =
        tokio::task::spawn_blocking(move || work.run(&mut |_, _, _| {})).await.unwrap().unwrap_err();
    assert!(matches!(refused, MoveError::InUse(_)), "{refused}");
    let stopped = server.stop().await;

    let same = refusal(stopped.place(), stopped.place()).await;
    assert!(same.contains("can't be moved to itself"), "{same}");
    let nothing = empty.move_to(&stopped).await.unwrap_err().to_string();
    assert!(nothing.contains("there is no chinwag.db in"), "{nothing}");

    let other = TestServer::demo().await.stop().await;
    let occupied = stopped.move_to(&other).await.unwrap_err().to_string();
    assert!(occupied.contains("has a chat already"), "{occupied}");

    stopped
        .execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
             VALUES (900, 'later', '2030-01-01T00:00:00Z', '1')",
        )
        .await;
    let newer = stopped.move_to(&empty).await.unwrap_err().to_string();
    assert!(newer.contains("is of a newer chinwag"), "{newer}");
    stopped.execute("DELETE FROM refinery_schema_history WHERE version = 900").await;
    let other = TestServer::demo().await.stop().await;
    other
        .execute("DELETE FROM refinery_schema_history WHERE version = (SELECT max(version) FROM refinery_schema_history)")
        .await;
    let older = other.move_to(&empty).await.unwrap_err().to_string();
    assert!(older.contains("let `chinwag serve` of this version start on it once"), "{older}");

    std::fs::create_dir_all(empty.folder_path()).unwrap();
    std::fs::write(empty.folder_path().join("token.key"), [7; 32]).unwrap();
    let secret = stopped.move_to(&empty).await.unwrap_err().to_string();
    assert!(secret.contains("has another token.key"), "{secret}");
    std::fs::remove_file(empty.folder_path().join("token.key")).unwrap();
    stopped.move_to(&empty).await.unwrap();
    drop(stopped.start().await);
}

#[tokio::test]
async fn a_file_without_its_bytes_is_missed_before_anything_is_moved() {
    let server = TestServer::demo().await;
    let ann = server.sign_in("testuser").await;
    upload(&ann, "one.png", &picture(64, 64, image::ImageFormat::Png)).await;
    let stopped = server.stop().await;
    std::fs::rename(stopped.folder_path().join("files"), stopped.folder_path().join("elsewhere")).unwrap();
    let empty = stopped.empty(Engine::Folder).await;
    let missing = stopped.move_to(&empty).await.unwrap_err().to_string();
    assert!(missing.contains("the bytes of") && missing.contains("--without-files"), "{missing}");
    assert!(!empty.folder_path().join("chinwag.db").exists());
    let work = Move::new(stopped.place(), empty.place());
    let work = work.files_from(stopped.folder_path()).without_files();
    assert_eq!(run_move(work).await.unwrap().files, 0);
}

#[tokio::test]
async fn what_is_half_filled_is_served_to_nobody_and_filled_again_from_the_same_place_alone() {
    let server = TestServer::demo().await;
    let ann = server.sign_in("testuser").await;
    let said = ann.say(1, "before the move").await;
    let stopped = server.stop().await;
    let target = stopped.empty(Engine::Default).await;
    stopped.move_to(&target).await.unwrap();
    // As if it had stopped on its way.
    let origin = match stopped.place() {
        Place::Folder(folder) => folder.canonicalize().unwrap().display().to_string(),
        Place::Database(url) => url.to_string(),
    };
    target.execute("DELETE FROM participants").await;
    target.execute("DELETE FROM events").await;
    target.execute(&format!("INSERT INTO meta (key, value) VALUES ('moving_from', '{origin}')")).await;

    let refused = start(&target).await;
    assert!(refused.contains("half filled from") && refused.contains("chinwag migrate"), "{refused}");
    let onward = target.move_to(&stopped.empty(Engine::Folder).await).await.unwrap_err().to_string();
    assert!(onward.contains("run that move again first"), "{onward}");
    let other = TestServer::demo().await.stop().await;
    let from_elsewhere = other.move_to(&target).await.unwrap_err().to_string();
    assert!(from_elsewhere.contains("move from there again"), "{from_elsewhere}");

    stopped.move_to(&target).await.unwrap();
    let server = target.start().await;
    let ann = server.sign_in("testuser").await;
    assert_eq!(ann.history(1, "").await.last().unwrap()["id"], said["id"]);
}

#[tokio::test]
async fn files_and_secrets_stay_in_a_folder_that_is_one_of_the_ends() {
    let server = TestServer::demo().await;
    let ann = server.sign_in("testuser").await;
    let file = upload(&ann, "one.png", &picture(64, 64, image::ImageFormat::Png)).await;
    let (folder, empty) = moved(&server.stop().await, Engine::Folder).await;
    assert!(empty.files > 0);
    let has_files = |folder: &Path| folder.join("files").read_dir().is_ok_and(|files| files.count() > 0);
    let away = folder.empty(Engine::Default).await;
    let left = run_move(Move::new(folder.place(), away.place())).await.unwrap();
    // Only a folder takes files along.
    let is_database = matches!(away.place(), Place::Database(_));
    assert_eq!((left.files == 0, !has_files(&away.folder_path())), (is_database, is_database), "{left:?}");
    if !is_database {
        return;
    }
    assert_eq!(left.folder, Some(folder.folder_path()));
    let mut served = away;
    served.share_folder(&folder);
    let server = served.start().await;
    let mut ann = ann;
    ann.address = server.address;
    assert_eq!(ann.get("/users/me").await.status, 200, "the same secret");
    assert_eq!(ann.request("GET", &format!("/files/{}", file["id"])).send().await.unwrap().status(), 200);
    // And back into the folder, once the file of before is out of the way.
    let served = server.stop().await;
    let occupied = refusal(served.place(), folder.place()).await;
    assert!(occupied.contains("has a chat already"), "{occupied}");
    std::fs::rename(folder.folder_path().join("chinwag.db"), folder.folder_path().join("before.db")).unwrap();
    let back = run_move(Move::new(served.place(), folder.place())).await.unwrap();
    assert_eq!((back.files, back.tables.len()), (0, left.tables.len()));
    let nowhere = served.empty(Engine::Folder).await;
    let lost = refusal(served.place(), nowhere.place()).await;
    assert!(lost.contains("--files-from"), "{lost}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn every_table_of_postgresql_is_moved_or_stays_for_a_reason() {
    /// The row that writers lock, what nodes tell each other, what waits for a server, the versions of the schema, and what
    /// does not last. Secrets become files.
    const STAY: [&str; 9] = [
        "failed_sign_ins",
        "leases",
        "logs",
        "nodes",
        "notices",
        "one_time_tokens",
        "outbox",
        "refinery_schema_history",
        "secrets",
    ];
    let stopped = TestServer::demo().await.stop().await;
    let (_, moved) = moved(&stopped, Engine::Folder).await;
    let mut known: Vec<&str> = moved.tables.iter().map(|table| table.name.as_str()).chain(STAY).collect();
    known.sort_unstable();
    let (client, connection) =
        tokio_postgres::connect(&stopped.store_address(), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let tables =
        "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename COLLATE \"C\"";
    let found: Vec<String> = client.query(tables, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(found, known, "a migration has added or removed a table");
    drop(client);
    connection.await.unwrap().unwrap();
}
