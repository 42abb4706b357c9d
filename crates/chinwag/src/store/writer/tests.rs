//! What a refused job undoes, and what the writer remembers.

// A failed expectation is the point of a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use chinwag_protocol::rest::{Conversation, Role, UserRole};
use chinwag_protocol::{ConversationId, Seq, UserId};

use super::super::{Account, Appended, MessageDraft, NewGroup, Page, Part, Person, Store};
use super::*;

/// A group of an owner and a member.
struct Group {
    store: Store,
    id: ConversationId,
    owner: UserId,
    member: Person,
    _folder: tempfile::TempDir,
}

impl Group {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), None, |_: Commit, _: Option<BatchReport>| {}).unwrap();
        let (id, owner, member) = store
            .write_blocking(|change| {
                let owner = change.insert_user(&account("anna"))?.id;
                let member = change.insert_user(&account("ben"))?.id;
                let group = NewGroup { title: "Group".to_owned(), owner, members: vec![member] };
                Ok::<_, StoreError>((change.insert_group(&group)?.id, owner, member))
            })
            .unwrap();
        let member = Person { id: member, username: "ben".to_owned() };
        Self { store, id, owner, member, _folder: folder }
    }

    fn draft(&self, content: &str) -> MessageDraft {
        MessageDraft {
            conversation_id: self.id,
            sender_id: self.owner,
            sender_name: "anna".to_owned(),
            send: chinwag_protocol::Send {
                content: content.to_owned(),
                client_id: Some(content.to_owned()),
                ..chinwag_protocol::Send::default()
            },
            mentions: Vec::new(),
        }
    }

    fn member_is(&self) -> Part {
        let (id, member) = (self.id, self.member.id);
        self.store.write_blocking(move |change| change.membership(id, member)).unwrap()
    }

    async fn write_at_once<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Change) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut jobs = Jobs::default();
        let result = jobs.add(Statements::One, job);
        self.store.begin(jobs);
        result.await
    }

    async fn send(&self, content: &str) -> Result<Seq, StoreError> {
        let draft = self.draft(content);
        self.write_at_once(move |change| match change.append_message(draft, Vec::new())? {
            Appended::New(message) => Ok(message.seq),
            other => panic!("{other:?}"),
        })
        .await
    }
}

