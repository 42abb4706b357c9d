//! Conversations and their participants.

use chinwag_protocol::event::Membership;
use chinwag_protocol::rest::{Conversation, ConversationKind, NotificationLevel, Participant, Role};
use chinwag_protocol::{ConversationId, Event, EventKind, Seq, Timestamp, UserId};

use super::log::{NewEvent, Payload};
use super::sql::{DatabaseError, Row, values};
use super::users::IS_ERASED;
use super::words::{text, word};
use super::{Change, Notice, StoreError, View};

/// A group to create.
#[derive(Clone, Debug)]
pub(crate) struct NewGroup {
    pub title: String,
    pub owner: UserId,
    pub members: Vec<UserId>,
}

/// A user's relation to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// There is no such conversation.
    NoConversation,
    /// The conversation exists, but the user does not take part.
    Outsider,
    /// The user takes part.
    Participant(Standing),
}

/// What the rules need to know about a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub role: Role,
    pub kind: ConversationKind,
    pub is_archived: bool,
}

pub(super) const KIND: &str = "conversations.kind";
pub(super) const ROLE: &str = "participants.role";
const COLUMNS: &str = "conversations.id, kind, title, topic, archived_at IS NOT NULL, created_at";

fn conversation(row: &Row<'_>) -> Result<Conversation, DatabaseError> {
    Ok(Conversation {
        id: row.get(0)?,
        kind: word(row, 1, KIND)?,
        title: row.get(2)?,
        topic: row.get(3)?,
        archived: row.get(4)?,
        notifications: NotificationLevel::default(),
        created_at: row.get::<Timestamp>(5)?.created_at(),
    })
}

/// The columns that [`standing`] reads.
pub(super) const STANDING: &str = "role, kind, archived_at IS NOT NULL";

pub(super) fn standing(row: &Row<'_>) -> Result<Standing, DatabaseError> {
    Ok(Standing { role: word(row, 0, ROLE)?, kind: word(row, 1, KIND)?, is_archived: row.get(2)? })
}

/// Two people's key, the same from both sides.
fn direct_key(one: UserId, other: UserId) -> String {
    format!("{}:{}", one.min(other), one.max(other))
}

impl View {
    /// The relation of `user_id` to the conversation.
    pub(crate) fn membership(
        &self,
        conversation_id: ConversationId,
        user_id: UserId,
    ) -> Result<Part, StoreError> {
        let standing = self.sql.one(
            &format!(
                "SELECT {STANDING} FROM participants JOIN conversations ON conversations.id = conversation_id \
                 WHERE conversation_id = ?1 AND user_id = ?2"
            ),
            values![conversation_id, user_id],
            standing,
        )?;
        if let Some(standing) = standing {
            return Ok(Part::Participant(standing));
        }
        let exists = self.sql.single(
            "SELECT EXISTS (SELECT 1 FROM conversations WHERE id = ?1)",
            values![conversation_id],
            |row| row.get(0),
        )?;
        Ok(if exists { Part::Outsider } else { Part::NoConversation })
    }

