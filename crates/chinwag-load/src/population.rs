//! Users and conversations for a bench, made over REST before the measurement.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use chinwag_client::{Api, Client};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;

use crate::error::{BenchError, system};
use crate::target::Target;

/// Simultaneous requests during preparation: the server commits what arrives together in one batch.
const HANDS: usize = 16;
/// In a larger room, several sockets share a user: the room hears of each new user, which would take longer
/// than the bench.
const MAX_USERS_OF_A_ROOM: usize = 1000;
/// The RFC's own example, whose answer is known.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// That answer.
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Sockets to open, room by room: `room_size` neighbours share a conversation.
pub(crate) struct Population {
    pub(crate) address: SocketAddr,
    /// For each socket, the request that opens it.
    pub(crate) requests: Vec<Vec<u8>>,
    /// For each socket, the path that it requests.
    paths: Vec<String>,
    pub(crate) room_size: usize,
}

struct User {
    id: u64,
    token: String,
}

impl Population {
    /// Makes users and conversations for `sockets` sockets.
    pub(crate) fn make(target: &Target, sockets: usize, room_size: usize) -> Result<Self, BenchError> {
        if sockets == 0 || room_size == 0 || !sockets.is_multiple_of(room_size) {
            return Err(BenchError::Options(
                "sockets must fill whole rooms: choose a multiple of the room's size",
            ));
        }
        let count = if room_size > MAX_USERS_OF_A_ROOM { sockets.min(MAX_USERS_OF_A_ROOM) } else { sockets };
        let users = in_parallel(target, count, &async |client, number| {
            let token = target.token(number)?;
            // A new token makes the server create its user.
            let user = Api::new(client, &token).get("/users/me").await?;
            Ok(User { id: id_of(&user)?, token })
        })?;
        let user = |socket: usize| users.get(socket % users.len());
        let rooms = in_parallel(target, sockets / room_size, &async |client, room| {
            let members = (room * room_size..(room + 1) * room_size).filter_map(user);
            let ids: BTreeSet<u64> = members.clone().map(|user| user.id).collect();
            let owner = members.clone().next().map_or("", |user| &user.token);
            let body = json!({"title": format!("Room {room}"), "participant_ids": ids});
            id_of(&Api::new(client, owner).post("/conversations/", &body).await?)
        })?;
        let path = |socket: usize| {
            let (room, user) = (rooms.get(socket / room_size)?, user(socket)?);
            Some(format!("/conversations/{room}/ws?token={}", user.token))
        };
        let paths: Vec<String> = (0..sockets).filter_map(path).collect();
        let requests = paths.iter().map(|path| upgrade_request(path, target.address)).collect();
        Ok(Self { address: target.address, requests, paths, room_size })
    }

    /// For each socket, the request that reopens it after its room's cursor.
    pub(crate) fn resumes(&self, cursors: &[String]) -> Vec<Vec<u8>> {
        let paths = self.paths.iter().enumerate();
        let resume = |(socket, path): (usize, &String)| {
            let cursor = cursors.get(socket / self.room_size)?;
            Some(upgrade_request(&format!("{path}&v=1&after={cursor}"), self.address))
        };
        paths.filter_map(resume).collect()
    }
}

/// The opening handshake (RFC 6455 section 4.1).
pub(crate) fn upgrade_request(path: &str, host: SocketAddr) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn id_of(value: &serde_json::Value) -> Result<u64, BenchError> {
    value
        .get("id")
        .and_then(serde_json::Value::as_u64)
        .ok_or_else(|| BenchError::Protocol(format!("no id in {value}")))
}

/// Runs `work` with a client whose connections end with it.
pub(crate) fn prepare<T>(
    target: &Target,
    work: impl AsyncFnOnce(&Client) -> Result<T, BenchError>,
) -> Result<T, BenchError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(system("can't start a runtime"))?;
    let client = Client::new(&format!("http://{}", target.address), None)?;
    runtime.block_on(work(&client))
}

/// Runs `work` for each number below `count`, several at once; returns the results in order.
pub(crate) fn in_parallel<T>(
    target: &Target,
    count: usize,
    work: &impl AsyncFn(&Client, usize) -> Result<T, BenchError>,
) -> Result<Vec<T>, BenchError> {
    prepare(target, async |client| {
        stream::iter(0..count).map(|number| work(client, number)).buffered(HANDS).try_collect().await
    })
}
