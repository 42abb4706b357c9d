//! This server's table of open rooms and connections.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use chinwag_protocol::{CloseCode, ConversationId, UserId};
use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, mpsc, watch};

use super::connection::{Connection, Dialect, Errand};
use super::connections::{Departure, Move};
use super::elsewhere::Elsewhere;
use super::fanout::Fanout;
use super::neighbours;
use super::news::News;
use super::room::Room;
use super::seat::Seat;
use super::socket::Socket;
use super::sweeper;
use crate::auth::Actor;
use crate::bus::{self, Bus};
use crate::config::Rate;
use crate::metrics::Metrics;
use crate::store::{Commit, Notice};

/// Locks that share the tables, so that threads rarely contend.
const SHARDS: usize = 64;

/// The most events of a commit that the committing thread fans out itself. For so few, waking another thread
/// would take longer than the writing; with more, the next commit would have to wait.
const DIRECT_EVENTS: usize = 16;
/// How many ended sessions a watcher may miss. After more, it must assume that its own ended.
const MAX_ENDINGS: usize = 64;

/// The shortest time over which the clients of a restarting server come back: soon, but not before it can be
/// up.
const MIN_RECONNECT_SPREAD: Duration = Duration::from_millis(500);
/// The longest, for a thousand clients and more.
const MAX_RECONNECT_SPREAD: Duration = Duration::from_secs(10);

/// The settings of a hub.
#[derive(Clone, Debug)]
pub(crate) struct HubSettings {
    pub sockets_per_user: usize,
    pub sockets_per_address: usize,
    pub heartbeat: Duration,
    pub write_stall: Duration,
    pub typing_expiry: Duration,
    /// Frames of one connection; `None` if that is not limited.
    pub frames: Option<Rate>,
}

pub(crate) struct Hub {
    rooms: Vec<Mutex<HashMap<ConversationId, Held>>>,
    users: Vec<Mutex<HashMap<UserId, Vec<Arc<Connection>>>>>,
    /// The number of connections of each address.
    addresses: Mutex<HashMap<IpAddr, usize>>,
    fanout: Fanout,
    metrics: Arc<Metrics>,
    pub(crate) settings: HubSettings,
    next_id: AtomicU64,
    count: AtomicUsize,
    /// Notified when the last connection is gone.
    emptied: Notify,
    draining: watch::Sender<bool>,
    /// The number of connections when the drain began.
    drained: AtomicUsize,
    /// Users whose sessions ended, for readers that are not connections.
    endings: broadcast::Sender<UserId>,
    /// Hears whose last connection is gone.
    departures: mpsc::UnboundedSender<Departure>,
    /// Hears whose presence looks different without that.
    moves: mpsc::UnboundedSender<Move>,
    /// How often somebody chose another status.
    status_changes: AtomicU64,
    elsewhere: Elsewhere,
    tick: AtomicU32,
}

/// A room, and the number of seats that hold it. When the last seat goes, so does the room.
struct Held {
    room: Arc<Room>,
    seats: usize,
}

/// A connection in the table of users; dropping it removes it.
pub(crate) struct Registration {
    hub: Arc<Hub>,
    pub(crate) connection: Arc<Connection>,
    address: Option<IpAddr>,
    /// Whether its user had no other connection.
    pub(crate) is_first: bool,
}

/// A restarted server takes a hundred connections a second without notice, and some thousand without trouble,
/// so nobody needs to wait longer.
fn spread(connections: usize) -> Duration {
    let milliseconds = u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(10);
    Duration::from_millis(milliseconds).clamp(MIN_RECONNECT_SPREAD, MAX_RECONNECT_SPREAD)
}

fn shard<T>(shards: &[Mutex<T>], id: i64) -> Option<&Mutex<T>> {
    // Ids count up, so their low bits spread them evenly.
    let index = usize::try_from(id.rem_euclid(i64::try_from(SHARDS).unwrap_or(1))).unwrap_or(0);
    shards.get(index)
}

