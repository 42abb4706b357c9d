//! What is sent but not stored: who types, who is here, that a socket is alive, and that the server stops.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Device, TestServer};

fn typing(frames: &[Value]) -> Vec<bool> {
    frames.iter().filter(|frame| frame["type"] == "typing").map(|frame| frame["on"] == true).collect()
}

#[tokio::test]
async fn typing_is_told_to_the_others_and_not_too_often() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    let (mut hers, _) = Device::of(&anna, &json!({})).await;
    let (mut her_other, _) = Device::in_room(&anna, group, "").await;
    let (mut his_room, _) = Device::in_room(&ben, group, "").await;
    let (mut his, _) = Device::of(&ben, &json!({})).await;
    let mut original = ben.enter(group).await;
    for device in [&mut her_other, &mut his_room, &mut his] {
        device.frames_until_now().await;
    }
    let on = json!({"type": "typing", "conversation_id": group, "on": true});
    for _ in 0..5 {
        hers.does(on.clone()).await;
    }
    let told = his.next_of("typing").await;
    let expected = json!({"type": "typing", "conversation_id": group, "user_id": anna.id, "username": "anna", "on": true});
    assert_eq!(told, expected);
    hers.does(json!({"type": "typing", "conversation_id": group, "on": false})).await;
    assert_eq!(his.next_of("typing").await["on"], false);
    assert_eq!(typing(&his.frames_until_now().await), [] as [bool; 0], "once, however often it is repeated");
    assert_eq!(typing(&his_room.frames_until_now().await), [true, false]);
    assert_eq!(typing(&hers.frames_until_now().await), [] as [bool; 0], "not to oneself");
    assert_eq!(typing(&her_other.frames_until_now().await), [] as [bool; 0], "not to one's other devices");
    original.hears_nothing_but_itself().await;
}

#[tokio::test]
async fn typing_ends_with_the_message_or_when_nothing_more_is_heard() {
    let server =
        TestServer::provisioning_with(|config| config.limits.typing_expiry = Duration::from_millis(300))
            .await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    let (mut hers, _) = Device::in_room(&anna, group, "").await;
    let (mut his, _) = Device::of(&ben, &json!({})).await;
    his.frames_until_now().await;
    let begun = Instant::now();
    hers.does(json!({"type": "typing", "on": true})).await;
    assert_eq!(his.next_of("typing").await["on"], true);
    assert_eq!(his.next_of("typing").await["on"], false, "by itself");
    assert!((Duration::from_millis(290)..Duration::from_secs(3)).contains(&begun.elapsed()));
    hers.does(json!({"type": "typing", "on": true})).await;
    assert_eq!(his.next_of("typing").await["on"], true);
    hers.does(json!({"content": "done"})).await;
    assert_eq!(his.next_of("typing").await["on"], false, "with the message");
}

#[tokio::test]
async fn one_is_online_from_the_first_socket_to_shortly_after_the_last() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    let (mut his, _) = Device::of(&ben, &json!({})).await;
    his.frames_until_now().await;
    let (desk, _) = Device::of(&anna, &json!({})).await;
    let online = his.next_of("presence").await;
    assert_eq!(online, json!({"type": "presence", "user_id": anna.id, "status": "online"}));
    let (phone, _) = Device::in_room(&anna, group, "").await;
    desk.leave().await;
    let tablet = anna.enter(group).await;
    phone.leave().await;
    let quiet = his.frames_until_now().await;
    assert!(quiet.iter().all(|frame| frame["type"] != "presence"), "one device is enough: {quiet:?}");
    let begun = Instant::now();
    tablet.leave().await;
    let offline = his.next_of("presence").await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!((&offline["user_id"], &offline["status"]), (&json!(anna.id), &json!("offline")));
    let last_seen = offline["last_seen"].as_i64().unwrap();
    assert!((last_seen - chinwag::protocol::Timestamp::now().0).abs() < 10_000, "{offline}");
}

#[tokio::test]
async fn when_very_many_go_at_once_each_of_them_is_told() {
    let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
    let anna = server.person("anna").await;
    let others = join_all((0..130).map(|number| {
        let (server, name) = (&server, format!("other-{number}"));
        async move { server.person(&name).await }
    }));
    let others = others.await;
    let group = anna.group("Group", &others.iter().collect::<Vec<_>>()).await;
    let rooms = join_all(others.iter().map(|other| other.enter(group))).await;
    let (mut hers, _) = Device::of(&anna, &json!({})).await;
    hers.frames_until_now().await;
    drop(rooms);
    let mut gone = BTreeSet::new();
    while gone.len() < others.len() {
        let presence = hers.next_of("presence").await;
        if presence["status"] == "offline" {
            assert!(gone.insert(presence["user_id"].as_i64().unwrap()), "twice: {presence}");
        }
    }
    assert_eq!(gone, others.iter().map(|other| other.id).collect());
}

