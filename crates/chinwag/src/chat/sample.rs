//! The sample data of `chinwag demo`: the users and conversations in the documentation, and some more, with a
//! history of a few days, so that there is something to read, scroll, search and answer.
//!
//! Conversations 1 and 2, their people and their first messages must not change, because programs rely on
//! them. New data comes after them.

use std::time::Duration;

use bytes::Bytes;
use chinwag_protocol::rest::{Extras, Format, UserRole};
use chinwag_protocol::{ConversationId, MessageId, Op, Send, Timestamp, UserId};
use image::{Rgb, RgbImage};

use super::Membership;
use super::files::{thumbnail_name, unavailable};
use super::mentions::mentions;
use crate::auth::hash_now;
use crate::blobs::{Blobs, Picture, sha256_of};
use crate::error::Refusal;
use crate::store::{Account, Appended, Change, MessageDraft, NewFile, NewGroup, Store, random_token};

/// Name, first name, last name, role.
const USERS: [(&str, &str, &str, UserRole); 5] = [
    ("testuser", "Test", "User", UserRole::User),
    ("testuser2", "Second", "User", UserRole::User),
    ("alice", "Alice", "Example", UserRole::User),
    ("bob", "Bob", "Example", UserRole::User),
    ("admin", "Admin", "Example", UserRole::Admin),
];

/// Indexes into `USERS`.
const TESTUSER: usize = 0;
const TESTUSER2: usize = 1;
const ALICE: usize = 2;
const BOB: usize = 3;
const ADMIN: usize = 4;

/// Minutes ago.
const fn ago(days: i64, hours: i64, minutes: i64) -> i64 {
    (days * 24 + hours) * 60 + minutes
}

