//! The document of the sockets, and the harness that checks every frame against it.

use serde_json::json;

use crate::harness::{TestServer, problems};

#[tokio::test]
async fn the_server_answers_the_document_that_frames_are_held_against() {
    let server = TestServer::demo().await;
    let answer = server.get("/asyncapi.json").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/json"));
    assert_eq!(answer.body, chinwag::protocol::asyncapi::document(env!("CARGO_PKG_VERSION")));
    assert_eq!(answer.body["asyncapi"], "3.0.0");
}

#[test]
fn every_example_is_as_it_is_described() {
    let document = chinwag::protocol::asyncapi::document("0.0.0");
    let messages = document["components"]["messages"].as_object().unwrap();
    let frames: Vec<_> = messages.iter().filter(|(name, _)| name.ends_with("Frame")).collect();
    assert!(frames.len() > 25, "{}", frames.len());
    for (name, message) in frames {
        assert_eq!(problems(&message["examples"][0]["payload"]), [""; 0], "{name}");
    }
}

#[test]
fn a_wrong_frame_would_be_noticed() {
    for (frame, part) in [
        (json!({"content": "no type"}), "unknown type"),
        (json!({"type": "dance"}), "unknown type"),
        (json!({"type": "pong", "extra": 1}), "extra"),
        (json!({"type": "goaway"}), "reconnect_after_ms"),
        (json!({"type": "goaway", "reconnect_after_ms": "soon"}), "soon"),
        (json!({"type": "error", "message": "no", "code": "oops", "retry": false}), "oops"),
        (json!({"type": "gap", "conversation_id": 1, "head": "x", "reason": "diverged"}), "head"),
        (
            json!({"type": "replay", "conversation_id": 1, "head": "0", "events": [{"type": "pinned"}]}),
            "events",
        ),
    ] {
        let problems = problems(&frame).join(" ");
        assert!(problems.contains(part), "{frame}: {problems:?}");
    }
}
