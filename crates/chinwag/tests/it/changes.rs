//! Changes of messages: edits, deletions, reactions, pins, replies. The same over every transport.

use serde_json::{Value, json};

use crate::harness::{Hand, Person, TestServer, Told, Way, reply};

/// A group of three: its owner, and two members.
struct Group {
    server: TestServer,
    owner: Person,
    anna: Person,
    ben: Person,
    id: i64,
}

impl Group {
    async fn new() -> Self {
        let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
        let [owner, anna, ben] =
            [server.person("owner").await, server.person("anna").await, server.person("ben").await];
        let id = owner.group("Tea", &[&anna, &ben]).await;
        Self { server, owner, anna, ben, id }
    }

    /// The message as history shows it to ben.
    async fn message(&self, id: i64) -> Value {
        let history = self.ben.history(self.id, "").await;
        history.into_iter().find(|message| message["id"] == id).unwrap()
    }

    /// The log, whole.
    async fn log(&self) -> Vec<Value> {
        let page = self.ben.get(&format!("/conversations/{}/events?limit=1000", self.id)).await;
        assert_eq!(page.body["more"], false);
        page.body["events"].as_array().unwrap().clone()
    }

    async fn head(&self) -> String {
        let page = self.ben.get(&format!("/conversations/{}/events", self.id)).await;
        page.body["head"].as_str().unwrap().to_owned()
    }
}

fn edit(id: i64, content: &str) -> Value {
    json!({"type": "edit", "message_id": id, "content": content})
}

fn delete(id: i64) -> Value {
    json!({"type": "delete", "message_id": id})
}

fn react(id: i64, emoji: &str, op: &str) -> Value {
    json!({"type": "react", "message_id": id, "emoji": emoji, "op": op})
}

fn pin(id: i64, op: &str) -> Value {
    json!({"type": "pin", "message_id": id, "op": op})
}

#[tokio::test]
async fn an_edit_changes_history_and_is_added_to_the_log() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut listener = Hand::new(&group.ben, group.id, Way::Room).await;
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let id = hand.says("first").await;
        hand.does(&edit(id, "second")).await;
        let mut conditional = edit(id, "third");
        conditional["if_version"] = json!(2);
        let answer = hand.does(&conditional).await;
        assert_eq!(answer["version"], 3, "{way:?} {answer}");
        let message = group.message(id).await;
        assert_eq!((&message["content"], &message["version"]), (&json!("third"), &json!(3)), "{way:?}");

        let mut live = Vec::new();
        for (kind, content, version) in
            [("message", "first", 1), ("message_edited", "second", 2), ("message_edited", "third", 3)]
        {
            let event = listener.event().await;
            assert_eq!(event["type"], kind, "{way:?} {event}");
            assert_eq!((&event["content"], &event["version"]), (&json!(content), &json!(version)));
            assert_eq!(event["actor_id"], group.anna.id);
            live.push(event);
        }
        assert_eq!(live[1]["message_id"], id);
        assert_eq!(group.log().await[live[0]["seq"].as_u64().unwrap() as usize - 1..], live, "{way:?}");
    }
}

#[tokio::test]
async fn an_edit_of_another_version_is_a_conflict_and_changes_nothing() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let id = hand.says("first").await;
        hand.does(&edit(id, "second")).await;
        let head = group.head().await;
        for version in [0, 1, 3, -1] {
            let mut stale = edit(id, "stale");
            stale["if_version"] = json!(version);
            hand.is_refused(&stale, "conflict").await;
        }
        assert_eq!(group.head().await, head, "{way:?}");
        assert_eq!(group.message(id).await["content"], "second");
    }
}

#[tokio::test]
async fn of_many_edits_at_once_with_the_same_version_one_wins() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "first").await["id"].as_i64().unwrap();
    let edits = (0..8).map(|place| {
        let (anna, conversation) = (group.anna.clone(), group.id);
        tokio::spawn(async move {
            let mut hand = Hand::new(&anna, conversation, Way::ALL[place % 3]).await;
            let mut command = edit(id, &format!("edit {place}"));
            command["if_version"] = json!(1);
            matches!(hand.tell(&command).await, Told::Done(_))
        })
    });
    let mut won = 0;
    for edit in edits.collect::<Vec<_>>() {
        won += usize::from(edit.await.unwrap());
    }
    assert_eq!(won, 1);
    assert_eq!(group.message(id).await["version"], 2);
}

#[tokio::test]
async fn only_its_author_edits_a_message() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "mine").await["id"].as_i64().unwrap();
    for way in Way::ALL {
        for other in [&group.owner, &group.ben] {
            Hand::new(other, group.id, way).await.is_refused(&edit(id, "yours"), "forbidden").await;
        }
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        for (content, code) in
            [("", "invalid_content"), (" \n", "invalid_content"), (&*"x".repeat(4001), "too_large")]
        {
            hand.is_refused(&edit(id, content), code).await;
        }
        hand.is_refused(&edit(id, "a\0b"), "invalid_content").await;
        hand.is_refused(&edit(id + 1000, "none"), "not_found").await;
    }
    assert_eq!(group.message(id).await["version"], 1);
}

