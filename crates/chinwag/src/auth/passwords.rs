//! Passwords: Argon2id on a bounded pool.
//!
//! A hash takes about 15 ms of a core and 19 MiB. Only a few run at once and only a few wait, so a flood of
//! sign-ins can't take the server's memory or all of its cores.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use chinwag_protocol::limits::PASSWORD_BYTES;
use tokio::sync::Semaphore;

use crate::unicode::nfc;

/// The most sign-ins that wait for a core.
const MAX_WAITING: usize = 32;
/// RFC 9106 section 4 and the usual advice for servers: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Cheap to clone; all clones share the pool.
#[derive(Clone)]
pub(crate) struct Passwords {
    pool: Arc<Pool>,
}

struct Pool {
    permits: Semaphore,
    waiting: AtomicUsize,
    /// The hash to check if there is no such user, so that the answer takes as long.
    dummy: String,
}

/// Why a password was not hashed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordError {
    /// Too many are waiting already.
    Busy,
    /// The hasher failed.
    Failed,
}

impl Passwords {
    /// # Errors
    /// If the hasher does not work at all.
    pub(crate) fn new() -> Result<Self, PasswordError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let pool = Pool {
            permits: Semaphore::new(cores.saturating_sub(1).max(1)),
            waiting: AtomicUsize::new(0),
            dummy: hash_now("no such user")?,
        };
        Ok(Self { pool: Arc::new(pool) })
    }

    /// The PHC string to store for a password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move |_| hash_now(&password)).await?
    }

    /// Whether the password matches the stored hash. Without a hash it takes as long, and says no.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordError> {
        self.run(move |pool| {
            let is_right = verify_now(&password, hash.as_deref().unwrap_or(&pool.dummy));
            is_right && hash.is_some()
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Pool) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _slot = Slot::take(&self.pool)?;
        let permit = self.pool.permits.acquire().await.map_err(|_| PasswordError::Failed)?;
        let pool = Arc::clone(&self.pool);
        let result = tokio::task::spawn_blocking(move || work(&pool)).await;
        drop(permit);
        result.map_err(|_| PasswordError::Failed)
    }
}

/// A place among those that wait or run; given back on drop, also if the caller goes away.
struct Slot<'a>(&'a Pool);

impl<'a> Slot<'a> {
    fn take(pool: &'a Pool) -> Result<Self, PasswordError> {
        let taken = pool.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(pool);
        if taken >= MAX_WAITING { Err(PasswordError::Busy) } else { Ok(place) }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| PasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes on the calling thread, for the command line.
pub(crate) fn hash_now(password: &str) -> Result<String, PasswordError> {
    let hash: PasswordHash =
        argon2()?.hash_password(nfc(password).as_bytes()).map_err(|_| PasswordError::Failed)?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> bool {
    // Longer ones were never accepted, and hashing them anyway would give an attacker free work.
    if password.len() > *PASSWORD_BYTES.end() {
        return false;
    }
    let (Ok(hash), Ok(argon2)) = (PasswordHash::new(hash), argon2()) else { return false };
    let composed = nfc(password);
    // Older hashes were made of the password as typed, before passwords were normalized.
    argon2.verify_password(composed.as_bytes(), &hash).is_ok()
        || (composed != password && argon2.verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn only_the_right_password_passes() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse".to_owned(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("no such user".to_owned(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_flood_is_refused_instead_of_queued() {
        let passwords = Passwords::new().unwrap();
        let flood: Vec<_> = (0..200)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.verify("x".repeat(8), None).await })
            })
            .collect();
        let mut busy = 0;
        for attempt in flood {
            if attempt.await.unwrap() == Err(PasswordError::Busy) {
                busy += 1;
            }
        }
        assert!(busy > 0, "with 200 at once some must be refused");
        assert_eq!(passwords.verify("later".to_owned(), None).await, Ok(false), "and afterwards all is well");
    }
}