    /// The conversation with this id.
    pub(crate) fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        self.sql.one(&format!("SELECT {COLUMNS} FROM conversations WHERE id = ?1"), values![id], conversation)
    }

    /// The ids of a user's conversations after `after`, lowest first, at most `limit`.
    pub(crate) fn conversation_ids_after(
        &self,
        user_id: UserId,
        after: ConversationId,
        limit: usize,
    ) -> Result<Vec<ConversationId>, StoreError> {
        self.sql.all(
            "SELECT conversation_id FROM participants WHERE user_id = ?1 AND conversation_id > ?2 \
             ORDER BY conversation_id LIMIT ?3",
            values![user_id, after, limit],
            |row| row.get(0),
        )
    }

    /// The ids of all conversations of a user, lowest first.
    pub(crate) fn conversation_ids_of(&self, user_id: UserId) -> Result<Vec<ConversationId>, StoreError> {
        self.sql.all(
            "SELECT conversation_id FROM participants WHERE user_id = ?1 ORDER BY conversation_id",
            values![user_id],
            |row| row.get(0),
        )
    }

    /// The participants, by user id.
    pub(crate) fn participants(&self, id: ConversationId) -> Result<Vec<Participant>, StoreError> {
        self.sql.all(
            "SELECT users.id, username, first_name, last_name, participants.role, delivered_seq, read_seq \
             FROM participants \
             JOIN users ON users.id = participants.user_id \
             WHERE conversation_id = ?1 ORDER BY users.id",
            values![id],
            |row| {
                Ok(Participant {
                    id: row.get(0)?,
                    username: row.get(1)?,
                    first_name: row.get(2)?,
                    last_name: row.get(3)?,
                    role: word(row, 4, ROLE)?,
                    delivered_seq: row.get(5)?,
                    read_seq: row.get(6)?,
                })
            },
        )
    }

    /// The number of participants.
    pub(crate) fn participant_count(&self, id: ConversationId) -> Result<usize, StoreError> {
        self.sql.single("SELECT COUNT(*) FROM participants WHERE conversation_id = ?1", values![id], |row| {
            row.get(0)
        })
    }

    /// A group's owners whose accounts were not ended for good.
    pub(crate) fn owner_count(&self, id: ConversationId) -> Result<usize, StoreError> {
        self.sql.single(
            &format!(
                "SELECT COUNT(*) FROM participants JOIN users ON users.id = participants.user_id \
                 WHERE conversation_id = ?1 AND participants.role = 'owner' AND NOT ({IS_ERASED})"
            ),
            values![id],
            |row| row.get(0),
        )
    }

    /// Who becomes the owner of a group that has none: an admin before others, and then by id.
    pub(crate) fn successor(&self, id: ConversationId) -> Result<Option<Person>, StoreError> {
        self.sql.one(
            &format!(
                "SELECT users.id, username FROM participants JOIN users ON users.id = participants.user_id \
                 WHERE conversation_id = ?1 AND NOT ({IS_ERASED}) \
                 ORDER BY participants.role = 'admin' DESC, users.id LIMIT 1"
            ),
            values![id],
            |row| Ok(Person { id: row.get(0)?, username: row.get(1)? }),
        )
    }

    /// Groups whose owners' accounts were all ended for good while others take part, each with one of those owners.
    pub(crate) fn groups_without_owner(&self) -> Result<Vec<(ConversationId, UserId)>, StoreError> {
        let others = "SELECT 1 FROM participants AS others JOIN users ON users.id = others.user_id \
                      WHERE others.conversation_id = participants.conversation_id";
        self.sql.all(
            &format!(
                "SELECT conversation_id, min(user_id) FROM participants WHERE role = 'owner' \
                 AND user_id IN (SELECT id FROM users WHERE {IS_ERASED}) \
                 AND NOT EXISTS ({others} AND others.role = 'owner' AND NOT ({IS_ERASED})) \
                 AND EXISTS ({others} AND NOT ({IS_ERASED})) \
                 GROUP BY conversation_id ORDER BY conversation_id"
            ),
            &[],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// The one direct conversation of two people, if they have it.
    pub(crate) fn direct_conversation(
        &self,
        one: UserId,
        other: UserId,
    ) -> Result<Option<Conversation>, StoreError> {
        self.sql.one(
            &format!("SELECT {COLUMNS} FROM conversations WHERE direct_key = ?1"),
            values![&direct_key(one, other)],
            conversation,
        )
    }
}

impl Change {
    /// Like [`View::membership`], but from memory if it was asked before.
    pub(crate) fn membership(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
    ) -> Result<Part, StoreError> {
        if let Some(standing) = self.standings.get(conversation_id, user_id) {
            return Ok(Part::Participant(standing));
        }
        let membership = View::membership(self, conversation_id, user_id)?;
        if let Part::Participant(standing) = membership {
            self.standings.keep(conversation_id, user_id, standing);
        }
        Ok(membership)
    }

    /// Creates a group. Its first participants are part of its beginning, so they have no events in its log.
    pub(crate) fn insert_group(&mut self, group: &NewGroup) -> Result<Conversation, StoreError> {
        let made = self.insert_conversation(ConversationKind::Group, &group.title, None)?;
        self.insert_participant(made.id, group.owner, Role::Owner, Seq::ZERO)?;
        for member in &group.members {
            self.insert_participant(made.id, *member, Role::Member, Seq::ZERO)?;
        }
        Ok(made)
    }

    /// Creates the direct conversation of two people who have none.
    pub(crate) fn insert_direct(
        &mut self,
        one: UserId,
        other: UserId,
        title: &str,
    ) -> Result<Conversation, StoreError> {
        let key = direct_key(one, other);
        let made = self.insert_conversation(ConversationKind::Direct, title, Some(&key))?;
        self.insert_participant(made.id, one, Role::Member, Seq::ZERO)?;
        self.insert_participant(made.id, other, Role::Member, Seq::ZERO)?;
        Ok(made)
    }

    fn insert_conversation(
        &mut self,
        kind: ConversationKind,
        title: &str,
        direct_key: Option<&str>,
    ) -> Result<Conversation, StoreError> {
        let created_at = Timestamp::now();
        let id = self.sql.single("INSERT INTO conversations (kind, title, direct_key, created_at) VALUES (?1, ?2, ?3, ?4) RETURNING id", values![text(kind), title, direct_key, created_at], |row| row.get(0))?;
        Ok(Conversation {
            id,
            kind,
            title: title.to_owned(),
            topic: String::new(),
            archived: false,
            notifications: NotificationLevel::default(),
            created_at: created_at.created_at(),
        })
    }

    /// Adds a row for a user who joins after this event. Earlier events count as read, unless the user
    /// took part before: then they continue from where they were.
    fn insert_participant(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
        role: Role,
        joined_after: Seq,
    ) -> Result<(), StoreError> {
        self.sql.change(
            "INSERT INTO participants (conversation_id, user_id, role, joined_seq, delivered_seq, read_seq) \
                 SELECT ?1, ?2, ?3, ?4, coalesce(former.delivered_seq, ?4), coalesce(former.read_seq, ?4) \
                 FROM (SELECT 1) AS anybody LEFT JOIN former_participants AS former \
                 ON former.conversation_id = ?1 AND former.user_id = ?2",
            values![conversation_id, user_id, text(role), joined_after],
        )?;
        self.tell(Notice::Joined(conversation_id, user_id));
        Ok(())
    }
}

/// What happens to a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MembershipChange {
    Added,
    Removed,
    Updated,
}

