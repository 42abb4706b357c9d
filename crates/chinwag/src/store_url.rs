//! The address of the database, where that is not a file.

use std::fmt;
use std::str::FromStr;

/// The address of a PostgreSQL database, `postgres://user:password@host:port/database`. Read it from text with
/// [`str::parse`]. Nothing that is printed of it has the password.
///
/// Behind a `?` may stand what libpq knows: `sslmode` (`disable`, `prefer`, `require`), `sslrootcert`, `options`,
/// `connect_timeout`. With `require` the certificate is checked, as libpq's `verify-full` does it; with `prefer`, the
/// default, it is not.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    text: String,
    shown: String,
}

impl StoreUrl {
    /// With the password.
    pub(crate) fn secret(&self) -> &str {
        &self.text
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Not the text itself: it may have a password.
        let mut url =
            url::Url::parse(text).map_err(|error| format!("it is no address: {error}; {EXAMPLE}"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(format!("it begins with {}://; {EXAMPLE}", url.scheme()));
        }
        if url.path().trim_matches('/').is_empty() {
            return Err(format!("it names no database; {EXAMPLE}"));
        }
        if url.password().is_some() {
            // Fails only for addresses without a host, which can't have a password.
            let _ = url.set_password(None);
        }
        url.set_query(None);
        Ok(Self { text: text.to_owned(), shown: url.into() })
    }
}

const EXAMPLE: &str = "give postgres://user:password@host/database";

impl fmt::Display for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("StoreUrl").field(&self.shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::StoreUrl;

    fn read(text: &str) -> Result<StoreUrl, String> {
        text.parse()
    }

    #[test]
    fn no_print_has_the_password() {
        let shown = read("postgres://ann:hidden@db.example.com:5433/chat?sslpassword=hidden").map(|url| {
            assert!(url.secret().contains("hidden"));
            [url.to_string(), format!("{url:?}")]
        });
        for text in shown.into_iter().flatten() {
            assert!(!text.contains("hidden"), "{text}");
            assert!(text.contains("postgres://ann@db.example.com:5433/chat"), "{text}");
        }
    }

    #[test]
    fn what_is_no_database_is_refused_without_being_repeated() {
        for text in [
            "",
            "chat",
            "mysql://ann:hidden@db/chat",
            "postgres://ann:hidden@db",
            "postgres://ann:hidden@db/",
        ] {
            let refused = read(text).err().unwrap_or_default();
            assert!(refused.contains("postgres://user:password@host/database"), "{text}: {refused}");
            assert!(!refused.contains("hidden"), "{refused}");
        }
    }
}
