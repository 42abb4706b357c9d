//! One device of a person: a client of the user socket, or of a room socket at level 1.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{Person, Room, open};

pub(crate) struct Device {
    pub(crate) room: Room,
    /// Frames that came while an answer was awaited.
    heard: VecDeque<Value>,
    commands: usize,
}

impl Device {
    pub(crate) fn over(room: Room) -> Self {
        Self { room, heard: VecDeque::new(), commands: 0 }
    }

    /// Opens a room socket at level 1; gives its `connection` too.
    pub(crate) async fn in_room(person: &Person, conversation: i64, after: &str) -> (Self, Value) {
        let path = format!("{}&v=1{after}", person.room_path(conversation));
        let mut device = Self::over(open(person.address, &path).await);
        let connection = device.frame().await;
        assert_eq!(connection["type"], "connection", "{connection}");
        (device, connection)
    }

    /// Opens the user socket with these cursors; gives its `ready` too.
    pub(crate) async fn of(person: &Person, cursors: &Value) -> (Self, Value) {
        let mut device = Self::over(open(person.address, "/ws").await);
        let ready = device.greet(json!({"token": person.token, "cursors": cursors})).await;
        (device, ready)
    }

    /// Says hello; gives `ready`.
    pub(crate) async fn greet(&mut self, mut hello: Value) -> Value {
        hello["type"] = json!("hello");
        self.room.send(&hello.to_string()).await;
        let ready = self.frame().await;
        assert_eq!(ready["type"], "ready", "{ready}");
        ready
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Value {
        match self.heard.pop_front() {
            Some(frame) => frame,
            None => self.room.frame().await,
        }
    }

    /// Reads on to the next matching frame.
    pub(crate) async fn next(&mut self, is_meant: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.frame().await;
            if is_meant(&frame) {
                return frame;
            }
        }
    }

    /// Reads on to the next frame of this type.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        self.next(|frame| frame["type"] == kind).await
    }

    /// Sends a command; returns its answer, `ok`, `error` or `pong`.
    pub(crate) async fn ask(&mut self, mut command: Value) -> Value {
        self.commands += 1;
        let reference = json!(format!("c{}", self.commands));
        command["ref"] = reference.clone();
        self.room.send(&command.to_string()).await;
        loop {
            let frame = self.room.frame().await;
            if frame["ref"] == reference {
                return frame;
            }
            self.heard.push_back(frame);
        }
    }

    /// Sends a command, which must succeed.
    pub(crate) async fn does(&mut self, command: Value) -> Value {
        let answer = self.ask(command.clone()).await;
        assert_eq!(answer["type"], "ok", "{command}: {answer}");
        answer
    }

    /// Sends a command, which must be refused; returns the code.
    pub(crate) async fn is_refused(&mut self, command: Value) -> String {
        let answer = self.ask(command.clone()).await;
        assert_eq!(answer["type"], "error", "{command}: {answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    /// Everything up to now: what the server sent before it answered this.
    pub(crate) async fn frames_until_now(&mut self) -> Vec<Value> {
        let pong = self.ask(json!({"type": "ping"})).await;
        assert_eq!(pong["type"], "pong", "{pong}");
        self.heard.drain(..).collect()
    }

    /// Reads on until the server closes; returns the code.
    pub(crate) async fn close_code(&mut self) -> u16 {
        self.room.close_code().await
    }

    pub(crate) async fn leave(self) {
        self.room.leave().await;
    }
}