#[tokio::test]
async fn the_original_hears_of_messages_only() {
    let group = Group::new().await;
    let mut original = group.ben.enter(group.id).await;
    let id = group.anna.say(group.id, "hello").await["id"].as_i64().unwrap();
    assert_eq!(original.message().await["id"], id);
    let mut hand = Hand::new(&group.anna, group.id, Way::Rest).await;
    hand.does(&edit(id, "hello, all")).await;
    hand.does(&react(id, "👍", "add")).await;
    hand.does(&pin(id, "add")).await;
    hand.does(&json!({"type": "read", "seq": 2})).await;
    let path = format!("/conversations/{}", group.id);
    let renamed = reply(group.owner.request("PATCH", &path).json(&json!({"title": "Coffee"}))).await;
    assert_eq!(renamed.status, 200);
    hand.does(&delete(id)).await;
    original.hears_nothing_but_itself().await;
    assert_eq!(group.message(id).await["deleted"], true);
}

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
        // Its key is still its own: a late repeat makes no second message.
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
    // Searched for, so that it is in the index.
    let found = group.ben.get(&format!("/search?q={CANARY}")).await.body;
    assert_eq!(found["results"].as_array().unwrap().len(), 1, "{found}");
    hand.does(&edit(id, &format!("{CANARY} three"))).await;
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
    assert_eq!(replayed.len(), 5, "{replayed:?}");
    assert!(!format!("{replayed:?}").contains(CANARY), "{replayed:?}");

    let id_of_another = group.anna.say(group.id, "something else").await["id"].as_i64().unwrap();
    assert!(id_of_another > before);
    let folder = group.server.folder_path();
    let rows = tokio::task::spawn_blocking(move || every_value(&folder)).await.unwrap();
    assert!(rows.iter().any(|value| value.contains("what stays")), "the search looks in the right place");
    let left: Vec<_> = rows.iter().filter(|value| value.contains(CANARY)).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Every text in every table of the database, the search index's own excepted.
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

#[tokio::test]
async fn reactions_are_counted_by_person_and_repeating_one_is_no_event() {
    let group = Group::new().await;
    for way in Way::ALL {
        let id = group.anna.say(group.id, "react!").await["id"].as_i64().unwrap();
        let mut listener = Hand::new(&group.owner, group.id, Way::User).await;
        let mut anna = Hand::new(&group.anna, group.id, way).await;
        let mut ben = Hand::new(&group.ben, group.id, way).await;
        assert_eq!(anna.does(&react(id, "🎉", "add")).await["duplicate"], false, "{way:?}");
        assert_eq!(ben.does(&react(id, "🎉", "add")).await["duplicate"], false);
        assert_eq!(anna.does(&react(id, "🎉", "add")).await["duplicate"], true);
        assert_eq!(
            group.message(id).await["reactions"],
            json!([{"emoji": "🎉", "user_ids": [group.anna.id, group.ben.id]}])
        );
        assert_eq!(anna.does(&react(id, "🎉", "remove")).await["duplicate"], false);
        assert_eq!(anna.does(&react(id, "🎉", "remove")).await["duplicate"], true);
        assert_eq!(anna.does(&react(id, "👍", "remove")).await["duplicate"], true, "never there");
        assert_eq!(
            group.message(id).await["reactions"],
            json!([{"emoji": "🎉", "user_ids": [group.ben.id]}])
        );
        let heard: Vec<_> = listener.events_until_now().await;
        let heard: Vec<_> = heard.iter().map(|event| (&event["type"], &event["user_id"])).collect();
        let (added, removed) = (json!("reaction_added"), json!("reaction_removed"));
        let (anna, ben) = (json!(group.anna.id), json!(group.ben.id));
        assert_eq!(heard, [(&added, &anna), (&added, &ben), (&removed, &anna)], "{way:?}");
    }
}

#[tokio::test]
async fn a_reaction_is_one_real_emoji() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "react!").await["id"].as_i64().unwrap();
    for way in Way::ALL {
        let mut hand = Hand::new(&group.ben, group.id, way).await;
        for emoji in ["👍", "👍🏽", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👩‍👩‍👧‍👦", "❤️", "#️⃣", "👩🏿‍🚀"]
        {
            assert_eq!(hand.does(&react(id, emoji, "add")).await["duplicate"], false, "{way:?} {emoji}");
            assert_eq!(hand.does(&react(id, emoji, "remove")).await["duplicate"], false, "{way:?} {emoji}");
        }
        for nothing in ["a", "1", "👍👍", ":+1:", "thumbsup", "👍 ", "🇩", "<b>", "\u{200d}"] {
            hand.is_refused(&react(id, nothing, "add"), "invalid_content").await;
        }
    }
    assert_eq!(group.message(id).await["reactions"], Value::Null);
}