fn account(name: &str) -> Account {
    Account {
        username: name.to_owned(),
        email: None,
        first_name: String::new(),
        last_name: String::new(),
        password_hash: None,
        role: UserRole::User,
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn what_a_participant_is_changes_with_the_next_job_and_not_with_a_refused_one() {
    let group = Group::new();
    let (id, owner, member) = (group.id, group.owner, group.member.clone());
    let before = group.member_is();
    let refused = group.store.write_blocking(move |change| {
        change.set_participant_role(id, owner, &member, Role::Admin)?;
        let Part::Participant(standing) = change.membership(id, member.id)? else { panic!() };
        assert_eq!(standing.role, Role::Admin);
        change.remove_participant(id, owner, &member, Role::Admin)?;
        assert_eq!(change.membership(id, member.id)?, Part::Outsider);
        Err::<(), _>(StoreError::Busy)
    });
    assert!(matches!(refused, Err(StoreError::Busy)));
    assert_eq!(group.member_is(), before);
    let member = group.member.clone();
    let removed =
        group.store.write_blocking(move |change| change.remove_participant(id, owner, &member, Role::Member));
    assert_eq!(removed.unwrap().entry().seq, Seq(1));
    assert_eq!(group.member_is(), Part::Outsider);
}

#[test]
fn a_job_that_refuses_behind_its_one_statement_leaves_nothing() {
    let group = Group::new();
    let draft = group.draft("never stored");
    let refused = wait(group.write_at_once(move |change| {
        change.append_message(draft, Vec::new())?;
        Err::<(), _>(StoreError::Busy)
    }));
    assert!(refused.is_err());
    let draft = group.draft("never stored, by a panic");
    let stopped = wait(group.write_at_once::<()>(move |change| {
        change.append_message(draft, Vec::new())?;
        panic!("a bug");
    }));
    assert!(stopped.is_err());
    assert_eq!(wait(group.send("the first")).unwrap(), Seq(1));
    let rows: i64 = group
        .store
        .read_blocking(|view| {
            let query = "SELECT COUNT(*) FROM events";
            view.sql.single(query, &[], |row| row.get(0))
        })
        .unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn a_conversation_ends_where_its_log_does_whatever_is_refused_beside() {
    let group = Group::new();
    let (id, owner, member) = (group.id, group.owner, group.member.clone());
    let mut jobs = Jobs::default();
    let first = group.draft("the first");
    let kept = jobs.add(Statements::One, move |change| change.append_message(first, Vec::new()).map(drop));
    let refused = jobs.add(Statements::Many, move |change| {
        change.set_participant_role(id, owner, &member, Role::Admin)?;
        change.set_participant_role(id, owner, &member, Role::Member)?;
        Err::<(), _>(StoreError::Busy)
    });
    let second = group.draft("the second");
    let also_kept =
        jobs.add(Statements::One, move |change| change.append_message(second, Vec::new()).map(drop));
    group.store.begin(jobs);
    wait(async {
        kept.await.unwrap();
        refused.await.unwrap_err();
        also_kept.await.unwrap();
    });
    let end = group.store.read_blocking(|view| view.head(id)).unwrap();
    let newest = group
        .store
        .read_blocking(|view| view.messages(id, Page { before: None, after: None, limit: 1 }))
        .unwrap();
    assert_eq!((end.seq, end.stamp), (Seq(2), newest.first().map(|message| message.stamp)));
}

/// Whether the writer remembers the owner and the member.
fn remembered(group: &Group) -> [bool; 2] {
    let (id, people) = (group.id, [group.owner, group.member.id]);
    let look = move |change: &mut Change| {
        Ok::<_, StoreError>(people.map(|person| change.standings.get(id, person).is_some()))
    };
    group.store.write_blocking(look).unwrap()
}

fn remember_all(group: &Group) {
    let (id, people) = (group.id, [group.owner, group.member.id]);
    let ask = move |change: &mut Change| {
        people.iter().try_for_each(|person| change.membership(id, *person).map(drop))
    };
    group.store.write_blocking(ask).unwrap();
}

#[test]
fn a_refused_job_and_a_change_forget_only_whom_they_are_about() {
    let group = Group::new();
    let (id, owner, member) = (group.id, group.owner, group.member.clone());
    remember_all(&group);
    assert_eq!(remembered(&group), [true, true]);
    let refused = group.store.write_blocking(move |change| {
        change.membership(id, owner)?;
        change.set_participant_role(id, owner, &member, Role::Admin)?;
        change.membership(id, member.id)?;
        Err::<(), _>(StoreError::Busy)
    });
    assert!(refused.is_err());
    assert_eq!(remembered(&group), [true, false], "what was the job's own doing");

    remember_all(&group);
    let refused = group.store.write_blocking(move |change| {
        change.membership(id, owner)?;
        Err::<(), _>(StoreError::Busy)
    });
    assert!(refused.is_err());
    assert_eq!(remembered(&group), [true, true], "what was known before");

    let member = group.member.clone();
    group
        .store
        .write_blocking(move |change| change.set_participant_role(id, owner, &member, Role::Admin))
        .unwrap();
    assert_eq!(remembered(&group), [true, false]);

    remember_all(&group);
    let change_it = |title: &'static str, archived: bool| {
        let change_it = move |change: &mut Change| {
            let before = change.conversation(id)?.unwrap();
            let wanted = Conversation { title: title.to_owned(), archived, ..before };
            change.update_conversation(owner, &wanted).map(drop)
        };
        group.store.write_blocking(change_it).unwrap();
    };
    change_it("Another title", false);
    assert_eq!(remembered(&group), [true, true]);
    change_it("Another title", true);
    assert_eq!(remembered(&group), [false, false], "an archive is everybody's");
}