#[tokio::test]
async fn who_comes_back_at_once_was_never_away() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    let (mut his, _) = Device::of(&ben, &json!({})).await;
    his.frames_until_now().await;
    for _ in 0..5 {
        anna.enter(group).await.leave().await;
    }
    let (hers, _) = Device::of(&anna, &json!({})).await;
    let (_visitor, _) = Device::of(&server.person("carol").await, &json!({})).await;
    hers.leave().await;
    let mut told = Vec::new();
    loop {
        let presence = his.next_of("presence").await;
        told.push(presence["status"].clone());
        if presence["status"] == "offline" {
            break;
        }
    }
    assert!(told[..told.len() - 1].iter().all(|status| status == "online"), "{told:?}");
}

#[tokio::test]
async fn a_chosen_status_is_told_with_its_text_and_the_invisible_look_offline() {
    let server = TestServer::provisioning().await;
    let (anna, ben, carol) =
        (server.person("anna").await, server.person("ben").await, server.person("carol").await);
    anna.group("Group", &[&ben]).await;
    let (mut stranger, _) = Device::of(&carol, &json!({})).await;
    let (mut his, _) = Device::of(&ben, &json!({})).await;
    his.frames_until_now().await;
    let (mut hers, _) = Device::of(&anna, &json!({})).await;
    assert_eq!(his.next_of("presence").await["status"], "online");
    for (status, text) in [("away", "lunch"), ("dnd", "in a meeting"), ("online", "")] {
        hers.does(json!({"type": "presence", "status": status, "text": text})).await;
        let told = his.next_of("presence").await;
        assert_eq!((&told["status"], told["text"].as_str().unwrap_or_default()), (&json!(status), text));
        let (mut newcomer, _) = Device::of(&ben, &json!({})).await;
        assert_eq!(newcomer.next_of("presence").await, told, "also to who comes later");
        newcomer.leave().await;
    }
    hers.does(json!({"type": "presence", "status": "invisible"})).await;
    assert_eq!(his.next_of("presence").await["status"], "offline");
    let (mut newcomer, _) = Device::of(&ben, &json!({})).await;
    let heard = newcomer.frames_until_now().await;
    assert!(heard.iter().all(|frame| frame["type"] != "presence"), "{heard:?}");
    for unknown in ["sleeping", "offline"] {
        let refused = hers.is_refused(json!({"type": "presence", "status": unknown})).await;
        assert_eq!(refused, "invalid_frame", "{unknown}");
    }
    let heard = stranger.frames_until_now().await;
    assert!(heard.iter().all(|frame| frame["type"] != "presence"), "no conversation is shared: {heard:?}");
}

#[tokio::test]
async fn a_ping_is_answered_with_what_it_carried() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let group = anna.group("Group", &[]).await;
    let (mut user, _) = Device::of(&anna, &json!({})).await;
    let (mut room, _) = Device::in_room(&anna, group, "").await;
    for device in [&mut user, &mut room] {
        for t in [json!(0), json!(1_763_807_400_123_i64), json!(12.5)] {
            let pong = device.ask(json!({"type": "ping", "t": t})).await;
            assert_eq!((&pong["type"], &pong["t"]), (&json!("pong"), &t), "{pong}");
        }
    }
}

#[tokio::test]
async fn before_a_stop_full_clients_are_told_when_to_come_back() {
    let server = TestServer::provisioning().await;
    let anna = server.person("anna").await;
    let group = anna.group("Group", &[]).await;
    let (mut user, _) = Device::of(&anna, &json!({})).await;
    let (mut room, _) = Device::in_room(&anna, group, "").await;
    let mut original = anna.enter(group).await;
    let stopping = tokio::spawn(server.stop());
    for device in [&mut user, &mut room] {
        let goaway = device.next_of("goaway").await;
        // A few clients come back at once.
        assert!((0..500).contains(&goaway["reconnect_after_ms"].as_i64().unwrap()), "{goaway}");
        assert_eq!(device.close_code().await, 1012);
    }
    assert_eq!(original.refused_with().await, 1012, "nothing that the original does not know");
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_room_is_told_of_a_users_first_and_last_socket() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    let mut original = anna.enter(group).await;
    let (mut level_1, _) = Device::in_room(&anna, group, "").await;
    let (mut user, _) = Device::of(&anna, &json!({})).await;
    let one = ben.enter(group).await;
    let (two, _) = Device::in_room(&ben, group, "").await;
    one.leave().await;
    two.leave().await;
    for kind in ["user_joined", "user_left"] {
        let expected = json!({"type": kind, "user_id": ben.id, "username": "ben"});
        assert_eq!(original.frame().await, expected);
        assert_eq!(
            level_1.next(|frame| frame["type"].as_str().unwrap().starts_with("user_")).await,
            expected
        );
    }
    original.hears_nothing_but_itself().await;
    let heard = user.frames_until_now().await;
    assert!(heard.iter().all(|frame| !frame["type"].as_str().unwrap().starts_with("user_")), "{heard:?}");
}

