//! Other servers that an operator names, and how their names are resolved. The configuration holds them, and
//! `outbound` applies them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use url::Host;

/// A server that may be called although it is not on the public internet: a host name, or addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Every address of this name.
    Host(String),
    /// Addresses that may be called directly, or that a name may resolve to.
    Network(IpNet),
}

impl FromStr for Peer {
    type Err = String;

    /// Parses `push.example.com`, `10.1.2.3` or `10.0.0.0/8`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network(address.into()));
        }
        let is_plain = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter));
        match Host::parse(text) {
            Ok(Host::Domain(name)) if is_plain => Ok(Self::Host(name)),
            _ => Err(format!("{text:?} is not a host name, an address or a network")),
        }
    }
}

/// How names are resolved: by the system, unless an embedding host provides a function.
#[derive(Clone, Default)]
pub struct Names(Option<Arc<Lookup>>);

type Lookup = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

impl Names {
    /// Resolves with this function, which must not block, instead of the system.
    pub fn by(lookup: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(lookup)))
    }

    pub(crate) async fn addresses(&self, name: &str, port: u16) -> Result<Vec<IpAddr>, std::io::Error> {
        match &self.0 {
            Some(lookup) => Ok(lookup(name)),
            None => {
                let found = tokio::net::lookup_host((name, port)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Names(own)" } else { "Names(system)" })
    }
}
