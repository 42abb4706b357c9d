//! What a device sends: messages, changes of its last one, and repeats of what has no answer.

use super::*;

const EMOJIS: [&str; 3] = ["👍", "🎉", "❤️"];

impl Device {
    /// Sends something new: mostly a message, sometimes a change of the last one. False if the socket is
    /// gone.
    pub(super) async fn say(&mut self, socket: &mut Socket) -> bool {
        let is_original = matches!(self.plan.role, Role::Original(_));
        let choice = self.rng.random_range(0..100);
        if let Some((id, message)) = self.own
            && !is_original
            && choice < 16
        {
            return match choice {
                0..4 => {
                    let content = format!("edited {}", self.rng.random::<u32>());
                    self.change(
                        socket,
                        id,
                        json!({"type": "edit", "message_id": message, "content": content}),
                    )
                    .await
                }
                4..8 => {
                    let emoji = EMOJIS.get(self.rng.random_range(0..EMOJIS.len())).unwrap_or(&"👍");
                    let op = if self.rng.random_bool(0.6) { "add" } else { "remove" };
                    let frame = json!({"type": "react", "message_id": message, "emoji": emoji, "op": op});
                    self.change(socket, id, frame).await
                }
                8..10 => {
                    let op = if self.rng.random_bool(0.6) { "add" } else { "remove" };
                    self.change(socket, id, json!({"type": "pin", "message_id": message, "op": op})).await
                }
                10..12 => {
                    // The message is gone, so nothing is left to change.
                    self.own = None;
                    self.change(socket, id, json!({"type": "delete", "message_id": message})).await
                }
                _ => {
                    let seq = self.position(id);
                    socket.send(&json!({"type": "read", "conversation_id": id, "seq": seq})).await
                }
            };
        }
        let places: Vec<_> = self.have.keys().copied().collect();
        let place = self.rng.random_range(0..places.len().max(1));
        let Some(conversation) = places.get(place).copied() else { return true };
        self.sent += 1;
        let client_id = format!("d{}-{}", self.plan.number, self.sent);
        let filler = if self.rng.random_bool(0.05) { 3500 } else { self.rng.random_range(0..200) };
        let content = format!("{client_id} {}", "x".repeat(filler));
        self.unsettled.push_back(Unsettled { client_id, conversation, content, attempts: Vec::new() });
        // One message in twenty is sent twice in a row, as an unsure client would.
        for _ in 0..if self.rng.random_bool(0.05) { 2 } else { 1 } {
            if !self.send(socket, self.unsettled.len() - 1).await {
                return false;
            }
        }
        true
    }

    async fn change(&mut self, socket: &mut Socket, id: ConversationId, mut frame: Value) -> bool {
        let attempt = self.begin(id, Change::Other);
        if let Some(fields) = frame.as_object_mut() {
            fields.insert("ref".to_owned(), format!("a{attempt}").into());
            fields.insert("conversation_id".to_owned(), id.into());
        }
        socket.send(&frame).await
    }

    fn begin(&mut self, conversation: ConversationId, change: Change) -> usize {
        self.record.begin(Attempt {
            attach: self.attach,
            user: self.person.id,
            conversation,
            change,
            invoked: now(self.world.clock),
            outcome: Outcome::Unknown,
        })
    }

    /// Sends everything unanswered again, oldest first, each with its own key.
    pub(super) async fn repeat(&mut self, socket: &mut Socket) -> Option<Instant> {
        for place in 0..self.unsettled.len() {
            if !self.send(socket, place).await {
                break;
            }
        }
        None
    }

    async fn send(&mut self, socket: &mut Socket, place: usize) -> bool {
        let Some(unsettled) = self.unsettled.get(place) else { return true };
        let content = message_key(self.person.id, &unsettled.content);
        let change = Change::Message { client_id: unsettled.client_id.clone(), content };
        let attempt = self.begin(unsettled.conversation, change);
        let Some(unsettled) = self.unsettled.get_mut(place) else { return true };
        unsettled.attempts.push(attempt);
        let frame = if matches!(self.plan.role, Role::Original(_)) {
            json!({"content": unsettled.content, "client_id": unsettled.client_id})
        } else {
            json!({
                "type": "send",
                "ref": format!("a{attempt}"),
                "conversation_id": unsettled.conversation,
                "content": unsettled.content,
                "client_id": unsettled.client_id,
            })
        };
        socket.send(&frame).await
    }
}