/// What happens in a conversation, one step at a time.
enum Act {
    /// A user sends a message.
    Say(usize, &'static str),
    /// A user replies to a message, by its number in the conversation.
    Reply(usize, usize, &'static str),
    /// A user sends the picture, with a text.
    Show(usize, &'static str),
    /// A user reacts to a message.
    React(usize, usize, &'static str),
    /// A user has read everything up to here.
    Read(usize),
}

use Act::{React, Read, Reply, Say, Show};

const ROOMMATES: [(i64, Act); 2] = [
    (ago(5, 2, 12), Say(TESTUSER, "Hi! Did you pay the internet bill?")),
    (ago(5, 2, 9), Say(TESTUSER2, "Yes, this morning. Your half is 15.")),
];

const HIKE: [(i64, Act); 18] = [
    (ago(3, 4, 40), Say(ALICE, "The forecast for Saturday is *dry and 18 °C*. Who is in for a hike?")),
    (ago(3, 4, 31), Say(BOB, "Me! Last time we turned around at the bridge, I want to see the lake.")),
    (ago(3, 4, 29), React(ALICE, 1, "👍")),
    (ago(3, 3, 2), Reply(TESTUSER, 0, "I'm in. Do we take the train or the car?")),
    (ago(3, 2, 50), Say(ALICE, "Train at 8:12, platform 3. It is an hour, and nobody has to drive back.")),
    (ago(3, 2, 48), React(BOB, 4, "🚆")),
    (ago(3, 2, 47), React(TESTUSER, 4, "🚆")),
    (ago(3, 2, 45), Read(TESTUSER)),
    (ago(2, 1, 15), Show(BOB, "Found the one from last time. The lake is behind the second hill.")),
    (ago(2, 1, 10), React(ALICE, 8, "😍")),
    (ago(2, 0, 55), Reply(ALICE, 8, "Beautiful. I'll bring the big thermos and something sweet.")),
    (ago(2, 0, 54), Read(TESTUSER)),
    (ago(1, 5, 30), Say(BOB, "Packing list:\n- rain jacket\n- bottles\n- sandwiches\n- camera")),
    (ago(1, 5, 11), Say(ALICE, "And a map, there is no signal behind the bridge.")),
    (ago(0, 6, 20), Say(BOB, "@testuser can you get the tickets for the three of us?")),
    (ago(0, 6, 18), Reply(ALICE, 14, "I can do it, too, if you are busy.")),
    (ago(0, 6, 17), Read(BOB)),
    (ago(0, 6, 16), Read(ALICE)),
];

const FRIENDS: [(i64, Act); 10] = [
    (ago(2, 6, 0), Say(ALICE, "Did you finish the book?")),
    (ago(2, 5, 44), Say(BOB, "Last night. I did not see that end coming!")),
    (ago(2, 5, 43), React(ALICE, 1, "😄")),
    (ago(2, 5, 40), Say(ALICE, "Told you. The second one is even better, I'll bring it on Saturday.")),
    (ago(2, 5, 38), Read(BOB)),
    (
        ago(1, 3, 5),
        Say(BOB, "The command for the backup, by the way:\n```sh\nsqlite3 chat.db \".backup copy.db\"\n```"),
    ),
    (ago(1, 3, 1), Reply(ALICE, 5, "That was easy, thank you.")),
    (ago(1, 3, 0), Read(ALICE)),
    (ago(0, 5, 2), Say(BOB, "See you tomorrow at the station?")),
    (ago(0, 5, 1), Read(BOB)),
];

/// Fills a new database. One transaction: a demo is complete or absent. Only the picture's bytes are stored
/// before it.
pub(crate) async fn fill(store: &Store, blobs: &Blobs, membership: &Membership) -> Result<(), Refusal> {
    // One hash per password: they are public anyway, and the start stays quick.
    let shared = hash_now("TestPassword123").map_err(|_| Refusal::Internal)?;
    let admin = hash_now("AdminPassword123").map_err(|_| Refusal::Internal)?;
    let picture = keep_picture(store, blobs, membership.folder().to_owned()).await?;
    store
        .write(move |change| {
            change.set_mode("demo")?;
            let mut users = Vec::new();
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
                users.push(user.id);
            }
            let mut sample = Sample { change, users, picture: Some(picture), now: Timestamp::now() };
            let roommates = sample.group("Roommate Chat", TESTUSER, &[TESTUSER2])?;
            sample.group("Study Group", TESTUSER, &[TESTUSER2, ADMIN])?;
            let hike = sample.group("Weekend Hike", ALICE, &[BOB, TESTUSER])?;
            let (alice, bob) = (sample.user(ALICE)?, sample.user(BOB)?);
            let friends = sample.change.insert_direct(alice, bob, "Chat with bob")?.id;
            sample.tell([(roommates, &ROOMMATES[..]), (hike, &HIKE), (friends, &FRIENDS)])
        })
        .await
}

/// A file that has no owner yet.
struct SamplePicture {
    blob: String,
    bytes: Bytes,
    pixels: (u32, u32),
}

/// Draws the picture for a message, and stores its bytes.
async fn keep_picture(store: &Store, blobs: &Blobs, folder: String) -> Result<SamplePicture, Refusal> {
    let (picture, bytes) = Picture::of_pixels(lake()).map_err(|_| Refusal::Internal)?;
    let blob = random_token();
    let expected = blob.clone();
    store.write(move |change| Ok::<_, Refusal>(change.expect_blob(&expected, &folder)?)).await?;
    blobs.put_bytes(&blob, bytes.clone()).await.map_err(unavailable)?;
    for (size, thumbnail) in picture.thumbnails {
        blobs.put_bytes(&thumbnail_name(&blob, size), thumbnail).await.map_err(unavailable)?;
    }
    Ok(SamplePicture { blob, bytes, pixels: (picture.width, picture.height) })
}

/// A sky that gets lighter, two hills, and a lake in front of them.
fn lake() -> RgbImage {
    const WIDTH: u32 = 480;
    const HEIGHT: u32 = 300;

    let hill = |x: u32, top: u32, middle: u32, slope: u32| top + x.abs_diff(middle) / slope;
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let shade = u8::try_from(y * 90 / HEIGHT).unwrap_or_default();
        if y > 220 {
            Rgb([40, 96 + shade / 3, 130 + shade / 2])
        } else if y > hill(x, 120, 330, 3) {
            Rgb([52, 92, 60])
        } else if y > hill(x, 100, 120, 2) {
            Rgb([74, 118, 82])
        } else {
            Rgb([140 + shade, 180 + shade / 2, 230])
        }
    })
}

/// The sample while it is being written to the database.
struct Sample<'a> {
    change: &'a mut Change,
    /// In the order of `USERS`.
    users: Vec<UserId>,
    picture: Option<SamplePicture>,
    now: Timestamp,
}

