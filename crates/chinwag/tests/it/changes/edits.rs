//! Writing one's own message anew.

use serde_json::json;

use super::{Group, edit};
use crate::harness::{Hand, Told, Way};

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
