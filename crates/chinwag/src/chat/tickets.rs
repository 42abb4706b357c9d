//! Tickets: single-use credentials for a WebSocket, for clients that can only put something into its URL.
//!
//! Any server of the database takes a ticket of any other, once. What the database has of it is its hash, and the token
//! that it stands for, under a key that only the ticket gives.

use std::time::Duration;

use chinwag_protocol::{Timestamp, rest};

use super::Chat;
use super::sessions::hash;
use crate::auth::{Actor, seal, unseal};
use crate::error::Refusal;
use crate::store::{TokenPurpose, View, random_token};

const LIFETIME: Duration = Duration::from_secs(30);

impl Chat {
    /// Creates a ticket that replaces the caller's token, once.
    ///
    /// # Errors
    /// `RateLimited`.
    pub(crate) async fn issue_ticket(&self, actor: &Actor, token: &str) -> Result<rest::Ticket, Refusal> {
        self.limit(actor)?;
        let ticket = random_token();
        let (hash, sealed) = (hash(&ticket), seal(&ticket, token).map_err(|_| Refusal::Internal)?);
        let expires_at = Timestamp::now().after(LIFETIME);
        self.store()
            .write(move |change| {
                Ok::<_, Refusal>(change.keep_one_time_token(
                    TokenPurpose::Ticket,
                    &hash,
                    &sealed,
                    expires_at,
                )?)
            })
            .await?;
        Ok(rest::Ticket { ticket, expires_in: LIFETIME.as_secs() })
    }

    /// Returns the token that a ticket stands for, and voids the ticket.
    pub(crate) async fn spend_ticket(&self, ticket: &str) -> Result<Option<String>, Refusal> {
        let (hash, now) = (hash(ticket), Timestamp::now());
        let is_known = {
            let hash = hash.clone();
            move |view: &View| Ok::<_, Refusal>(view.is_one_time_token(TokenPurpose::Ticket, &hash, now)?)
        };
        // Strangers who guess must not keep the writer busy.
        if !self.store().read(is_known).await? {
            return Ok(None);
        }
        let spent = self.store().write(move |change| {
            Ok::<_, Refusal>(change.spend_one_time_token(TokenPurpose::Ticket, &hash, now)?)
        });
        Ok(spent.await?.and_then(|sealed| unseal(ticket, sealed)))
    }
}