impl Sample<'_> {
    fn user(&self, place: usize) -> Result<UserId, Refusal> {
        self.users.get(place).copied().ok_or(Refusal::Internal)
    }

    fn group(&mut self, title: &str, owner: usize, members: &[usize]) -> Result<ConversationId, Refusal> {
        let members = members.iter().map(|member| self.user(*member)).collect::<Result<_, _>>()?;
        let group = NewGroup { title: title.to_owned(), owner: self.user(owner)?, members };
        Ok(self.change.insert_group(&group)?.id)
    }

    /// Runs all steps in the order of their times, so that ids grow with them, as in a real conversation.
    fn tell<const COUNT: usize>(
        &mut self,
        stories: [(ConversationId, &'static [(i64, Act)]); COUNT],
    ) -> Result<(), Refusal> {
        let mut told = stories.map(|_| Vec::new());
        let mut acts: Vec<_> = stories
            .iter()
            .enumerate()
            .flat_map(|(story, (id, acts))| acts.iter().map(move |(ago, act)| (*ago, story, *id, act)))
            .collect();
        acts.sort_by_key(|(ago, ..)| -ago);
        for (ago, story, id, act) in acts {
            let messages = told.get_mut(story).ok_or(Refusal::Internal)?;
            let said = self.perform(id, act, messages)?;
            messages.push(said);
            if !matches!(act, Read(_)) {
                let minutes = Duration::from_secs(60 * u64::try_from(ago).unwrap_or_default());
                self.change.back_date(id, self.now.before(minutes))?;
            }
        }
        Ok(())
    }

    /// Performs one act; returns the message that it created. `told` has the messages of earlier acts.
    fn perform(
        &mut self,
        id: ConversationId,
        act: &Act,
        told: &[Option<MessageId>],
    ) -> Result<Option<MessageId>, Refusal> {
        let message = |place: &usize| told.get(*place).copied().flatten().ok_or(Refusal::Internal);
        match act {
            Say(user, text) => self.say(id, *user, text, None, None).map(Some),
            Reply(user, to, text) => {
                let to = message(to)?;
                self.say(id, *user, text, Some(to), None).map(Some)
            }
            Show(user, text) => {
                let picture = self.picture.take();
                self.say(id, *user, text, None, picture).map(Some)
            }
            React(user, to, emoji) => {
                let (user, to) = (self.user(*user)?, message(to)?);
                self.change.react(id, user, to, emoji, Op::Add)?;
                Ok(None)
            }
            Read(user) => {
                let (user, head) = (self.user(*user)?, self.change.head_seq(id)?);
                self.change.advance_receipt(id, user, head, head)?;
                Ok(None)
            }
        }
    }

    fn say(
        &mut self,
        conversation_id: ConversationId,
        user: usize,
        text: &str,
        reply_to: Option<MessageId>,
        picture: Option<SamplePicture>,
    ) -> Result<MessageId, Refusal> {
        let (sender_id, (sender_name, ..)) = (self.user(user)?, USERS.get(user).ok_or(Refusal::Internal)?);
        let mut attachments = Vec::new();
        if let Some(SamplePicture { blob, bytes, pixels }) = picture {
            let file = NewFile {
                owner_id: sender_id,
                name: "lake.jpg".to_owned(),
                mime: "image/jpeg".to_owned(),
                size: bytes.len() as u64,
                sha256: sha256_of(&bytes),
                pixels: Some(pixels),
                blob,
            };
            attachments.push(self.change.insert_file(file)?.ok_or(Refusal::Internal)?.attachment);
        }
        let format = if text.contains(['*', '`', '\n']) { Format::Markdown } else { Format::Plain };
        let draft = MessageDraft {
            conversation_id,
            sender_id,
            sender_name: (*sender_name).to_owned(),
            send: Send {
                content: text.to_owned(),
                extras: Extras {
                    attachments: attachments.iter().map(|attachment| attachment.id).collect(),
                    reply_to,
                    format,
                    ..Extras::default()
                },
                ..Send::default()
            },
            mentions: mentions(text, format),
        };
        match self.change.append_message(draft, attachments)? {
            Appended::New(message) | Appended::Duplicate(message) => Ok(message.id),
            Appended::Mismatch => Err(Refusal::Internal),
        }
    }
}
