//! The participants of a group: what each may do, and what everybody learns of it.

use serde_json::{Value, json};

use crate::harness::{Hand, Person, Reply, TestServer, Way, reply, soon};

async fn server() -> TestServer {
    TestServer::provisioning_with(|config| config.limits.is_enforced = false).await
}

async fn patch(person: &Person, path: &str, body: &Value) -> Reply {
    reply(person.request("PATCH", path).json(body)).await
}

async fn add(actor: &Person, id: i64, user: &Person, role: &str) -> u16 {
    let body = json!({"user_id": user.id, "role": role});
    actor.post(&format!("/conversations/{id}/participants"), &body).await.status
}

async fn remove(actor: &Person, id: i64, user: &Person) -> u16 {
    actor.delete(&format!("/conversations/{id}/participants/{}", user.id)).await.status
}

async fn appoint(actor: &Person, id: i64, user: &Person, role: &str) -> u16 {
    let path = format!("/conversations/{id}/participants/{}", user.id);
    patch(actor, &path, &json!({"role": role})).await.status
}

/// Names and roles, by user id.
async fn roles(person: &Person, id: i64) -> Vec<(String, String)> {
    let participants = person.get(&format!("/conversations/{id}/participants")).await.body;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = participants.as_array().unwrap().iter();
    rows.map(|row| (text(&row["username"]), text(&row["role"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, role)| ((*name).to_owned(), (*role).to_owned())).collect()
}

async fn log(person: &Person, id: i64) -> Vec<Value> {
    let page = person.get(&format!("/conversations/{id}/events?limit=1000")).await.body;
    page["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_role_adds_removes_and_appoints_as_the_table_says() {
    let server = server().await;
    let owner = server.person("owner").await;
    let [admin, member, other] =
        [server.person("admin").await, server.person("member").await, server.person("other").await];
    let new = server.person("new").await;
    // An action, and its status for owner, admin and member.
    let table: [(&str, &str, [u16; 3]); 12] = [
        ("add", "member", [201, 201, 403]),
        ("add", "admin", [201, 403, 403]),
        ("add", "owner", [201, 403, 403]),
        ("remove", "member", [204, 204, 403]),
        ("remove", "admin", [204, 403, 403]),
        ("remove", "owner", [204, 403, 403]),
        ("appoint member", "admin", [200, 403, 403]),
        ("appoint member", "owner", [200, 403, 403]),
        ("appoint admin", "member", [200, 403, 403]),
        ("appoint owner", "admin", [200, 403, 403]),
        ("update", "", [200, 200, 403]),
        ("archive", "", [200, 200, 403]),
    ];
    for (what, role, expected) in table {
        for (actor, expected) in [&owner, &admin, &member].into_iter().zip(expected) {
            let id = owner.group("Roles", &[&admin, &member, &other]).await;
            assert_eq!(appoint(&owner, id, &admin, "admin").await, 200);
            let path = format!("/conversations/{id}");
            // The affected user gets another role first.
            if let Some(before) = what.strip_prefix("appoint ") {
                appoint(&owner, id, &other, before).await;
            } else if what == "remove" {
                appoint(&owner, id, &other, role).await;
            }
            let head = log(&owner, id).await.len();
            let status = match what {
                "add" => add(actor, id, &new, role).await,
                "remove" => remove(actor, id, &other).await,
                "update" => patch(actor, &path, &json!({"title": "New", "topic": "News"})).await.status,
                "archive" => patch(actor, &path, &json!({"archived": true})).await.status,
                _ => appoint(actor, id, &other, role).await,
            };
            let name = roles(&owner, id).await;
            assert_eq!(status, expected, "{what} {role} {actor:?} {name:?}", actor = actor.id);
            let added = log(&owner, id).await.len() - head;
            assert_eq!(added, usize::from(expected != 403), "{what} {role} {}", actor.id);
        }
    }
}

#[tokio::test]
async fn everything_that_happens_to_a_group_is_in_its_log() {
    let server = server().await;
    let [anna, ben, cleo] =
        [server.person("anna").await, server.person("ben").await, server.person("cleo").await];
    let id = anna.group("Tea", &[&ben]).await;
    let mut room = Hand::new(&ben, id, Way::Room).await;
    let mut user = Hand::new(&ben, id, Way::User).await;
    let path = format!("/conversations/{id}");
    assert_eq!(add(&anna, id, &cleo, "member").await, 201);
    assert_eq!(add(&anna, id, &cleo, "member").await, 201, "no change");
    assert_eq!(appoint(&anna, id, &cleo, "admin").await, 200);
    assert_eq!(appoint(&anna, id, &cleo, "admin").await, 200, "no change");
    for body in [json!({"title": " Coffee "}), json!({"title": "Coffee"}), json!({})] {
        let updated = patch(&cleo, &path, &body).await.body;
        assert_eq!(updated["title"], "Coffee", "{body}");
    }
    assert_eq!(patch(&cleo, &path, &json!({"topic": "beans"})).await.status, 200);
    assert_eq!(patch(&cleo, &path, &json!({"archived": true})).await.status, 200);
    assert_eq!(patch(&cleo, &path, &json!({"archived": false})).await.status, 200);
    assert_eq!(remove(&cleo, id, &cleo).await, 204);
    let membership = |kind: &str, actor: &Person, user: &Person, name: &str, role: &str| json!({"type": kind, "actor_id": actor.id, "user_id": user.id, "username": name, "role": role});
    let update = |title: &str, topic: &str, archived: bool| {
        json!({"type": "conversation_updated", "actor_id": cleo.id, "title": title, "topic": topic,
            "archived": archived})
    };
    let mut expected = vec![
        membership("participant_added", &anna, &cleo, "cleo", "member"),
        membership("participant_updated", &anna, &cleo, "cleo", "admin"),
        update("Coffee", "", false),
        update("Coffee", "beans", false),
        update("Coffee", "beans", true),
        update("Coffee", "beans", false),
        membership("participant_removed", &cleo, &cleo, "cleo", "admin"),
    ];
    let log = log(&ben, id).await;
    assert_eq!(log.len(), expected.len(), "{log:?}");
    for (place, (event, expected)) in log.iter().zip(&mut expected).enumerate() {
        expected["conversation_id"] = json!(id);
        expected["seq"] = json!(place + 1);
        for given in ["stamp", "ts"] {
            expected[given] = event[given].clone();
        }
        assert_eq!(event, expected);
        assert_eq!(room.event().await, *event);
        assert_eq!(user.event().await, *event);
    }
}

#[tokio::test]
async fn the_last_owner_hands_over_by_leaving() {
    let server = server().await;
    let [anna, ben, cleo] =
        [server.person("anna").await, server.person("ben").await, server.person("cleo").await];
    let id = anna.group("Tea", &[&ben, &cleo]).await;
    assert_eq!(appoint(&anna, id, &cleo, "admin").await, 200);
    // An owner can't step down alone.
    assert_eq!(appoint(&anna, id, &anna, "member").await, 403);
    assert_eq!(remove(&anna, id, &anna).await, 204);
    // The admin comes before the member who was there earlier.
    assert_eq!(roles(&ben, id).await, pairs(&[("ben", "member"), ("cleo", "owner")]));
    let last = log(&ben, id).await.pop().unwrap();
    assert_eq!((&last["type"], &last["user_id"]), (&json!("participant_updated"), &json!(cleo.id)));
    assert_eq!(remove(&cleo, id, &cleo).await, 204);
    assert_eq!(roles(&ben, id).await, pairs(&[("ben", "owner")]));
    assert_eq!(remove(&ben, id, &ben).await, 204);
    for gone in [&anna, &ben, &cleo] {
        assert_eq!(gone.get(&format!("/conversations/{id}")).await.status, 403);
        assert_eq!(gone.get("/conversations").await.body, json!([]));
    }
}

#[tokio::test]
async fn a_second_owner_makes_the_first_free_to_step_down() {
    let server = server().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let id = anna.group("Tea", &[&ben]).await;
    assert_eq!(appoint(&anna, id, &ben, "owner").await, 200);
    assert_eq!(appoint(&anna, id, &anna, "member").await, 200);
    assert_eq!(roles(&anna, id).await, pairs(&[("anna", "member"), ("ben", "owner")]));
    assert_eq!(remove(&anna, id, &ben).await, 403);
    // Nobody is promoted while an owner is left.
    assert_eq!(remove(&anna, id, &anna).await, 204);
    assert_eq!(log(&ben, id).await.pop().unwrap()["type"], "participant_removed");
}

#[tokio::test]
async fn two_people_alone_stay_two_people() {
    let server = server().await;
    let [anna, ben, cleo] =
        [server.person("anna").await, server.person("ben").await, server.person("cleo").await];
    let id =
        anna.post("/conversations", &json!({"participant_id": ben.id})).await.body["id"].as_i64().unwrap();
    for person in [&anna, &ben] {
        assert_eq!(add(person, id, &cleo, "member").await, 403);
        assert_eq!(remove(person, id, &anna).await, 403);
        assert_eq!(remove(person, id, &ben).await, 403);
        assert_eq!(appoint(person, id, &anna, "owner").await, 403);
        for body in [json!({"title": "Us"}), json!({"topic": "us"}), json!({"archived": true}), json!({})] {
            assert_eq!(patch(person, &format!("/conversations/{id}"), &body).await.status, 403);
        }
    }
    assert_eq!(log(&ben, id).await, Vec::<Value>::new());
}

#[tokio::test]
async fn who_is_not_there_can_neither_be_added_nor_appointed() {
    let server = server().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let id = anna.group("Tea", &[]).await;
    let path = format!("/conversations/{id}/participants");
    assert_eq!(anna.post(&path, &json!({"user_id": 999})).await.status, 404);
    assert_eq!(remove(&anna, id, &ben).await, 404);
    assert_eq!(appoint(&anna, id, &ben, "admin").await, 404);
    for body in [json!({}), json!({"user_id": "2"}), json!({"user_id": ben.id, "role": "king"}), json!([])] {
        assert_eq!(anna.post(&path, &body).await.status, 422, "{body}");
    }
    assert_eq!(appoint(&anna, id, &anna, "king").await, 422);
    let added = anna.post(&path, &json!({"user_id": ben.id})).await;
    assert_eq!((added.status, &added.body["role"]), (201, &json!("member")));
}

#[tokio::test]
async fn titles_and_topics_have_their_limits() {
    let server = server().await;
    let anna = server.person("anna").await;
    let id = anna.group("Tea", &[]).await;
    let path = format!("/conversations/{id}");
    for body in [
        json!({"title": ""}),
        json!({"title": "  "}),
        json!({"title": "t".repeat(65)}),
        json!({"title": "a\nb"}),
        json!({"topic": "t".repeat(251)}),
        json!({"topic": "a\u{0}b"}),
        json!({"title": "fine", "topic": "t".repeat(251)}),
        json!({"archived": "yes"}),
        json!({"title": 5}),
    ] {
        assert_eq!(patch(&anna, &path, &body).await.status, 422, "{body}");
    }
    assert_eq!(log(&anna, id).await, Vec::<Value>::new());
    let longest = json!({"title": "ü".repeat(64), "topic": "ü".repeat(250)});
    let updated = patch(&anna, &path, &longest).await.body;
    assert_eq!((&updated["title"], &updated["topic"]), (&longest["title"], &longest["topic"]));
    assert_eq!(patch(&anna, &path, &json!({"topic": ""})).await.body["topic"], "");
    assert_eq!(anna.get(&path).await.body["title"], longest["title"]);
}

#[tokio::test]
async fn a_newcomer_hears_of_it_on_the_open_user_socket() {
    let server = server().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let id = anna.group("Tea", &[]).await;
    let old = anna.say(id, "before ben").await;
    let mut ben_hears = Hand::new(&ben, id, Way::User).await;
    assert_eq!(add(&anna, id, &ben, "member").await, 201);
    let state = ben_hears.frame_of_type("conversation").await;
    assert_eq!((&state["id"], &state["role"]), (&json!(id), &json!("member")), "{state}");
    assert_eq!(state["last_message"]["id"], old["id"]);
    ben_hears.says("hello").await;
    let said = ben_hears.event().await;
    assert_eq!((&said["type"], &said["content"]), (&json!("message"), &json!("hello")));
}

#[tokio::test]
async fn a_group_whose_only_owner_is_erased_gets_another_with_and_without_a_running_server() {
    let server = server().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let (cleo, dora) = (server.person("cleo").await, server.person("dora").await);
    let id = anna.group("Tea", &[&ben, &cleo, &dora]).await;
    assert_eq!(appoint(&anna, id, &cleo, "admin").await, 200);
    let mut ben_hears = Hand::new(&ben, id, Way::Room).await;
    server.beside(|accounts| accounts.remove("anna").unwrap()).await;
    let told = ben_hears.frame_of_type("participant_updated").await;
    assert_eq!(
        (&told["user_id"], &told["role"], &told["actor_id"]),
        (&json!(cleo.id), &json!("owner"), &json!(anna.id))
    );
    assert_eq!(log(&ben, id).await.last().unwrap()["seq"], told["seq"]);
    // Whose account is gone counts for nothing: cleo is the only owner.
    assert_eq!(appoint(&cleo, id, &cleo, "member").await, 403);
    assert_eq!(remove(&cleo, id, &cleo).await, 204);
    let erased = format!("deleted user {}", anna.id);
    assert_eq!(roles(&ben, id).await, pairs(&[(&erased, "owner"), ("ben", "owner"), ("dora", "member")]));

    let stopped = server.stop().await;
    stopped.beside(|accounts| accounts.remove("ben").unwrap()).await;
    let server = stopped.start().await;
    let dora = server.person("dora").await;
    let mut dora_hears = Hand::new(&dora, id, Way::Room).await;
    while roles(&dora, id).await.last() != Some(&("dora".to_owned(), "owner".to_owned())) {
        dora_hears.frame_of_type("participant_updated").await;
    }
}

#[tokio::test]
async fn removal_ends_everything_at_once() {
    let server = server().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let id = anna.group("Tea", &[&ben]).await;
    let message = anna.say(id, "until now").await["id"].as_i64().unwrap();
    let mut original = ben.enter(id).await;
    let mut room = Hand::new(&ben, id, Way::Room).await;
    let mut user = Hand::new(&ben, id, Way::User).await;
    let stream = ben.request("GET", &format!("/conversations/{id}/events?after=0"));
    let mut stream = stream.header("accept", "text/event-stream").send().await.unwrap();
    assert!(!stream.chunk().await.unwrap().unwrap().is_empty());

    let removed = std::time::Instant::now();
    assert_eq!(remove(&anna, id, &ben).await, 204);
    anna.say(id, "a secret of those who stay").await;
    assert_eq!(original.close_code().await, 4003);
    assert_eq!(room.close_code().await, 4003);
    loop {
        let frame = user.frame().await;
        assert_ne!(frame["content"], "a secret of those who stay");
        if frame["type"] == "conversation_left" {
            assert_eq!((&frame["conversation_id"], &frame["actor_id"]), (&json!(id), &json!(anna.id)));
            break;
        }
    }
    let mut rest = String::new();
    while let Some(chunk) = soon("the end of the stream", stream.chunk()).await.unwrap() {
        rest.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(!rest.contains("secret"), "{rest}");
    assert!(removed.elapsed().as_millis() < 1000, "{:?}", removed.elapsed());

    for command in [
        json!({"type": "send", "content": "let me back in"}),
        json!({"type": "edit", "message_id": message, "content": "x"}),
        json!({"type": "delete", "message_id": message}),
        json!({"type": "react", "message_id": message, "emoji": "👍", "op": "add"}),
        json!({"type": "pin", "message_id": message, "op": "add"}),
        json!({"type": "read", "seq": 1}),
    ] {
        user.is_refused(&command, "not_participant").await;
        Hand::new(&ben, id, Way::Rest).await.is_refused(&command, "not_participant").await;
    }
    for command in [json!({"type": "typing", "on": true}), json!({"type": "subscribe", "after": "0"})] {
        user.is_refused(&command, "not_participant").await;
    }
    assert_eq!(ben.knock(id).await.refused_with().await, 4003);
    assert_eq!(ben.get("/search?q=secret").await.body["results"], json!([]));
    assert_eq!(ben.get("/search?q=until").await.body["results"], json!([]));

    // Who comes back finds everything.
    assert_eq!(add(&anna, id, &ben, "member").await, 201);
    assert_eq!(user.frame_of_type("conversation").await["id"], id);
    assert_eq!(ben.history(id, "").await.len(), 2);
}

#[tokio::test]
async fn leaving_is_not_being_removed_by_oneself_elsewhere() {
    let server = server().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let (stays, left) = (anna.group("Stays", &[&ben]).await, anna.group("Left", &[&ben]).await);
    let mut in_the_other = Hand::new(&ben, stays, Way::Room).await;
    let mut user = Hand::new(&ben, stays, Way::User).await;
    assert_eq!(remove(&ben, left, &ben).await, 204);
    let told = user.frame_of_type("conversation_left").await;
    assert_eq!((&told["conversation_id"], &told["actor_id"]), (&json!(left), &json!(ben.id)));
    anna.say(left, "not for ben").await;
    let said = anna.say(stays, "for ben").await;
    assert_eq!(in_the_other.event().await["id"], said["id"]);
    assert_eq!(user.event().await["id"], said["id"]);
}
