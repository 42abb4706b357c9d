//! Servers of others that an operator names, and how their names become addresses. The configuration has them, and
//! `outbound` goes by them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use url::Host;

/// A server that may be called although it is none of the public internet: a host name, or addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Whatever addresses this name has.
    Host(String),
    /// Addresses by which it may be called, or which its name has.
    Network(IpNet),
}

impl FromStr for Peer {
    type Err = String;

    /// Reads `push.example.com`, `10.1.2.3` or `10.0.0.0/8`.
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
            _ => Err(format!("{text:?} is neither a host name, nor an address, nor a network")),
        }
    }
}

/// How names become addresses: as the system does it, unless an embedding host does it otherwise.
#[derive(Clone, Default)]
pub struct Names(Option<Arc<Lookup>>);

type Lookup = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

impl Names {
    /// Asks this function, which must not block, instead of the system.
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
