//! Who is here, who comes and goes, and who types, over nodes.

use serde_json::{Value, json};

use super::{Pair, WAYS, none};
use crate::harness::Device;

fn presence_of(user: i64, status: &'static str) -> impl Fn(&Value) -> bool {
    move |frame| frame["type"] == "presence" && frame["user_id"] == user && frame["status"] == status
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn typing_is_seen_on_the_other_node() {
    for pair in Pair::each().await {
        let id = pair.anna[0].group("Typing", &[&pair.ben[0]]).await;
        for (here, there) in WAYS {
            let (mut anna, _) = Device::of(&pair.anna[here], &none()).await;
            let (mut ben, _) = Device::of(&pair.ben[there], &none()).await;
            for on in [true, false] {
                ben.does(json!({"type": "typing", "conversation_id": id, "on": on})).await;
                let typing = anna.next_of("typing").await;
                let told = json!({
                    "type": "typing", "conversation_id": id, "user_id": pair.ben[0].id, "username": "ben", "on": on
                });
                assert_eq!(typing, told);
            }
            anna.leave().await;
            ben.leave().await;
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn somebody_joins_with_the_first_socket_of_all_nodes_and_leaves_with_the_last() {
    for pair in Pair::each().await {
        for (here, there) in WAYS {
            let id = pair.anna[here].group("Joins", &[&pair.ben[here]]).await;
            let (mut watcher, _) = Device::in_room(&pair.anna[here], id, "").await;
            let (first, _) = Device::in_room(&pair.ben[there], id, "").await;
            assert_eq!(watcher.next_of("user_joined").await["username"], "ben");
            let (mut second, _) = Device::in_room(&pair.ben[here], id, "").await;
            assert_eq!(passages_until_typing(&mut watcher, &mut second).await, 0);
            first.leave().await;
            let (mut third, _) = Device::in_room(&pair.ben[there], id, "").await;
            assert_eq!(passages_until_typing(&mut watcher, &mut third).await, 0);
            second.leave().await;
            third.leave().await;
            assert_eq!(watcher.next_of("user_left").await["username"], "ben");
            watcher.leave().await;
        }
    }
}

/// How often the watcher is told of somebody who comes or goes, until it sees that the typist, who is seated, types.
/// Signals of a node come in their order.
async fn passages_until_typing(watcher: &mut Device, typist: &mut Device) -> usize {
    for on in [true, false] {
        typist.does(json!({"type": "typing", "on": on})).await;
    }
    let mut passages = 0;
    loop {
        let frame = watcher.frame().await;
        match frame["type"].as_str().unwrap() {
            "user_joined" | "user_left" => passages += 1,
            "typing" if frame["on"] == false => return passages,
            _ => {}
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
async fn presence_is_of_all_nodes() {
    for pair in Pair::each().await {
        pair.anna[0].group("Here", &[&pair.ben[0]]).await;
        for (here, there) in WAYS {
            let ben_id = pair.ben[0].id;
            let (mut anna, _) = Device::of(&pair.anna[here], &none()).await;
            let (mut ben, _) = Device::of(&pair.ben[there], &none()).await;
            anna.next(presence_of(ben_id, "online")).await;
            // Who comes later is told, too, on either node.
            let (mut late, _) = Device::of(&pair.anna[here], &none()).await;
            late.next(presence_of(ben_id, "online")).await;
            late.leave().await;
            ben.does(json!({"type": "presence", "status": "away", "text": "at lunch"})).await;
            let away = anna.next(presence_of(ben_id, "away")).await;
            assert_eq!(away["text"], "at lunch");
            // A move to the other node is no departure.
            let (mut moved, _) = Device::of(&pair.ben[here], &none()).await;
            ben.leave().await;
            moved.does(json!({"type": "presence", "status": "online", "text": ""})).await;
            let is_of_ben = |frame: &Value| frame["type"] == "presence" && frame["user_id"] == ben_id;
            let mut next = anna.next(is_of_ben).await;
            while next["status"] == "away" {
                next = anna.next(is_of_ben).await;
            }
            assert_eq!(next["status"], "online");
            moved.leave().await;
            let gone = anna.next(presence_of(ben_id, "offline")).await;
            assert!(gone["last_seen"].is_i64(), "{gone}");
            anna.leave().await;
        }
    }
}