#[tokio::test]
async fn two_spellings_of_an_emoji_are_one_reaction() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "react!").await["id"].as_i64().unwrap();
    let mut hand = Hand::new(&group.ben, group.id, Way::Room).await;
    let (plain, full) = ("\u{2764}", "\u{2764}\u{fe0f}");
    hand.does(&react(id, plain, "add")).await;
    assert_eq!(hand.does(&react(id, full, "add")).await["duplicate"], true);
    assert_eq!(hand.does(&react(id, full, "remove")).await["duplicate"], false);
    assert_eq!(hand.does(&react(id, plain, "remove")).await["duplicate"], true);
}

#[tokio::test]
async fn a_message_has_at_most_fifty_different_emoji() {
    let group = Group::new().await;
    let emoji: Vec<&str> = emojis::iter().step_by(7).take(51).map(emojis::Emoji::as_str).collect();
    for way in Way::ALL {
        let id = group.anna.say(group.id, "react!").await["id"].as_i64().unwrap();
        let mut hand = Hand::new(&group.ben, group.id, way).await;
        for one in &emoji[..50] {
            hand.does(&react(id, one, "add")).await;
        }
        hand.is_refused(&react(id, emoji[50], "add"), "invalid_content").await;
        // One that is there may grow, and one that went makes room.
        let mut other = Hand::new(&group.owner, group.id, way).await;
        other.does(&react(id, emoji[0], "add")).await;
        hand.does(&react(id, emoji[1], "remove")).await;
        hand.does(&react(id, emoji[50], "add")).await;
    }
}

#[tokio::test]
async fn pins_are_listed_oldest_message_first() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.ben, group.id, way).await;
        let (first, second) = (hand.says("first").await, hand.says("second").await);
        let mut listener = Hand::new(&group.anna, group.id, Way::Room).await;
        assert_eq!(hand.does(&pin(second, "add")).await["duplicate"], false, "{way:?}");
        assert_eq!(hand.does(&pin(first, "add")).await["duplicate"], false);
        assert_eq!(hand.does(&pin(first, "add")).await["duplicate"], true);
        let pins = group.anna.get(&format!("/conversations/{}/pins", group.id)).await.body;
        assert_eq!(pins, json!([group.message(first).await, group.message(second).await]));
        for id in [first, second] {
            assert_eq!(hand.does(&pin(id, "remove")).await["duplicate"], false);
            assert_eq!(hand.does(&pin(id, "remove")).await["duplicate"], true);
        }
        let pins = group.anna.get(&format!("/conversations/{}/pins", group.id)).await.body;
        assert_eq!(pins, json!([]));
        let heard = listener.events_until_now().await;
        let kinds: Vec<_> = heard.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["pinned", "pinned", "unpinned", "unpinned"], "{way:?}");
    }
}

#[tokio::test]
async fn a_conversation_has_at_most_a_hundred_pins() {
    let group = Group::new().await;
    let mut hand = Hand::new(&group.ben, group.id, Way::Room).await;
    let mut last = 0;
    for place in 0..100 {
        last = hand.says(&format!("pin {place}")).await;
        hand.does(&pin(last, "add")).await;
    }
    let one_too_many = hand.says("one too many").await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.ben, group.id, way).await;
        hand.is_refused(&pin(one_too_many, "add"), "forbidden").await;
        // What is pinned is so already, full or not.
        assert_eq!(hand.does(&pin(last, "add")).await["duplicate"], true, "{way:?}");
    }
}

#[tokio::test]
async fn a_message_of_another_conversation_is_no_message_here() {
    let group = Group::new().await;
    let elsewhere = group.anna.group("Elsewhere", &[&group.ben]).await;
    let id = group.anna.say(elsewhere, "elsewhere").await["id"].as_i64().unwrap();
    let here = group.anna.say(group.id, "here").await["id"].as_i64().unwrap();
    let head = group.head().await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        for command in [
            edit(id, "moved"),
            delete(id),
            react(id, "👍", "add"),
            react(id, "👍", "remove"),
            pin(id, "add"),
            pin(id, "remove"),
        ] {
            hand.is_refused(&command, "not_found").await;
        }
        let reply = json!({"type": "send", "content": "an answer", "reply_to": id});
        if way == Way::Rest {
            let refused = group.anna.send(group.id, &reply).await;
            assert_eq!(refused.status, 422);
            assert_eq!(refused.body["detail"][0]["loc"], json!(["body", "reply_to"]));
        } else {
            hand.is_refused(&reply, "not_found").await;
        }
    }
    // The event of an edit is no message either, though it has a row of its own.
    let mut hand = Hand::new(&group.anna, group.id, Way::Rest).await;
    assert_eq!(group.head().await, head);
    hand.does(&edit(here, "here, edited")).await;
    for row in [here + 1, 0, -1, i64::MAX] {
        hand.is_refused(&delete(row), "not_found").await;
    }
    assert_eq!(group.anna.history(elsewhere, "").await[0]["content"], "elsewhere");
}

