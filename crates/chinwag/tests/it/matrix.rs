//! Who may do what, role by role, over every transport. The routes come from the server's own document and
//! the commands from the parser's own type, so one without a row here fails.

use std::collections::BTreeSet;

use chinwag::protocol::{Command, Request};
use serde_json::{Value, json};

use crate::harness::{Hand, Person, TestServer, Told, Way, open, reply};

/// The participants who may do it. Nobody else ever may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    Everybody,
    /// Owner and admin.
    WhoRunIt,
    Owner,
    /// Nobody: it concerns another user's own things.
    Nobody,
}

use Allowed::{Everybody, Nobody, Owner, WhoRunIt};

/// The role of the user who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Nobody,
    Outsider,
    Member,
    Admin,
    Owner,
    Removed,
    Disabled,
}

impl Is {
    const ALL: [Self; 7] =
        [Self::Nobody, Self::Outsider, Self::Member, Self::Admin, Self::Owner, Self::Removed, Self::Disabled];

    fn takes_part(self) -> bool {
        matches!(self, Self::Member | Self::Admin | Self::Owner)
    }

    fn may(self, allowed: Allowed) -> bool {
        match allowed {
            Everybody => self.takes_part(),
            WhoRunIt => matches!(self, Self::Admin | Self::Owner),
            Owner => self == Self::Owner,
            Nobody => false,
        }
    }
}

/// A row for every route of a conversation: method, what follows its id, body, and who may.
///
/// `{message_id}` is a message of another participant, `{user_id}` another member.
fn routes() -> Vec<(&'static str, &'static str, Value, Allowed)> {
    vec![
        ("get", "", Value::Null, Everybody),
        ("patch", "", json!({"topic": "news"}), WhoRunIt),
        ("get", "/participants", Value::Null, Everybody),
        ("post", "/participants", json!({"user_id": "{new}"}), WhoRunIt),
        ("patch", "/participants/{user_id}", json!({"role": "admin"}), Owner),
        ("delete", "/participants/{user_id}", Value::Null, WhoRunIt),
        ("get", "/messages", Value::Null, Everybody),
        ("post", "/messages", json!({"content": "hello"}), Everybody),
        ("get", "/messages/{message_id}", Value::Null, Everybody),
        ("patch", "/messages/{message_id}", json!({"content": "not mine"}), Nobody),
        ("delete", "/messages/{message_id}", Value::Null, WhoRunIt),
        ("put", "/messages/{message_id}/reactions/{emoji}", Value::Null, Everybody),
        ("delete", "/messages/{message_id}/reactions/{emoji}", Value::Null, Everybody),
        ("put", "/messages/{message_id}/pin", Value::Null, Everybody),
        ("delete", "/messages/{message_id}/pin", Value::Null, Everybody),
        ("get", "/pins", Value::Null, Everybody),
        ("post", "/read", json!({"seq": 1}), Everybody),
        ("get", "/events", Value::Null, Everybody),
        ("put", "/notifications", json!({"level": "mentions"}), Everybody),
    ]
}

/// A group with somebody of every kind.
struct World {
    server: TestServer,
    owner: Person,
    admin: Person,
    member: Person,
    target: Person,
    outsider: Person,
    removed: Person,
    disabled: Person,
}

/// A conversation of that world.
struct Scene {
    id: i64,
    message: i64,
}

impl World {
    async fn new() -> Self {
        let server = TestServer::provisioning_with(|config| config.limits.is_enforced = false).await;
        Self {
            owner: server.person("owner").await,
            admin: server.person("admin").await,
            member: server.person("member").await,
            target: server.person("target").await,
            outsider: server.person("outsider").await,
            removed: server.person("removed").await,
            disabled: server.person("disabled").await,
            server,
        }
    }

