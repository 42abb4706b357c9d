//! Tickets: single-use credentials for a WebSocket, for clients that can only put something into its URL.
//!
//! Kept in memory: a client that loses one to a restart requests another.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chinwag_protocol::rest;
use parking_lot::Mutex;

use super::Chat;
use crate::auth::Actor;
use crate::error::Refusal;
use crate::store::random_token;

const LIFETIME: Duration = Duration::from_secs(30);
/// The most unspent tickets of the whole server.
const MAX_TICKETS: usize = 100_000;

#[derive(Default)]
pub(super) struct Tickets {
    open: Mutex<HashMap<String, (String, Instant)>>,
}

impl Chat {
    /// Creates a ticket that replaces the caller's token, once.
    ///
    /// # Errors
    /// `RateLimited`, `Unavailable` if too many are unspent.
    pub(crate) fn issue_ticket(&self, actor: &Actor, token: &str) -> Result<rest::Ticket, Refusal> {
        self.limit(actor)?;
        let now = Instant::now();
        let mut open = self.inner.tickets.open.lock();
        if open.len() >= MAX_TICKETS {
            open.retain(|_, (_, until)| *until > now);
            if open.len() >= MAX_TICKETS {
                return Err(Refusal::Unavailable);
            }
        }
        let ticket = random_token();
        open.insert(ticket.clone(), (token.to_owned(), now + LIFETIME));
        Ok(rest::Ticket { ticket, expires_in: LIFETIME.as_secs() })
    }

    /// Returns the token that a ticket stands for, and voids the ticket.
    pub(crate) fn spend_ticket(&self, ticket: &str) -> Option<String> {
        let (token, until) = self.inner.tickets.open.lock().remove(ticket)?;
        (until > Instant::now()).then_some(token)
    }
}