#[tokio::test]
async fn a_room_does_not_hear_of_a_socket_that_only_changes_how_much_it_gets() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    let group = anna.group("Group", &[&ben]).await;
    let (mut his, _) = Device::of(&ben, &json!({})).await;
    let mut room = anna.enter(group).await;
    for (kind, after) in [("unsubscribe", None), ("subscribe", None), ("subscribe", Some("0"))] {
        his.does(json!({"type": kind, "conversation_id": group, "after": after})).await;
        room.hears_nothing_but_itself().await;
    }
    his.leave().await;
    assert_eq!(room.frame().await["type"], "user_left");
    room.hears_nothing_but_itself().await;
}

fn presences(frames: &[Value]) -> Vec<(i64, &str)> {
    let presences = frames.iter().filter(|frame| frame["type"] == "presence");
    presences.map(|frame| (frame["user_id"].as_i64().unwrap(), frame["status"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn presence_comes_with_a_conversation_on_every_way_into_one() {
    let server = TestServer::provisioning().await;
    let (anna, ben, carol) =
        (server.person("anna").await, server.person("ben").await, server.person("carol").await);
    let (mut hers, _) = Device::of(&anna, &json!({})).await;
    let (mut his, _) = Device::of(&ben, &json!({})).await;
    let (mut third, _) = Device::of(&carol, &json!({})).await;
    for device in [&mut hers, &mut his, &mut third] {
        assert_eq!(presences(&device.frames_until_now().await), [], "no conversation is shared");
    }
    // Made by one, it comes to both.
    anna.post("/conversations", &json!({"participant_id": ben.id})).await;
    for (device, other) in [(&mut hers, &ben), (&mut his, &anna)] {
        device.next_of("conversation").await;
        let told = device.next_of("presence").await;
        assert_eq!((&told["user_id"], &told["status"]), (&json!(other.id), &json!("online")));
    }
    // A new participant hears of those who are here, and they of the new one.
    let group = anna.group("Group", &[]).await;
    hers.next_of("conversation").await;
    let path = format!("/conversations/{group}/participants");
    assert_eq!(anna.post(&path, &json!({"user_id": carol.id})).await.status, 201);
    third.next_of("conversation").await;
    assert_eq!(third.next_of("presence").await["user_id"], anna.id);
    assert_eq!(hers.next_of("presence").await["user_id"], carol.id);
    // A client that subscribes again hears of everybody again.
    for kind in ["unsubscribe", "subscribe"] {
        third.does(json!({"type": kind, "conversation_id": group})).await;
    }
    assert_eq!(presences(&third.frames_until_now().await), [(anna.id, "online")]);
}

#[tokio::test]
async fn who_was_last_here_and_when_is_told_of_the_other_one_of_a_direct_conversation() {
    let server = TestServer::provisioning().await;
    let (anna, ben, carol) =
        (server.person("anna").await, server.person("ben").await, server.person("carol").await);
    let direct =
        anna.post("/conversations", &json!({"participant_id": ben.id})).await.body["id"].as_i64().unwrap();
    anna.group("Group", &[&ben, &carol]).await;
    let (mut hers, _) = Device::of(&anna, &json!({})).await;
    assert_eq!(presences(&hers.frames_until_now().await), [], "nobody was ever here");
    for person in [&ben, &carol] {
        Device::of(person, &json!({})).await.0.leave().await;
    }
    let mut gone = Vec::new();
    while gone.len() < 2 {
        let told = hers.next(|frame| frame["type"] == "presence" && frame["status"] == "offline").await;
        gone.push(told);
    }
    let his = gone.iter().find(|told| told["user_id"] == ben.id).unwrap();
    let (mut again, _) = Device::of(&anna, &json!({})).await;
    let frames = again.frames_until_now().await;
    assert_eq!(presences(&frames), [(ben.id, "offline")], "not of who is only in a group");
    assert!(frames.contains(his), "{his} as it was told live: {frames:?}");
    let (mut room, _) = Device::in_room(&anna, direct, "").await;
    assert!(room.frames_until_now().await.contains(his));
}

#[tokio::test]
async fn a_status_that_is_chosen_again_is_told_once() {
    let server = TestServer::provisioning().await;
    let (anna, ben) = (server.person("anna").await, server.person("ben").await);
    anna.group("Group", &[&ben]).await;
    let (mut hers, _) = Device::of(&anna, &json!({})).await;
    let (mut his, _) = Device::of(&ben, &json!({})).await;
    his.frames_until_now().await;
    for text in ["lunch", "tea"] {
        for _ in 0..3 {
            hers.does(json!({"type": "presence", "status": "away", "text": text})).await;
        }
        assert_eq!(his.next_of("presence").await["text"], text);
    }
    assert_eq!(presences(&his.frames_until_now().await), []);
}
