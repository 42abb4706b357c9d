//! Making conversations, and who sees them.

use serde_json::json;

use crate::harness::TestServer;

#[tokio::test]
async fn a_group_has_its_maker_as_owner_and_everybody_once() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let body = json!({"title": "  Tea  ", "participant_ids": [ben.id, ben.id, anna.id]});
    let made = anna.post("/conversations/", &body).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!((&made.body["title"], &made.body["kind"]), (&json!("Tea"), &json!("group")));
    let id = made.body["id"].as_i64().unwrap();
    let participants = ben.get(&format!("/conversations/{id}/participants")).await.body;
    assert_eq!(
        participants,
        json!([
            {"id": anna.id, "username": "anna", "first_name": "", "last_name": "", "role": "owner",
             "delivered_seq": 0, "read_seq": 0},
            {"id": ben.id, "username": "ben", "first_name": "", "last_name": "", "role": "member",
             "delivered_seq": 0, "read_seq": 0},
        ])
    );
    let listed = ben.get("/conversations/").await.body;
    for (name, value) in made.body.as_object().unwrap() {
        assert_eq!(listed[0][name], *value, "{name}");
    }
    assert_eq!(ben.get(&format!("/conversations/{id}")).await.body, listed[0]);
}

#[tokio::test]
async fn two_people_have_one_direct_conversation() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let (to_anna, to_ben) = (json!({"participant_id": anna.id}), json!({"participant_id": ben.id}));
    let (one, other) =
        tokio::join!(anna.post("/conversations", &to_ben), ben.post("/conversations", &to_anna));
    let again = anna.post("/conversations/", &to_ben).await;
    assert_eq!([one.status, other.status, again.status], [201; 3]);
    assert_eq!(one.body, other.body);
    assert_eq!(one.body, again.body);
    assert_eq!(one.body["kind"], "direct");
    assert_eq!(anna.post("/conversations/", &to_anna).await.status, 400, "with oneself");
}

#[tokio::test]
async fn a_conversation_that_can_not_be_is_refused() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    for (body, status) in [
        (json!({}), 422),
        (json!({"participant_ids": []}), 422),
        (json!({"title": " ", "participant_ids": []}), 422),
        (json!({"title": "x".repeat(65)}), 422),
        (json!({"title": "a\u{7}b"}), 422),
        (json!({"title": "T", "participant_ids": "2"}), 422),
        (json!({"title": "T", "participant_ids": ["2"]}), 422),
        (json!({"title": "T", "participant_id": 2}), 422),
        (json!({"title": "T", "participant_ids": (1..=10_001).collect::<Vec<_>>()}), 422),
        (json!({"title": "T", "participant_ids": [999]}), 404),
        (json!({"participant_id": 999}), 404),
        (json!([]), 422),
    ] {
        let refused = anna.post("/conversations/", &body).await;
        assert_eq!(refused.status, status, "{body}: {:?}", refused.body);
    }
    assert_eq!(anna.get("/conversations/").await.body, json!([]));
}

#[tokio::test]
async fn outsiders_are_told_403_and_unknown_ids_404() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let id = anna.group("Private", &[]).await;
    for path in ["", "/participants", "/messages"] {
        let outside = ben.get(&format!("/conversations/{id}{path}")).await;
        assert_eq!(outside.status, 403, "{path}");
        assert_eq!(
            outside.body,
            json!({"detail": "You are not a participant in this conversation", "code": "not_participant"})
        );
        for unknown in ["0", "-1", "999", "9223372036854775807"] {
            let missing = ben.get(&format!("/conversations/{unknown}{path}")).await;
            assert_eq!(
                (missing.status, missing.body),
                (404, json!({"detail": "Conversation not found", "code": "not_found"}))
            );
        }
        for no_id in ["abc", "1.5", "1180591620717411303424"] {
            let invalid = ben.get(&format!("/conversations/{no_id}{path}")).await;
            assert_eq!(invalid.status, 422);
            assert_eq!(invalid.body["detail"][0]["loc"], json!(["path", "conversation_id"]));
            assert_eq!(invalid.body["detail"][0]["type"], "int_parsing");
        }
    }
    assert_eq!(ben.send(id, &json!({"content": "let me in"})).await.status, 403);
    assert_eq!(ben.send(999, &json!({"content": "anybody?"})).await.status, 404);
    assert_eq!(ben.send(id, &json!({"content": ""})).await.status, 403, "before the content is looked at");
}
