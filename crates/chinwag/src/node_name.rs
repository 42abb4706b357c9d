//! The name of a server among those of its database.

use std::fmt;
use std::str::FromStr;

/// Longer names would fill the lines of the log.
const MAX_NAME: usize = 64;

/// The name of a server among those of its database: in its logs, its metrics and `/healthz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeName(String);

impl NodeName {
    /// The host's name and a random part.
    #[must_use]
    pub fn of_this_host() -> Self {
        let system = rustix::system::uname();
        let host = system.nodename().to_string_lossy();
        let host: String =
            host.chars().filter(|character| is_allowed(*character)).take(MAX_NAME - 7).collect();
        let part = format!("{:06x}", rand::random::<u32>() & 0xff_ffff);
        Self(if host.is_empty() { part } else { format!("{host}-{part}") })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_NAME || !text.chars().all(is_allowed) {
            return Err(format!("{text:?} is no name of a node: 1 to {MAX_NAME} of A-Z a-z 0-9 . _ -"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._-".contains(character)
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_name_is_one_plain_word() {
        assert_eq!("chat-1.example_org".parse::<NodeName>().unwrap().as_str(), "chat-1.example_org");
        for wrong in ["", "two words", "a\"b", "ü", &"x".repeat(65)] {
            assert!(wrong.parse::<NodeName>().is_err(), "{wrong}");
        }
        let (one, other) = (NodeName::of_this_host(), NodeName::of_this_host());
        assert_ne!(one, other);
        assert_eq!(one.as_str().parse::<NodeName>().unwrap(), one);
    }
}
