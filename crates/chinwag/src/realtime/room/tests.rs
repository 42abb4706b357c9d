//! A room by itself, without its fan-out thread: removed users receive nothing more, whatever the timing.

// A failed expectation is the point of a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use chinwag_protocol::event::Membership;
use chinwag_protocol::rest::{Role, UserRole};
use chinwag_protocol::{CloseCode, Entry, MessageId, Stamp, Timestamp};
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::mpsc;

use super::super::hub::{HubSettings, Registration};
use super::super::seat::Seat;
use super::super::socket::Socket;
use super::*;
use crate::auth::Actor;
use crate::bus::Bus;
use crate::metrics::Metrics;

const ROOM: ConversationId = ConversationId(7);
const ANNA: UserId = UserId(1);
const BEN: UserId = UserId(2);

fn hub() -> Arc<Hub> {
    let settings = HubSettings {
        sockets_per_user: 10,
        sockets_per_address: 10,
        heartbeat: Duration::from_secs(60),
        write_stall: Duration::from_secs(60),
        typing_expiry: Duration::from_secs(60),
        frames: None,
    };
    let ((departures, _), (moves, _)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let (bus, _) = Bus::alone();
    Hub::start(settings, Arc::new(Metrics::new()), departures, moves, bus).unwrap()
}

/// A connection, and the other end of its socket, which has room for this many bytes.
fn connect(hub: &Arc<Hub>, user_id: UserId, dialect: Dialect, bytes: usize) -> (Registration, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(bytes);
    (register(hub, user_id, dialect, Socket::other(ours)), theirs)
}

fn register(hub: &Arc<Hub>, user_id: UserId, dialect: Dialect, socket: Socket) -> Registration {
    let expires_at = Timestamp::now();
    let actor = Actor { user_id, username: "x".into(), role: UserRole::User, session: None, expires_at };
    let Ok(registration) = hub.register(actor, dialect, socket, None) else { panic!("refused") };
    registration
}

fn entry(seq: i64) -> Entry {
    let (stamp, ts) = (Stamp::from_bits(0), Timestamp::now());
    Entry { conversation_id: ROOM, seq: Seq(seq), stamp, ts, actor_id: BEN }
}

fn pinned(seq: i64) -> Event {
    Event::Pinned { entry: entry(seq), message_id: MessageId(1) }
}

fn removed(seq: i64, user_id: UserId) -> Event {
    let (username, role) = (String::new(), Role::Member);
    Event::ParticipantRemoved(Membership { entry: entry(seq), user_id, username, role })
}

fn is_in(room: &Room, registration: &Registration) -> bool {
    room.live.lock().occupants.contains(registration.connection.id)
}

#[tokio::test]
async fn a_removal_counts_although_somebody_joined_after_it() {
    let hub = hub();
    let (anna, _theirs) = connect(&hub, ANNA, Dialect::Room, 4096);
    let (ben, _theirs) = connect(&hub, BEN, Dialect::Room, 4096);
    let mut hers = Seat::reserve(&hub, ROOM);
    let mut his = Seat::reserve(&hub, ROOM);
    // She was admitted before the removal, he after it; then it is fanned out, as old news.
    his.take(&ben.connection, Seq(2), Interest::Full);
    hers.take(&anna.connection, Seq(1), Interest::Full);
    his.room.push(removed(2, ANNA));
    his.room.drain(&hub);
    assert!(is_in(&his.room, &ben));
    assert!(!is_in(&his.room, &anna));
    assert_eq!(anna.connection.closing(), Some(CloseCode::NotParticipant));
}

#[tokio::test]
async fn who_was_added_again_stays() {
    let hub = hub();
    let (ben, _theirs) = connect(&hub, BEN, Dialect::Room, 4096);
    let (anna, _theirs) = connect(&hub, ANNA, Dialect::Room, 4096);
    let mut his = Seat::reserve(&hub, ROOM);
    his.take(&ben.connection, Seq(1), Interest::Full);
    // She was admitted at 3, after the addition, but fan-out has not even seen the removal.
    let mut hers = Seat::reserve(&hub, ROOM);
    hers.take(&anna.connection, Seq(3), Interest::Full);
    hers.room.push(removed(2, ANNA));
    hers.room.push(pinned(3));
    hers.room.drain(&hub);
    assert!(is_in(&hers.room, &anna));
    assert!(matches!(hers.room.catch_up(&anna.connection, Seq(4)), Next::Live));
    assert_eq!(anna.connection.closing(), None);
}

#[tokio::test]
async fn events_are_kept_as_long_as_somebody_needs_them() {
    let hub = hub();
    let (anna, _theirs) = connect(&hub, ANNA, Dialect::Room, 4096);
    let (ben, _theirs) = connect(&hub, BEN, Dialect::Room, 4096);
    let mut hers = Seat::reserve(&hub, ROOM);
    let mut his = Seat::reserve(&hub, ROOM);
    hers.take(&anna.connection, Seq(1), Interest::Full);
    let push = |seq| {
        hers.room.push(pinned(seq));
        hers.room.drain(&hub);
        hers.room.live.lock().ring.run_from(Seq(seq)).is_some()
    };
    assert!(!push(2), "all are live");
    his.take(&ben.connection, Seq(1), Interest::Full);
    assert!(push(3), "he has still to read what came before");
    assert!(push(4));
    let step = hers.room.catch_up(&ben.connection, Seq(3));
    assert!(matches!(step, Next::Write(run) if run.events == 2));
    ben.connection.stand(ROOM, Place::Live);
    assert!(!push(5), "all are live again");
}

#[tokio::test]
async fn a_removal_is_not_dropped_with_the_events_that_are_too_many() {
    let hub = hub();
    let (anna, _theirs) = connect(&hub, ANNA, Dialect::Room, 4096);
    let (ben, _theirs) = connect(&hub, BEN, Dialect::Room, 4096);
    let mut hers = Seat::reserve(&hub, ROOM);
    let mut his = Seat::reserve(&hub, ROOM);
    hers.take(&anna.connection, Seq(0), Interest::Full);
    his.take(&ben.connection, Seq(0), Interest::Full);
    his.room.push(pinned(1));
    his.room.push(removed(2, ANNA));
    let last = i64::try_from(MAX_INBOX).unwrap() + 10;
    for seq in 3..=last {
        his.room.push(pinned(seq));
    }
    his.room.drain(&hub);
    assert!(!is_in(&his.room, &anna));
    assert!(is_in(&his.room, &ben));
    assert_eq!(ben.connection.behind(0), Some((ROOM, Seq(1))), "he reads all of it");
    let step = his.room.catch_up(&ben.connection, Seq(1));
    assert!(matches!(step, Next::ReadLog { after: Seq::ZERO, through } if through == Seq(last)));
}

#[tokio::test]
async fn whoever_joins_leaves_the_room_in_the_queue() {
    let hub = hub();
    let (anna, _theirs) = connect(&hub, ANNA, Dialect::Room, 4096);
    let mut seat = Seat::reserve(&hub, ROOM);
    assert!(seat.room.push(pinned(1)), "the first event schedules it");
    seat.take(&anna.connection, Seq(1), Interest::Full);
    assert!(!seat.room.push(pinned(2)), "its entry in the queue still stands");
    seat.room.drain(&hub);
    assert!(seat.room.push(pinned(3)));
}

#[tokio::test]
async fn a_socket_that_takes_a_part_stays_live_and_one_that_takes_nothing_falls_behind() {
    let hub = hub();
    let (anna, _theirs) = connect(&hub, ANNA, Dialect::Room, 8);
    let mut seat = Seat::reserve(&hub, ROOM);
    seat.take(&anna.connection, Seq(0), Interest::Full);
    seat.room.push(pinned(1));
    seat.room.drain(&hub);
    assert_eq!(anna.connection.behind(0), None, "the rest goes out before anything else");
    assert!(anna.connection.has_pending());
    seat.room.push(pinned(2));
    seat.room.drain(&hub);
    assert_eq!(anna.connection.behind(0), Some((ROOM, Seq(2))));
    assert!(matches!(seat.room.catch_up(&anna.connection, Seq(2)), Next::Write(run) if run.next == Seq(3)));
    assert!(matches!(seat.room.catch_up(&anna.connection, Seq(3)), Next::Live));
    assert_eq!(anna.connection.behind(0), None);
}

#[tokio::test]
async fn state_that_a_full_socket_does_not_take_wakes_the_driver() {
    let hub = hub();
    let (anna, _theirs) = connect(&hub, ANNA, Dialect::Room, 1);
    let connection = &anna.connection;
    connection.tell(ROOM, &Bytes::from_static(b"-"), 0);
    assert!(connection.next_errand().is_none(), "one byte has room");
    // Clears earlier rings.
    let rung = || poll_fn(|context| connection.bell.poll_rung(context)).now_or_never();
    rung();
    connection.tell(ROOM, &Bytes::from_static(b"-"), 0);
    assert!(rung().is_some());
    assert_eq!(connection.next_errand(), Some(Errand::Refresh(ROOM)));
}

/// A socket that checks, at each write, whether a commit could proceed now.
struct Probe {
    room: Arc<Room>,
    writes: Arc<AtomicUsize>,
}

impl AsyncWrite for Probe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        assert!(self.room.inbox.try_lock().is_some(), "a commit would wait for this socket");
        self.writes.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Probe {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn a_commit_never_waits_for_a_socket() {
    let hub = hub();
    let mut seat = Seat::reserve(&hub, ROOM);
    let writes = Arc::new(AtomicUsize::new(0));
    let probe = Probe { room: Arc::clone(&seat.room), writes: Arc::clone(&writes) };
    let anna = register(&hub, ANNA, Dialect::Room, Socket::other(probe));
    seat.take(&anna.connection, Seq(0), Interest::Full);
    let before = writes.load(Ordering::Relaxed);
    seat.room.push(pinned(1));
    seat.room.drain(&hub);
    assert_eq!(writes.load(Ordering::Relaxed), before + 1);
}