impl Change {
    /// Makes a user a participant from now on. The caller has checked that they are not one yet.
    pub(crate) fn add_participant(
        &mut self,
        id: ConversationId,
        actor_id: UserId,
        person: &Person,
        role: Role,
    ) -> Result<Event, StoreError> {
        let joined_after = self.head_seq(id)?;
        self.insert_participant(id, person.id, role, joined_after)?;
        self.sql.change(
            "DELETE FROM former_participants WHERE conversation_id = ?1 AND user_id = ?2",
            values![id, person.id],
        )?;
        self.tell_receipt(id, person.id)?;
        self.append_membership(id, actor_id, person, role, MembershipChange::Added)
    }

    /// Removes a participant. `role` is the one that they had.
    pub(crate) fn remove_participant(
        &mut self,
        id: ConversationId,
        actor_id: UserId,
        person: &Person,
        role: Role,
    ) -> Result<Event, StoreError> {
        self.standings.forget(id, person.id);
        self.sql.change(
            "INSERT INTO former_participants (conversation_id, user_id, delivered_seq, read_seq) \
                 SELECT conversation_id, user_id, delivered_seq, read_seq FROM participants \
                 WHERE conversation_id = ?1 AND user_id = ?2 \
                 ON CONFLICT (conversation_id, user_id) DO UPDATE \
                 SET delivered_seq = excluded.delivered_seq, read_seq = excluded.read_seq",
            values![id, person.id],
        )?;
        self.sql.change(
            "DELETE FROM participants WHERE conversation_id = ?1 AND user_id = ?2",
            values![id, person.id],
        )?;
        self.append_membership(id, actor_id, person, role, MembershipChange::Removed)
    }

