//! How a device handles frames: answers, echoes, refusals and events.

use super::*;

impl Device {
    /// Handles one frame. False if the client rule says to reconnect with the cursor.
    pub(super) fn hear(&mut self, frame: &Value, retry_at: &mut Option<Instant>) -> bool {
        match kind(frame) {
            "replay" => {
                let events = frame.get("events").and_then(Value::as_array);
                return events.into_iter().flatten().all(|event| self.deliver(event));
            }
            "gap" => self.discontinue(frame),
            "ok" => self.answered(frame),
            "error" => self.refused(frame, retry_at),
            "receipt" => self.record.mark(self.attach, frame),
            // The answer to a repeat at level 0. It is not a delivery, and has no place in their order.
            "message" if frame.get("duplicate").is_some() => self.echoed(frame),
            _ if is_event(frame) => return self.deliver(frame),
            _ => {}
        }
        true
    }

    fn deliver(&mut self, event: &Value) -> bool {
        let id = conversation(event);
        if let Some(session) = self.open.get_mut(&id) {
            session.deliveries.push(delivery(event));
        }
        self.take(event)
    }

    /// Applies the client rule.
    pub(super) fn take(&mut self, event: &Value) -> bool {
        let (id, seq) = (conversation(event), number(event, "seq"));
        let have = self.position(id);
        let is_original = matches!(self.plan.role, Role::Original(_));
        if is_original && number(event, "sender_id") == self.person.id {
            self.echoed(event);
        }
        if seq == have + 1 || (is_original && seq > have) {
            self.have.insert(id, cursor(event));
            self.record.picture.apply(event);
        }
        seq <= have + 1 || is_original
    }

    fn discontinue(&mut self, frame: &Value) {
        self.is_discontinued = true;
        let id = conversation(frame);
        let head = text(frame, "head").to_owned();
        let after = cursor_seq(&head);
        let fresh = self.session(id, Scope::Everything, after);
        if let Some(mut session) = self.open.insert(id, fresh) {
            session.end = End::Discontinued;
            self.record.sessions.push(session);
        }
        self.have.insert(id, head);
    }

    fn answered(&mut self, frame: &Value) {
        let Some(attempt) = attempt_of(frame) else { return };
        if frame.get("seq").is_none() {
            // The change changed nothing.
            return self.record.end(attempt, Outcome::Refused);
        }
        let place = place(frame, "message_id");
        self.record.end(attempt, Outcome::Stored { at: now(self.world.clock), place });
        let settled = self.unsettled.iter().position(|unsettled| unsettled.attempts.contains(&attempt));
        if let Some(settled) = settled.and_then(|place| self.unsettled.remove(place)) {
            self.world.acknowledged.fetch_add(1, Ordering::Relaxed);
            self.own = Some((settled.conversation, place.message_id));
        }
    }

    /// The original's client learns from the echo that its message was stored.
    fn echoed(&mut self, event: &Value) {
        let client_id = text(event, "client_id");
        let found = self.unsettled.iter().position(|unsettled| unsettled.client_id == client_id);
        let Some(settled) = found.and_then(|place| self.unsettled.remove(place)) else { return };
        let (at, place) = (now(self.world.clock), place(event, "id"));
        for attempt in settled.attempts {
            self.record.end(attempt, Outcome::Stored { at, place });
        }
        self.world.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    fn refused(&mut self, frame: &Value, retry_at: &mut Option<Instant>) {
        let attempt = attempt_of(frame).or_else(|| {
            let client_id = text(frame, "client_id");
            let known = self.unsettled.iter().find(|unsettled| unsettled.client_id == client_id)?;
            known.attempts.last().copied()
        });
        let Some(attempt) = attempt else { return };
        self.record.end(attempt, Outcome::Refused);
        if frame.get("retry").and_then(Value::as_bool) == Some(true) {
            let wait = u64::try_from(number(frame, "retry_after_ms")).unwrap_or_default();
            *retry_at = Some(Instant::now() + Duration::from_millis(wait).max(PAUSE));
        } else {
            // The server would refuse it again.
            self.unsettled.retain(|unsettled| !unsettled.attempts.contains(&attempt));
        }
    }
}

fn attempt_of(frame: &Value) -> Option<usize> {
    text(frame, "ref").strip_prefix('a')?.parse().ok()
}
