//! Failed sign-ins, counted over all servers of a database: a failure is written there, and read before the next attempt.
//!
//! Attempts that are under way count on their own server alone: against somebody who guesses on several at once, each
//! server lets its burst through. Without other servers nothing is written or read.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::Chat;
use super::sessions::hash;
use crate::error::Refusal;
use crate::unicode::fold;

/// Under which digests the database counts: it need not know who tried to sign in from where.
#[derive(Clone)]
pub(super) struct Counted {
    account: Vec<u8>,
    address: Vec<u8>,
}

impl Counted {
    pub(super) fn new(name: &str, address: Option<IpAddr>) -> Self {
        let address = address.map_or_else(String::new, |address| address.to_string());
        Self {
            account: hash(&format!("account {}", fold(name))),
            address: hash(&format!("address {address}")),
        }
    }
}

impl Chat {
    /// Learns of failures on other servers, before a sign-in.
    pub(super) async fn learn_failures(&self, name: &str, address: Option<IpAddr>) -> Result<(), Refusal> {
        if !self.counts_together() {
            return Ok(());
        }
        let counted = Counted::new(name, address);
        let keys = counted.clone();
        let found = self
            .store()
            .read(move |view| Ok::<_, Refusal>(view.failed_sign_ins([&keys.account, &keys.address])?))
            .await?;
        let (limits, now) = (&self.inner.limits, Instant::now());
        for (key, left) in found {
            if key == counted.account {
                limits.logins_per_account.learn(&fold(name), now + left);
            } else if let Some(address) = address {
                limits.logins_per_address.learn(&address, now + left);
            }
        }
        Ok(())
    }

    /// Tells other servers of a failure of this account, and from this address.
    pub(super) async fn tell_failure(&self, name: Option<&str>, address: Option<IpAddr>) {
        if !self.counts_together() {
            return;
        }
        let counted = Counted::new(name.unwrap_or_default(), address);
        let limits = &self.config().limits;
        let account = name.map(|_| (counted.account, limits.logins_per_account.every));
        let address = address.map(|_| (counted.address, limits.logins_per_address.every));
        let failures: Vec<(Vec<u8>, Duration)> = account.into_iter().chain(address).collect();
        let told = self.store().write(move |change| {
            for (key, every) in &failures {
                change.note_failed_sign_in(key, *every)?;
            }
            Ok::<_, Refusal>(())
        });
        if let Err(error) = told.await {
            tracing::warn!(%error, "can't tell other servers of a failed sign-in");
        }
    }

    fn counts_together(&self) -> bool {
        self.store().is_shared() && self.config().limits.is_enforced
    }
}
