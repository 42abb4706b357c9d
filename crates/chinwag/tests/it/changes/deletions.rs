//! Deleting messages: who may, and that nothing of the text remains.

use serde_json::{Value, json};

use super::{Group, delete, edit, pin, react};
use crate::harness::{Hand, Way};

#[tokio::test]
async fn a_deletion_leaves_a_place_without_anything_in_it() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let first = hand.says("something to answer").await;
        let sent = json!({"type": "send", "content": "to be deleted", "client_id": format!("{way:?}"),
            "reply_to": first, "format": "markdown", "meta": {"colour": "red"}});
        hand.does(&sent).await;
        let id = group.ben.history(group.id, "").await.last().unwrap()["id"].as_i64().unwrap();
        hand.does(&react(id, "👍", "add")).await;
        hand.does(&pin(id, "add")).await;
        hand.does(&delete(id)).await;
        let message = group.message(id).await;
        assert_eq!((&message["content"], &message["deleted"]), (&json!(""), &json!(true)), "{way:?}");
        for emptied in ["reply_to", "meta", "reactions"] {
            assert_eq!(message[emptied], Value::Null, "{way:?} {emptied}");
        }
        assert_eq!(message["format"], "plain");
        let pins = group.ben.get(&format!("/conversations/{}/pins", group.id)).await.body;
        assert_eq!(pins, json!([]), "{way:?}");
        let head = group.head().await;
        for command in [edit(id, "again"), delete(id), react(id, "👍", "add"), react(id, "👍", "remove")]
        {
            hand.is_refused(&command, "not_found").await;
        }
        for op in ["add", "remove"] {
            hand.is_refused(&pin(id, op), "not_found").await;
        }
        assert_eq!(group.head().await, head, "{way:?}");
        // It keeps its key: a late repeat makes no second message.
        assert_eq!(hand.does(&sent).await["duplicate"], true, "{way:?}");
        assert_eq!(group.head().await, head, "{way:?}");
    }
}

#[tokio::test]
async fn those_who_run_a_group_delete_the_messages_of_others() {
    let group = Group::new().await;
    let admin = group.server.person("admin").await;
    let added = json!({"user_id": admin.id, "role": "admin"});
    let path = format!("/conversations/{}/participants", group.id);
    assert_eq!(group.owner.post(&path, &added).await.status, 201);
    for way in Way::ALL {
        for (author, deleter, is_allowed) in [
            (&group.anna, &group.owner, true),
            (&group.anna, &admin, true),
            (&group.owner, &admin, true),
            (&group.anna, &group.ben, false),
            (&group.owner, &group.ben, false),
        ] {
            let id = author.say(group.id, "whose?").await["id"].as_i64().unwrap();
            let mut hand = Hand::new(deleter, group.id, way).await;
            if is_allowed {
                hand.does(&delete(id)).await;
            } else {
                hand.is_refused(&delete(id), "forbidden").await;
            }
            assert_eq!(group.message(id).await["deleted"] == true, is_allowed, "{way:?}");
        }
    }
}

#[tokio::test]
async fn in_a_direct_conversation_each_deletes_their_own() {
    let group = Group::new().await;
    let made = group.anna.post("/conversations", &json!({"participant_id": group.ben.id})).await;
    let direct = made.body["id"].as_i64().unwrap();
    for way in Way::ALL {
        let id = group.anna.say(direct, "between us").await["id"].as_i64().unwrap();
        Hand::new(&group.ben, direct, way).await.is_refused(&delete(id), "forbidden").await;
        Hand::new(&group.anna, direct, way).await.does(&delete(id)).await;
    }
}

#[tokio::test]
async fn a_deleted_text_is_nowhere_any_more() {
    const CANARY: &str = "kanarienvogel";
    let group = Group::new().await;
    let mut hand = Hand::new(&group.anna, group.id, Way::Rest).await;
    let before = hand.says("what stays").await;
    let sent = hand
        .does(&json!({"type": "send", "content": format!("{CANARY} one"), "meta": {"note": CANARY},
            "client_id": "key"}))
        .await;
    let id = sent["id"].as_i64().unwrap();
    hand.does(&edit(id, &format!("{CANARY} two"))).await;
    // A search, so that the text is in the index.
    let found = group.ben.get(&format!("/search?q={CANARY}")).await.body;
    assert_eq!(found["results"].as_array().unwrap().len(), 1, "{found}");
    hand.does(&edit(id, &format!("{CANARY} three"))).await;
    // Long enough for pages of its own.
    hand.does(&edit(id, &format!("{} four", CANARY.repeat(300)))).await;
    hand.does(&delete(id)).await;

    let base = format!("/conversations/{}", group.id);
    for path in [
        format!("{base}/messages"),
        format!("{base}/messages?after=0&limit=200"),
        format!("{base}/events"),
        format!("{base}/events?after=0&limit=1000"),
        format!("{base}/pins"),
        "/search?q=three".to_owned(),
        format!("/search?q=in:{}", group.id),
    ] {
        let answer = group.ben.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.to_string().contains(CANARY), "{path}: {}", answer.body);
    }
    assert_eq!(group.ben.get(&format!("/search?q={CANARY}")).await.body["results"], json!([]));
    let replayed = Hand::from_the_start(&group.ben, group.id).await.events_until_now().await;
    assert_eq!(replayed.len(), 6, "{replayed:?}");
    assert!(!format!("{replayed:?}").contains(CANARY), "{replayed:?}");

    let id_of_another = group.anna.say(group.id, "something else").await["id"].as_i64().unwrap();
    assert!(id_of_another > before);
    let folder = group.server.folder_path();
    let rows = tokio::task::spawn_blocking(move || every_value(&folder)).await.unwrap();
    assert!(rows.iter().any(|value| value.contains("what stays")), "the search looks in the right place");
    let left: Vec<_> = rows.iter().filter(|value| value.contains(CANARY)).collect();
    assert!(left.is_empty(), "{left:?}");
    // Nor in pages of the database that no table uses any longer.
    let file = group.server.folder_path().join("chinwag.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let bytes = std::fs::read(file).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("what stays"), "the log was folded into the database");
    assert!(!has(CANARY), "a deleted text is overwritten");
}

/// Every text in every table of the database, except the search index's own tables.
fn every_value(folder: &std::path::Path) -> Vec<String> {
    let database = rusqlite::Connection::open(folder.join("chinwag.db")).unwrap();
    let mut tables = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'message_text%'")
        .unwrap();
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let mut values = Vec::new();
    for table in tables {
        let mut rows = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                if let Ok(bytes) = row.get_ref(column).unwrap().as_bytes() {
                    values.push(String::from_utf8_lossy(bytes).into_owned());
                }
            }
        }
    }
    values
}