    async fn scene(&self) -> Scene {
        let others = [&self.admin, &self.member, &self.target, &self.removed, &self.disabled];
        let id = self.owner.group("Matrix", &others).await;
        let path = |person: &Person| format!("/conversations/{id}/participants/{}", person.id);
        let admin = self.owner.request("PATCH", &path(&self.admin)).json(&json!({"role": "admin"}));
        assert_eq!(reply(admin).await.status, 200);
        let message = self.target.say(id, "whose message?").await["id"].as_i64().unwrap();
        assert_eq!(self.owner.delete(&path(&self.removed)).await.status, 204);
        Scene { id, message }
    }

    /// From here on, `disabled` is.
    async fn disable(&self) {
        self.server.beside(|accounts| accounts.set_active("disabled", false).unwrap()).await;
    }

    /// The user in this role; an anonymous one has no token.
    fn person(&self, is: Is) -> Person {
        let mut person = match is {
            Is::Nobody | Is::Outsider => self.outsider.clone(),
            Is::Member => self.member.clone(),
            Is::Admin => self.admin.clone(),
            Is::Owner => self.owner.clone(),
            Is::Removed => self.removed.clone(),
            Is::Disabled => self.disabled.clone(),
        };
        if is == Is::Nobody {
            person.token.clear();
        }
        person
    }

    /// The operations of the server's own document.
    async fn operations(&self) -> Vec<(String, String, Value)> {
        let document = self.server.get("/openapi.json").await.body;
        let paths = document["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(|(method, operation)| (method.clone(), path.clone(), operation.clone()))
        });
        operations.collect()
    }
}

#[tokio::test]
async fn every_route_of_a_conversation_has_a_row() {
    let world = World::new().await;
    let served: BTreeSet<(String, String)> = world
        .operations()
        .await
        .into_iter()
        .filter(|(_, path, _)| path.contains("{conversation_id}"))
        .map(|(method, path, _)| (method, path))
        .collect();
    let rows = routes().into_iter();
    let rows: BTreeSet<(String, String)> = rows
        .map(|(method, path, ..)| (method.to_owned(), format!("/conversations/{{conversation_id}}{path}")))
        .collect();
    assert_eq!(served, rows);
}

