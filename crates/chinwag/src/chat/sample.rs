//! The sample data of `chinwag demo`: the users and conversations that the documentation speaks of.

use chinwag_protocol::rest::{Format, UserRole};
use chinwag_protocol::{ConversationId, UserId};

use crate::auth::hash_now;
use crate::error::Refusal;
use crate::store::{Account, Change, MessageDraft, NewGroup, Store};

/// Name, first name, last name, role.
const USERS: [(&str, &str, &str, UserRole); 5] = [
    ("testuser", "Test", "User", UserRole::User),
    ("testuser2", "Second", "User", UserRole::User),
    ("alice", "Alice", "Example", UserRole::User),
    ("bob", "Bob", "Example", UserRole::User),
    ("admin", "Admin", "Example", UserRole::Admin),
];

/// Fills a new database. One transaction: a demo is whole or not there.
pub(crate) async fn fill(store: &Store) -> Result<(), Refusal> {
    // One hash a password: everybody knows them anyway, and the start stays quick.
    let shared = hash_now("TestPassword123").map_err(|_| Refusal::Internal)?;
    let admin = hash_now("AdminPassword123").map_err(|_| Refusal::Internal)?;
    store
        .write(move |change| {
            change.set_mode("demo")?;
            let mut ids = Vec::new();
            for (username, first_name, last_name, role) in USERS {
                let hash = if role == UserRole::Admin { &admin } else { &shared };
                let user = change.insert_user(&Account {
                    username: username.to_owned(),
                    email: Some(format!("{username}@example.com")),
                    first_name: first_name.to_owned(),
                    last_name: last_name.to_owned(),
                    password_hash: Some(hash.clone()),
                    role,
                })?;
                ids.push(user.id);
            }
            let [testuser, testuser2, _, _, admin] = ids[..] else { return Err(Refusal::Internal) };
            let roommates = group(change, "Roommate Chat", testuser, &[testuser2])?;
            say(change, roommates, testuser, "testuser", "Hi! Did you pay the internet bill?")?;
            say(change, roommates, testuser2, "testuser2", "Yes, this morning. Your half is 15.")?;
            group(change, "Study Group", testuser, &[testuser2, admin])?;
            Ok(())
        })
        .await
}

fn group(
    change: &mut Change,
    title: &str,
    owner: UserId,
    members: &[UserId],
) -> Result<ConversationId, Refusal> {
    let group = NewGroup { title: title.to_owned(), owner, members: members.to_vec() };
    Ok(change.insert_group(&group)?.id)
}

fn say(
    change: &mut Change,
    conversation_id: ConversationId,
    sender_id: UserId,
    sender_name: &str,
    content: &str,
) -> Result<(), Refusal> {
    let draft = MessageDraft {
        conversation_id,
        sender_id,
        sender_name: sender_name.to_owned(),
        content: content.to_owned(),
        attachments: Vec::new(),
        client_id: None,
        reply_to: None,
        format: Format::Plain,
        meta: None,
        mentions: Vec::new(),
    };
    change.append_message(draft, Vec::new())?;
    Ok(())
}