    /// Changes a participant's role.
    pub(crate) fn set_participant_role(
        &mut self,
        id: ConversationId,
        actor_id: UserId,
        person: &Person,
        role: Role,
    ) -> Result<Event, StoreError> {
        self.standings.forget(id, person.id);
        self.sql.change(
            "UPDATE participants SET role = ?3 WHERE conversation_id = ?1 AND user_id = ?2",
            values![id, person.id, text(role)],
        )?;
        self.append_membership(id, actor_id, person, role, MembershipChange::Updated)
    }

    /// Stores the new title, topic and archive.
    pub(crate) fn update_conversation(
        &mut self,
        actor_id: UserId,
        wanted: &Conversation,
    ) -> Result<Event, StoreError> {
        // Nothing else of it affects anybody's standing.
        if self.conversation(wanted.id)?.is_some_and(|before| before.archived != wanted.archived) {
            self.standings.forget_conversation(wanted.id);
        }
        let archived_at = wanted.archived.then(|| Timestamp::now().0);
        self.sql.change(
            "UPDATE conversations SET title = ?2, topic = ?3, archived_at = ?4 WHERE id = ?1",
            values![wanted.id, &wanted.title, &wanted.topic, archived_at],
        )?;
        let detail = Payload {
            title: Some(wanted.title.clone()),
            topic: Some(wanted.topic.clone()),
            archived: Some(wanted.archived),
            ..Payload::default()
        };
        let (_, entry) =
            self.append(&about_conversation(wanted.id, actor_id, EventKind::ConversationUpdated, detail))?;
        let event = Event::ConversationUpdated {
            entry,
            title: wanted.title.clone(),
            topic: wanted.topic.clone(),
            archived: wanted.archived,
        };
        self.note(event.clone());
        Ok(event)
    }

    fn append_membership(
        &mut self,
        id: ConversationId,
        actor_id: UserId,
        person: &Person,
        role: Role,
        change: MembershipChange,
    ) -> Result<Event, StoreError> {
        let kind = match change {
            MembershipChange::Added => EventKind::ParticipantAdded,
            MembershipChange::Removed => EventKind::ParticipantRemoved,
            MembershipChange::Updated => EventKind::ParticipantUpdated,
        };
        let detail = Payload {
            user_id: Some(person.id),
            username: Some(person.username.clone()),
            role: Some(role),
            ..Payload::default()
        };
        let (_, entry) = self.append(&about_conversation(id, actor_id, kind, detail))?;
        let membership = Membership { entry, user_id: person.id, username: person.username.clone(), role };
        let event = match change {
            MembershipChange::Added => Event::ParticipantAdded(membership),
            MembershipChange::Removed => Event::ParticipantRemoved(membership),
            MembershipChange::Updated => Event::ParticipantUpdated(membership),
        };
        self.note(event.clone());
        Ok(event)
    }
}

/// A user, as membership events name them.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub id: UserId,
    pub username: String,
}

fn about_conversation(
    conversation_id: ConversationId,
    actor_id: UserId,
    kind: EventKind,
    detail: Payload,
) -> NewEvent<'static> {
    NewEvent {
        conversation_id,
        actor_id,
        kind,
        content: "",
        client_id: None,
        message_id: None,
        version: 1,
        detail,
    }
}