#[tokio::test]
async fn routes_allow_what_the_role_allows_and_nothing_else() {
    let world = World::new().await;
    let routes = routes();
    let mut scenes = Vec::new();
    for _ in 0..routes.len() * Is::ALL.len() {
        scenes.push(world.scene().await);
    }
    world.disable().await;
    for (method, rest, body, allowed) in routes {
        for is in Is::ALL {
            let scene = scenes.pop().unwrap();
            let person = world.person(is);
            let rest = rest
                .replace("{message_id}", &scene.message.to_string())
                .replace("{user_id}", &world.target.id.to_string())
                .replace("{emoji}", "%F0%9F%91%8D");
            let path = format!("/conversations/{}{rest}", scene.id);
            let mut request = person.request(&method.to_uppercase(), &path);
            if !body.is_null() {
                let body = body.to_string().replace("\"{new}\"", &world.outsider.id.to_string());
                request = request.body(body);
            }
            let log = format!("/conversations/{}/events", scene.id);
            let before = world.owner.get(&log).await.body["head"].clone();
            let answer = reply(request).await;
            let what = format!("{is:?} {method} {path}: {:?}", answer.body);
            match is {
                Is::Nobody | Is::Disabled => assert_eq!(answer.status, 401, "{what}"),
                _ if is.may(allowed) => assert!((200..300).contains(&answer.status), "{what}"),
                _ => assert_eq!(answer.status, 403, "{what}"),
            }
            if !is.may(allowed) {
                assert!(answer.body.get("detail").is_some() && answer.body["code"].is_string(), "{what}");
                assert!(!answer.body.to_string().contains("whose message?"), "{what}");
                assert_eq!(world.owner.get(&log).await.body["head"], before, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn no_route_but_the_open_ones_answers_strangers() {
    let world = World::new().await;
    world.disable().await;
    let mut closed = 0;
    for (method, path, operation) in world.operations().await {
        if operation["security"] == json!([{}]) {
            continue;
        }
        closed += 1;
        let path = path
            .replace("{conversation_id}", "1")
            .replace("{message_id}", "1")
            .replace("{user_id}", "1")
            .replace("{emoji}", "x")
            .replace("{file_id}", "1")
            .replace("{size}", "160")
            .replace("{session_id}", "x")
            .replace("{subscription_id}", "1")
            .replace("{webhook_id}", "1");
        assert!(!path.contains('{'), "{path}");
        for is in [Is::Nobody, Is::Disabled] {
            for slash in ["", "/"] {
                let request = world.person(is).request(&method.to_uppercase(), &format!("{path}{slash}"));
                let answer = reply(request.body("{}")).await;
                assert_eq!(answer.status, 401, "{is:?} {method} {path}{slash}: {:?}", answer.body);
                assert_eq!(answer.header("www-authenticate"), "Bearer");
            }
        }
    }
    assert!(closed > routes().len(), "{closed}");
}

/// The outcome of a command on the two sockets, for participants.
struct Row {
    on_room: Result<Allowed, &'static str>,
    on_user: Result<Allowed, &'static str>,
    /// Whether it is about a conversation at all.
    is_inside: bool,
}

fn inside(allowed: Allowed) -> Row {
    Row { on_room: Ok(allowed), on_user: Ok(allowed), is_inside: true }
}

fn nowhere(code: &'static str) -> Row {
    Row { on_room: Err(code), on_user: Err(code), is_inside: false }
}

/// The row of a command, and its place in the list of all. A new command does not compile without.
fn row(command: &Command) -> (usize, Row) {
    match command {
        Command::Send(_) => (0, inside(Everybody)),
        Command::Edit(_) => (1, inside(Nobody)),
        Command::Delete(_) => (2, inside(WhoRunIt)),
        Command::React(..) => (3, inside(Everybody)),
        Command::Pin(..) => (4, inside(Everybody)),
        Command::Read(_) => (5, inside(Everybody)),
        Command::Ack(_) => (6, inside(Everybody)),
        Command::Typing(_) => (7, inside(Everybody)),
        Command::Presence(..) => (8, Row { is_inside: false, ..inside(Everybody) }),
        Command::Subscribe(_) => (9, Row { on_room: Err("unknown_type"), ..inside(Everybody) }),
        Command::Unsubscribe => (10, Row { on_room: Err("unknown_type"), ..inside(Everybody) }),
        Command::Auth(_) => (11, Row { is_inside: false, ..inside(Everybody) }),
        Command::Hello(_) => (12, nowhere("unknown_type")),
        Command::Ping(_) => (13, Row { is_inside: false, ..inside(Everybody) }),
        Command::UploadBegin(_) => (14, Row { is_inside: false, ..inside(Everybody) }),
        // An upload of another socket, which belongs to nobody else.
        Command::UploadCommit(_) => (15, nowhere("not_found")),
        Command::UploadAbort(_) => (16, nowhere("not_found")),
        Command::Cursors(_) => (17, nowhere("unknown_type")),
    }
}

/// One of each command, about a message of another participant.
fn commands(message: i64, token: &str) -> [Value; 18] {
    [
        json!({"type": "send", "content": "hello"}),
        json!({"type": "edit", "message_id": message, "content": "not mine"}),
        json!({"type": "delete", "message_id": message}),
        json!({"type": "react", "message_id": message, "emoji": "👍", "op": "add"}),
        json!({"type": "pin", "message_id": message, "op": "add"}),
        json!({"type": "read", "seq": 1}),
        json!({"type": "ack", "seq": 1}),
        json!({"type": "typing", "on": true}),
        json!({"type": "presence", "status": "online"}),
        json!({"type": "subscribe"}),
        json!({"type": "unsubscribe"}),
        json!({"type": "auth", "token": token}),
        json!({"type": "hello"}),
        json!({"type": "ping", "t": 1}),
        json!({"type": "upload_begin", "name": "a", "size": 1, "sha256": "0".repeat(64)}),
        json!({"type": "upload_commit", "upload_id": 0}),
        json!({"type": "upload_abort", "upload_id": 0}),
        json!({"type": "cursors", "cursors": {}}),
    ]
}

fn row_of(frame: &Value) -> (usize, Row) {
    row(&Request::parse(&frame.to_string()).unwrap().command)
}

#[test]
fn every_command_has_a_row() {
    let places: Vec<_> = commands(1, "x").iter().map(|frame| row_of(frame).0).collect();
    assert_eq!(places, (0..18).collect::<Vec<_>>());
}

#[tokio::test]
async fn commands_do_what_the_role_allows_and_nothing_else() {
    let world = World::new().await;
    for way in [Way::Room, Way::User] {
        for is in [Is::Member, Is::Admin, Is::Owner, Is::Outsider, Is::Removed] {
            if way == Way::Room && !is.takes_part() {
                continue;
            }
            let person = world.person(is);
            for place in 0..17 {
                let scene = world.scene().await;
                let frame = commands(scene.message, &person.token)[place].clone();
                let (_, row) = row_of(&frame);
                let on_socket = if way == Way::Room { row.on_room } else { row.on_user };
                let expected = match on_socket {
                    Err(code) => Err(code),
                    Ok(allowed) if !row.is_inside || is.may(allowed) => Ok(()),
                    Ok(_) if is.takes_part() => Err("forbidden"),
                    Ok(_) => Err("not_participant"),
                };
                let log = format!("/conversations/{}/events", scene.id);
                let before = world.owner.get(&log).await.body["head"].clone();
                let mut hand = Hand::new(&person, scene.id, way).await;
                let told = match hand.tell(&frame).await {
                    Told::Done(_) => Ok(()),
                    Told::Refused { code, .. } => Err(code),
                };
                assert_eq!(told, expected.map_err(str::to_owned), "{way:?} {is:?} {frame}");
                if told.is_err() {
                    assert_eq!(world.owner.get(&log).await.body["head"], before, "{way:?} {is:?} {frame}");
                }
            }
        }
    }
}

#[tokio::test]
async fn sockets_let_in_whom_they_should() {
    let world = World::new().await;
    let scene = world.scene().await;
    world.disable().await;
    for (is, room_code, user_code) in [
        (Is::Nobody, Some(4001), Some(4001)),
        (Is::Disabled, Some(4000), Some(4000)),
        (Is::Outsider, Some(4003), None),
        (Is::Removed, Some(4003), None),
        (Is::Member, None, None),
        (Is::Admin, None, None),
        (Is::Owner, None, None),
    ] {
        let person = world.person(is);
        for level in ["", "&v=1", "&v=1&after=0"] {
            let mut room = open(person.address, &format!("{}{level}", person.room_path(scene.id))).await;
            match room_code {
                Some(code) => assert_eq!(room.refused_with().await, code, "{is:?} {level}"),
                None => assert_eq!(room.frame().await["type"], "connection", "{is:?} {level}"),
            }
        }
        let mut user = open(person.address, "/ws").await;
        let cursors = json!({scene.id.to_string(): "0"});
        user.send(&json!({"type": "hello", "token": person.token, "cursors": cursors}).to_string()).await;
        match user_code {
            Some(code) => assert_eq!(user.refused_with().await, code, "{is:?}"),
            None => {
                let ready = user.frame().await;
                let listed = ready["conversations"].as_array().unwrap().iter();
                assert_eq!(listed.filter(|one| one["id"] == scene.id).count(), usize::from(is.takes_part()));
                let next = user.frame().await;
                if is.takes_part() {
                    assert_eq!(next["type"], "replay", "{is:?} {next}");
                } else {
                    assert_eq!((&next["type"], &next["reason"]), (&json!("gap"), &json!("membership")));
                }
            }
        }
    }
}
