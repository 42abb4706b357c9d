//! What a message has besides its text: the message that it answers, its format, its meta, its mentions.

use serde_json::json;

use super::{Group, delete, edit};
use crate::harness::{Hand, Person, Way};

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
