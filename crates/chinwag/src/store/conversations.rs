//! Conversations and who takes part in them.

use chinwag_protocol::rest::{Conversation, ConversationKind, Participant, Role};
use chinwag_protocol::{ConversationId, Timestamp, UserId};
use rusqlite::{OptionalExtension as _, Row};

use super::{Change, StoreError, View};

/// A group to be.
#[derive(Clone, Debug)]
pub(crate) struct NewGroup {
    pub title: String,
    pub owner: UserId,
    pub members: Vec<UserId>,
}

/// What a user is to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// There is no such conversation.
    NoConversation,
    /// There is, without this user.
    Outsider,
    /// The user takes part.
    Participant(Role),
}

fn conversation(row: &Row<'_>) -> Result<Conversation, rusqlite::Error> {
    Ok(Conversation {
        id: ConversationId(row.get(0)?),
        kind: if row.get::<_, String>(1)? == "direct" {
            ConversationKind::Direct
        } else {
            ConversationKind::Group
        },
        title: row.get(2)?,
        created_at: Timestamp(row.get(3)?).created_at(),
    })
}

fn parse_role(text: &str) -> Role {
    match text {
        "owner" => Role::Owner,
        "admin" => Role::Admin,
        _ => Role::Member,
    }
}

fn role_text(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Member => "member",
    }
}

/// Two people's key, the same from both sides.
fn direct_key(one: UserId, other: UserId) -> String {
    format!("{}:{}", one.min(other), one.max(other))
}

impl View {
    /// What `user_id` is to the conversation.
    pub(crate) fn membership(
        &self,
        conversation_id: ConversationId,
        user_id: UserId,
    ) -> Result<Membership, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT role FROM participants WHERE conversation_id = ?1 AND user_id = ?2")?;
        let role: Option<String> =
            statement.query_row((conversation_id.0, user_id.0), |row| row.get(0)).optional()?;
        if let Some(role) = role {
            return Ok(Membership::Participant(parse_role(&role)));
        }
        let mut statement =
            self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM conversations WHERE id = ?1)")?;
        let exists: bool = statement.query_row([conversation_id.0], |row| row.get(0))?;
        Ok(if exists { Membership::Outsider } else { Membership::NoConversation })
    }

    /// The conversation with this id.
    pub(crate) fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, kind, title, created_at FROM conversations WHERE id = ?1")?;
        Ok(statement.query_row([id.0], conversation).optional()?)
    }

    /// The conversations that a user takes part in, oldest first.
    pub(crate) fn conversations_of(&self, user_id: UserId) -> Result<Vec<Conversation>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT conversations.id, kind, title, created_at FROM participants \
             JOIN conversations ON conversations.id = participants.conversation_id \
             WHERE participants.user_id = ?1 ORDER BY conversations.id",
        )?;
        let conversations = statement.query_map([user_id.0], conversation)?.collect::<Result<_, _>>()?;
        Ok(conversations)
    }

    /// Who takes part, by user id.
    pub(crate) fn participants(&self, id: ConversationId) -> Result<Vec<Participant>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT users.id, username, first_name, last_name, participants.role FROM participants \
             JOIN users ON users.id = participants.user_id \
             WHERE conversation_id = ?1 ORDER BY users.id",
        )?;
        let participants = statement
            .query_map([id.0], |row| {
                Ok(Participant {
                    id: UserId(row.get(0)?),
                    username: row.get(1)?,
                    first_name: row.get(2)?,
                    last_name: row.get(3)?,
                    role: parse_role(&row.get::<_, String>(4)?),
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(participants)
    }

    /// The one direct conversation of two people, if they have it.
    pub(crate) fn direct_conversation(
        &self,
        one: UserId,
        other: UserId,
    ) -> Result<Option<Conversation>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, kind, title, created_at FROM conversations WHERE direct_key = ?1")?;
        Ok(statement.query_row([direct_key(one, other)], conversation).optional()?)
    }
}

impl Change {
    /// Makes a group. Its first participants belong to its beginning: they are no events of its log.
    pub(crate) fn insert_group(&mut self, group: &NewGroup) -> Result<Conversation, StoreError> {
        let made = self.insert_conversation(ConversationKind::Group, &group.title, None)?;
        self.insert_participant(made.id, group.owner, Role::Owner)?;
        for member in &group.members {
            self.insert_participant(made.id, *member, Role::Member)?;
        }
        Ok(made)
    }

    /// Makes the direct conversation of two people who have none.
    pub(crate) fn insert_direct(
        &mut self,
        one: UserId,
        other: UserId,
        title: &str,
    ) -> Result<Conversation, StoreError> {
        let key = direct_key(one, other);
        let made = self.insert_conversation(ConversationKind::Direct, title, Some(&key))?;
        self.insert_participant(made.id, one, Role::Member)?;
        self.insert_participant(made.id, other, Role::Member)?;
        Ok(made)
    }

    fn insert_conversation(
        &mut self,
        kind: ConversationKind,
        title: &str,
        direct_key: Option<&str>,
    ) -> Result<Conversation, StoreError> {
        let created_at = Timestamp::now();
        let kind_text = match kind {
            ConversationKind::Direct => "direct",
            ConversationKind::Group => "group",
        };
        self.connection
            .prepare_cached(
                "INSERT INTO conversations (kind, title, direct_key, created_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((kind_text, title, direct_key, created_at.0))?;
        Ok(Conversation {
            id: ConversationId(self.connection.last_insert_rowid()),
            kind,
            title: title.to_owned(),
            created_at: created_at.created_at(),
        })
    }

    fn insert_participant(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
        role: Role,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO participants (conversation_id, user_id, role) VALUES (?1, ?2, ?3)")?
            .execute((conversation_id.0, user_id.0, role_text(role)))?;
        Ok(())
    }
}