impl Hub {
    /// Starts the fan-out threads and, on the current runtime, the sweeper. What others should know goes over the bus.
    ///
    /// # Errors
    /// If the operating system can't start a thread.
    pub(crate) fn start(
        settings: HubSettings,
        metrics: Arc<Metrics>,
        departures: mpsc::UnboundedSender<Departure>,
        moves: mpsc::UnboundedSender<Move>,
        bus: Bus,
    ) -> Result<Arc<Self>, std::io::Error> {
        let fanout = Fanout::new();
        let hub = Arc::new(Self {
            rooms: (0..SHARDS).map(|_| Mutex::default()).collect(),
            users: (0..SHARDS).map(|_| Mutex::default()).collect(),
            addresses: Mutex::default(),
            fanout,
            metrics,
            settings,
            next_id: AtomicU64::new(1),
            count: AtomicUsize::new(0),
            emptied: Notify::new(),
            draining: watch::Sender::new(false),
            drained: AtomicUsize::new(0),
            endings: broadcast::Sender::new(MAX_ENDINGS),
            departures,
            moves,
            status_changes: AtomicU64::new(0),
            elsewhere: Elsewhere::new(bus),
            tick: AtomicU32::new(0),
        });
        hub.fanout.start(&hub)?;
        sweeper::start(&hub);
        if hub.elsewhere.bus().is_shared() {
            neighbours::start(&hub);
        }
        Ok(hub)
    }

    /// Hands committed events to the rooms, and what was told beside them to whom it concerns. The writer calls it in
    /// commit order; it never waits.
    pub(crate) fn publish(&self, commit: Commit) {
        let is_direct = commit.events.len() <= DIRECT_EVENTS;
        let mut receipts = Vec::new();
        for notice in commit.notices {
            match notice {
                Notice::Joined(conversation_id, user_id) => {
                    self.send_user_on_errand(user_id, Errand::Join(conversation_id));
                }
                Notice::Receipt(receipt) => receipts.push(receipt),
                Notice::Read(conversation_id, user_id) => {
                    self.send_user_on_errand(user_id, Errand::Count(conversation_id));
                }
                Notice::SessionEnded(user_id, session) => {
                    self.end_sessions(user_id, |own| own == Some(&session));
                }
                Notice::OtherSessionsEnded(user_id, keep) => {
                    self.end_sessions(user_id, |own| keep.is_none() || own != keep.as_deref());
                }
                Notice::StatusChosen(user_id) => {
                    self.status_changes.fetch_add(1, Ordering::SeqCst);
                    self.move_user(Move::Chose(user_id));
                }
                Notice::Signals(text) => {
                    if let Some(frame) = bus::Frame::read(&text) {
                        self.hear(frame);
                    }
                }
                Notice::BeginAnew => self.for_each(0, 1, |connection| connection.close(CloseCode::Restart)),
            }
        }
        // First all of them, so that everything for one room is written at once.
        let mut rooms = Vec::new();
        for event in commit.events {
            if let Some(room) = self.open_room(event.entry().conversation_id)
                && room.push(event)
            {
                rooms.push(room);
            }
        }
        // After the events: nobody learns a participant's position before the participant.
        for receipt in receipts {
            self.with_room(receipt.conversation_id, |room| room.push_receipt(receipt));
        }
        for room in rooms {
            if !(is_direct && room.drain_if_small(self)) {
                self.fanout.schedule(room);
            }
        }
    }

    /// What other nodes have, and are told.
    pub(super) fn elsewhere(&self) -> &Elsewhere {
        &self.elsewhere
    }

    /// Has the chat tell how a user looks now.
    pub(super) fn move_user(&self, moved: Move) {
        // Nobody listens only while the runtime ends.
        let _ = self.moves.send(moved);
    }

    /// Has the chat note that a user is gone.
    pub(super) fn depart(&self, user_id: UserId) {
        // Nobody listens only while the runtime ends.
        let _ = self.departures.send(Departure::now(user_id));
    }

    /// A status that was read is told to whoever took a seat before this changes, and may be old for others.
    pub(super) fn status_changes(&self) -> u64 {
        self.status_changes.load(Ordering::SeqCst)
    }

    /// Gives something to an open room, and schedules the room if it asks for that. Without a room, nobody is
    /// connected here: later clients read the log.
    fn with_room(&self, id: ConversationId, push: impl FnOnce(&Room) -> bool) {
        if let Some(room) = self.open_room(id)
            && push(&room)
        {
            self.fanout.schedule(room);
        }
    }

    pub(super) fn open_room(&self, id: ConversationId) -> Option<Arc<Room>> {
        shard(&self.rooms, id.0)?.lock().get(&id).map(|held| Arc::clone(&held.room))
    }