#[tokio::test]
async fn a_message_keeps_what_it_answers_how_it_reads_and_its_meta() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut listener = Hand::new(&group.ben, group.id, Way::User).await;
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let question = hand.says("a question").await;
        let meta = json!({"nested": {"list": [1, "two", null]}, "<b>": "\u{1f}"});
        let answer = json!({"type": "send", "content": "*an answer*", "reply_to": question,
            "format": "markdown", "meta": meta});
        hand.does(&answer).await;
        let message = group.ben.history(group.id, "").await.pop().unwrap();
        listener.event().await;
        for shown in [message, listener.event().await, group.log().await.pop().unwrap()] {
            for field in ["content", "reply_to", "format", "meta"] {
                assert_eq!(shown[field], answer[field], "{way:?} {shown}");
            }
        }
        for (field, value) in [("format", json!("html")), ("meta", json!([1])), ("reply_to", json!("x"))] {
            let mut wrong = json!({"type": "send", "content": "x"});
            wrong[field] = value;
            hand.is_refused(&wrong, "invalid_frame").await;
        }
    }
}

#[tokio::test]
async fn meta_has_at_most_four_kibibytes() {
    let group = Group::new().await;
    for way in Way::ALL {
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let with_meta = |bytes: usize| {
            // {"m":""} has eight bytes of its own.
            json!({"type": "send", "content": "x", "meta": {"m": "m".repeat(bytes - 8)}})
        };
        hand.does(&with_meta(4096)).await;
        hand.is_refused(&with_meta(4097), "invalid_frame").await;
    }
}

#[tokio::test]
async fn mentions_follow_the_text() {
    let group = Group::new().await;
    let outsider = group.server.person("olga").await;
    let mentions = async |person: &Person| {
        let path = format!("/conversations/{}", group.id);
        assert_eq!(person.get(&path).await.status, 200);
        let mut hand = Hand::ready(person).await;
        let state = hand["conversations"].as_array_mut().unwrap().pop().unwrap();
        state["mentions"].as_u64().unwrap()
    };
    for way in Way::ALL {
        let before = mentions(&group.ben).await;
        let mut hand = Hand::new(&group.anna, group.id, way).await;
        let id = hand.says("hello @BEN, @olga, @anna and ben@example.com").await;
        assert_eq!(mentions(&group.ben).await, before + 1, "{way:?}");
        assert_eq!(mentions(&group.anna).await, 0, "nobody means themselves");
        hand.does(&edit(id, "hello all")).await;
        assert_eq!(mentions(&group.ben).await, before, "{way:?}");
        hand.does(&edit(id, "hello @ben")).await;
        assert_eq!(mentions(&group.ben).await, before + 1, "{way:?}");
        hand.does(&delete(id)).await;
        assert_eq!(mentions(&group.ben).await, before, "{way:?}");
    }
    assert_eq!(Hand::ready(&outsider).await["conversations"], json!([]));
}

#[tokio::test]
async fn an_archived_conversation_is_read_but_not_changed() {
    let group = Group::new().await;
    let id = group.anna.say(group.id, "before").await["id"].as_i64().unwrap();
    let path = format!("/conversations/{}", group.id);
    let archive = async |archived: bool| {
        let answer = reply(group.owner.request("PATCH", &path).json(&json!({"archived": archived}))).await;
        assert_eq!((answer.status, &answer.body["archived"]), (200, &json!(archived)));
    };
    for way in Way::ALL {
        archive(true).await;
        let head = group.head().await;
        for person in [&group.anna, &group.owner] {
            let mut hand = Hand::new(person, group.id, way).await;
            for command in [
                json!({"type": "send", "content": "after"}),
                edit(id, "after"),
                delete(id),
                react(id, "👍", "add"),
                pin(id, "add"),
            ] {
                hand.is_refused(&command, "archived").await;
            }
            hand.does(&json!({"type": "read", "seq": 1})).await;
        }
        assert_eq!(group.head().await, head, "{way:?}");
        assert_eq!(group.message(id).await["content"], "before");
        assert_eq!(group.anna.get("/search?q=before").await.body["results"][0]["id"], id);
        archive(false).await;
        Hand::new(&group.anna, group.id, way).await.says("after").await;
    }
}