    /// Leaves an errand for the user sockets of a user.
    fn send_user_on_errand(&self, user_id: UserId, errand: Errand) {
        self.with_user(user_id, |connections| {
            let meant = connections.iter().filter(|connection| connection.dialect == Dialect::User);
            meant.for_each(|connection| connection.send_on_errand(errand));
        });
    }

    /// From now on, learns of new events in a conversation, and of ends of a user's sessions.
    pub(crate) fn watch(self: &Arc<Self>, id: ConversationId, user_id: UserId) -> News {
        News::new(Seat::reserve(self, id), user_id, self.endings.subscribe(), self.draining.subscribe())
    }

    /// Puts a new connection into the table of its user.
    ///
    /// # Errors
    /// The close code, if its user or its address has too many, or the server is stopping.
    pub(crate) fn register(
        self: &Arc<Self>,
        actor: Actor,
        dialect: Dialect,
        socket: Socket,
        address: Option<IpAddr>,
    ) -> Result<Registration, TurnedAway> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let user_id = actor.user_id;
        let Some(users) = shard(&self.users, user_id.0) else {
            return Err(TurnedAway { socket, code: CloseCode::Overloaded });
        };
        let mut users = users.lock();
        // A refused connection leaves no entry behind.
        let count = users.get(&user_id).map_or(0, Vec::len);
        if count >= self.settings.sockets_per_user || !self.count_up(address) {
            return Err(TurnedAway { socket, code: CloseCode::TooManySockets });
        }
        let open = users.entry(user_id).or_default();
        let connection = Arc::new(Connection::new(id, actor, dialect, socket, self.tick()));
        let is_first = open.is_empty();
        if is_first {
            self.elsewhere.arrive(user_id, &connection.actor.username);
        }
        // Most users have one.
        open.reserve_exact(1);
        open.push(Arc::clone(&connection));
        drop(users);
        self.count.fetch_add(1, Ordering::SeqCst);
        self.metrics.connections.inc();
        let registration = Registration { hub: Arc::clone(self), connection, address, is_first };
        // Checked after the entry, so that either this sees the drain or the drain sees the entry.
        if self.is_draining() {
            registration.connection.close(CloseCode::Restart);
        }
        Ok(registration)
    }

    /// Counts a connection of an address. False if the address has too many.
    fn count_up(&self, address: Option<IpAddr>) -> bool {
        let Some(address) = address else { return true };
        let mut addresses = self.addresses.lock();
        let open = addresses.entry(address).or_default();
        let has_room = *open < self.settings.sockets_per_address;
        *open += usize::from(has_room);
        has_room
    }

    /// Every open connection.
    pub(super) fn everybody(&self) -> Vec<Arc<Connection>> {
        self.users
            .iter()
            .flat_map(|users| users.lock().values().flatten().map(Arc::clone).collect::<Vec<_>>())
            .collect()
    }

    /// Looks at a user's connections.
    pub(super) fn with_user<T>(&self, user_id: UserId, look: impl FnOnce(&[Arc<Connection>]) -> T) -> T {
        let Some(users) = shard(&self.users, user_id.0) else { return look(&[]) };
        look(users.lock().get(&user_id).map_or(&[], Vec::as_slice))
    }

    /// Closes a user's connections whose sessions have ended, and tells those who watch a room without one.
    fn end_sessions(&self, user_id: UserId, has_ended: impl Fn(Option<&str>) -> bool) {
        // There may be no watcher.
        let _ = self.endings.send(user_id);
        self.with_user(user_id, |connections| {
            let ended = connections.iter().filter(|connection| has_ended(connection.session().as_deref()));
            ended.for_each(|connection| connection.close(CloseCode::SessionRevoked));
        });
    }

    /// Refuses new connections, closes the open ones, and waits until they are gone.
    pub(crate) async fn drain(&self) {
        // Before anybody leaves, because they will ask.
        self.drained.fetch_max(self.count.load(Ordering::SeqCst), Ordering::SeqCst);
        self.draining.send_replace(true);
        self.for_each(0, 1, |connection| connection.close(CloseCode::Restart));
        loop {
            let emptied = self.emptied.notified();
            if self.count.load(Ordering::SeqCst) == 0 {
                return;
            }
            emptied.await;
        }
    }

    /// The time over which the clients reconnect whose connections a stop ends.
    pub(crate) fn reconnect_spread(&self) -> Duration {
        spread(self.drained.load(Ordering::SeqCst))
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The sweeper's count of its rounds: the clock for everything that needs only rough timing.
    pub(crate) fn tick(&self) -> u32 {
        self.tick.load(Ordering::Relaxed)
    }

    pub(super) fn advance_tick(&self) -> u32 {
        self.tick.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Visits one part of all connections: those whose shard is `part` modulo `parts`.
    pub(super) fn for_each(&self, part: usize, parts: usize, visit: impl Fn(&Connection)) {
        for users in self.users.iter().skip(part).step_by(parts.max(1)) {
            for connection in users.lock().values().flatten() {
                visit(connection);
            }
        }
    }

    pub(super) fn hold_room(&self, id: ConversationId) -> Arc<Room> {
        let Some(rooms) = shard(&self.rooms, id.0) else { return Arc::new(Room::new(id)) };
        let mut rooms = rooms.lock();
        let held = rooms.entry(id).or_insert_with(|| Held { room: Arc::new(Room::new(id)), seats: 0 });
        held.seats += 1;
        Arc::clone(&held.room)
    }

    pub(super) fn release_room(&self, room: &Room) {
        let Some(rooms) = shard(&self.rooms, room.id.0) else { return };
        if let Entry::Occupied(mut held) = rooms.lock().entry(room.id) {
            held.get_mut().seats -= 1;
            if held.get().seats == 0 {
                held.remove();
            }
        }
    }
}

/// A socket that may not stay, and its close code.
pub(crate) struct TurnedAway {
    pub(crate) socket: Socket,
    pub(crate) code: CloseCode,
}

impl Registration {
    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let user_id = self.connection.actor.user_id;
        if let Some(users) = shard(&self.hub.users, user_id.0)
            && let Entry::Occupied(mut open) = users.lock().entry(user_id)
        {
            open.get_mut().retain(|other| other.id != self.connection.id);
            if open.get().is_empty() {
                open.remove();
                if !self.hub.is_draining() {
                    self.hub.elsewhere.depart(user_id);
                    self.hub.depart(user_id);
                }
            }
        }
        if let Some(address) = self.address
            && let Entry::Occupied(mut open) = self.hub.addresses.lock().entry(address)
        {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
            }
        }
        self.hub.metrics.connections.dec();
        if self.hub.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.hub.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
// A failed expectation is the point of a test.
#[allow(clippy::unwrap_used)]
mod tests {
    use chinwag_protocol::Timestamp;
    use chinwag_protocol::rest::UserRole;

    use super::*;

    #[tokio::test]
    async fn who_is_refused_leaves_no_entry_behind() {
        let settings = HubSettings {
            sockets_per_user: 1,
            sockets_per_address: 2,
            heartbeat: Duration::from_secs(60),
            write_stall: Duration::from_secs(60),
            typing_expiry: Duration::from_secs(60),
            frames: None,
        };
        let (departures, _) = mpsc::unbounded_channel();
        let ((moves, _), (bus, _)) = (mpsc::unbounded_channel(), Bus::alone());
        let hub = Hub::start(settings, Arc::new(Metrics::new()), departures, moves, bus).unwrap();
        let register = |user_id: i64, address: u8| {
            let (username, expires_at) = ("x".into(), Timestamp::now());
            let actor =
                Actor { user_id: UserId(user_id), username, role: UserRole::User, session: None, expires_at };
            let (socket, _) = tokio::io::duplex(64);
            hub.register(
                actor,
                Dialect::User,
                Socket::other(socket),
                Some(IpAddr::from([192, 0, 2, address])),
            )
        };
        let entries = || {
            let users: usize = hub.users.iter().map(|users| users.lock().len()).sum();
            (users, hub.addresses.lock().len())
        };
        let let_in = [register(1, 1), register(2, 1)];
        assert!(let_in.iter().all(Result::is_ok));
        // The address has too many, then the user.
        for user_id in 3..200 {
            assert!(register(user_id, 1).is_err(), "{user_id}");
        }
        for address in 2..200 {
            assert!(register(1, address).is_err(), "{address}");
        }
        assert_eq!(entries(), (2, 1));
        drop(let_in);
        assert_eq!(entries(), (0, 0));
    }

    #[test]
    fn a_lone_client_comes_back_at_once_and_a_thousand_are_spread_over_ten_seconds() {
        for (connections, milliseconds) in
            [(0, 500), (1, 500), (50, 500), (51, 510), (999, 9_990), (1_000, 10_000), (1_000_000, 10_000)]
        {
            assert_eq!(spread(connections), Duration::from_millis(milliseconds), "{connections}");
        }
    }
}
