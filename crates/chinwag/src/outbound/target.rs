//! Which servers may be called. A URL is checked when it is stored, and each address of its host again before
//! connecting, because a name may point elsewhere by then.
//!
//! By default only public addresses may be called, so that nobody can use this server to reach what is behind
//! its firewall.

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;
use url::{Host, Url};

use crate::peers::Peer;

/// The longest URL accepted. Those of push services have a few hundred bytes.
const MAX_URL_BYTES: usize = 2048;

/// Networks that are not public, or not globally reachable: the registries of special addresses of RFC 6890
/// and its updates, and the addresses where clouds keep their secrets.
const SPECIAL: [&str; 21] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
];
/// The only public part of IPv6. Ranges that embed an IPv4 address, such as `::ffff:0:0/96`, lie outside.
const PUBLIC_V6: &str = "2000::/3";
const DOCUMENTATION_V6: &str = "3fff::/20";

static NETWORKS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    SPECIAL.into_iter().chain([DOCUMENTATION_V6]).filter_map(|text| text.parse().ok()).collect()
});

/// Which servers may be called.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    allowed: Vec<Peer>,
}

impl Policy {
    pub(crate) fn new(allowed: Vec<Peer>) -> Self {
        Self { allowed }
    }

    fn allows_host(&self, name: &str) -> bool {
        self.allowed.iter().any(|peer| matches!(peer, Peer::Host(host) if host == name))
    }

    /// Whether a connection may be opened to this address.
    pub(crate) fn allows_address(&self, address: IpAddr) -> bool {
        is_public(address) || self.names_address(address)
    }

    /// Whether a connection for this target may be opened to this current address of its host.
    pub(super) fn allows(&self, target: &Target, address: IpAddr) -> bool {
        self.names(&target.host) || (target.is_encrypted() && self.allows_address(address))
    }

    /// Whether the operator named this very host, or a network that contains it.
    fn names(&self, host: &Host<String>) -> bool {
        match host {
            Host::Domain(name) => self.allows_host(name),
            Host::Ipv4(address) => self.names_address((*address).into()),
            Host::Ipv6(address) => self.names_address((*address).into()),
        }
    }

    fn names_address(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|peer| matches!(peer, Peer::Network(network) if network.contains(&address)))
    }
}

fn is_public(address: IpAddr) -> bool {
    let is_special = NETWORKS.iter().any(|network| network.contains(&address));
    let is_in_range = match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(_) => PUBLIC_V6.parse::<IpNet>().is_ok_and(|network| network.contains(&address)),
    };
    is_in_range && !is_special
}

/// Where a call may go: an https URL whose host, if it is an address, may be called; or an http URL whose
/// host the operator named. Plain http can be read and changed on the way, so it must stay in the operator's
/// own network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    url: Url,
    host: Host<String>,
}

impl Target {
    /// Parses a URL from a user.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(crate) fn parse(text: &str, policy: &Policy) -> Result<Self, &'static str> {
        if text.len() > MAX_URL_BYTES {
            return Err("the URL has more than 2,048 bytes");
        }
        // The parser would drop line ends and spaces, but the stored URL should be the one that was meant.
        if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            return Err("the URL has a space or a control character");
        }
        let url = Url::parse(text).map_err(|_| "this is not a URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("the URL must begin with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL must not name a user");
        }
        if url.fragment().is_some() {
            return Err("the URL must not have a fragment");
        }
        // The parser has turned 2130706433, 0177.1 and 0x7f000001 into 127.0.0.1.
        let host = url.host().ok_or("the URL has no host")?.to_owned();
        let is_allowed = match &host {
            Host::Domain(_) => true,
            Host::Ipv4(address) => policy.allows_address((*address).into()),
            Host::Ipv6(address) => policy.allows_address((*address).into()),
        };
        let target = Self { url, host };
        if !target.is_encrypted() && !policy.names(&target.host) {
            return Err(
                "the URL must begin with https://: http:// is for servers that --outbound-allow names",
            );
        }
        if is_allowed { Ok(target) } else { Err("this address may not be called") }
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The URL as it is stored.
    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str()
    }

    pub(super) fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The host as people read it.
    pub(crate) fn host_name(&self) -> String {
        self.host.to_string()
    }

    pub(super) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Scheme, host and port: the audience of a VAPID token.
    pub(super) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The host, with its port unless that is the default: the `Host` header.
    pub(super) fn authority(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    pub(super) fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(text: &str) -> Result<Target, &'static str> {
        Target::parse(text, &Policy::new(Vec::new()))
    }

    #[test]
    fn what_is_no_public_https_url_is_refused() {
        for text in [
            "http://push.example/x",
            "ftp://push.example/x",
            "//push.example/x",
            "push.example",
            "https://",
            "https://user@push.example/x",
            "https://user:secret@push.example/x",
            "https://push.example/x#part",
            "https://push.example/x\r\nX-Injected: 1",
            "https://push.example/x\ty",
            "https://push.example/ x",
            " https://push.example/x",
            "https://push.example/\u{85}",
            "https://127.0.0.1/x",
            "https://127.1/x",
            "https://2130706433/x",
            "https://0x7f000001/x",
            "https://0177.0.0.1/x",
            "https://0x7f.1/x",
            "https://１２７.0.0.1/x",
            "https://10.0.0.1/x",
            "https://172.31.255.255/x",
            "https://192.168.1.1/x",
            "https://169.254.169.254/latest/meta-data",
            "https://168.63.129.16/x",
            "https://100.64.0.1/x",
            "https://100.100.100.200/x",
            "https://0.0.0.0/x",
            "https://224.0.0.1/x",
            "https://255.255.255.255/x",
            "https://[::1]/x",
            "https://[::]/x",
            "https://[::ffff:127.0.0.1]/x",
            "https://[::ffff:8.8.8.8]/x",
            "https://[::127.0.0.1]/x",
            "https://[64:ff9b::7f00:1]/x",
            "https://[2002:7f00:1::]/x",
            "https://[2001::7f00:1]/x",
            "https://[fc00::1]/x",
            "https://[fd00:ec2::254]/x",
            "https://[fe80::1]/x",
            "https://[ff02::1]/x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("https://push.example/{}", "x".repeat(3000))).is_err());
    }

    #[test]
    fn endpoints_of_push_services_are_taken_as_they_are() {
        for text in [
            "https://fcm.googleapis.com/fcm/send/abc:def-_",
            "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
            "https://web.push.apple.com/QA",
            "https://ntfy.example:8443/upABC?up=1",
            "https://8.8.8.8/x",
            "https://[2606:4700::1111]/x",
        ] {
            assert_eq!(parse(text).unwrap().as_str(), text);
        }
        let target = parse("https://ntfy.example:8443/up?up=1").unwrap();
        assert_eq!(
            (target.authority(), target.origin(), target.port()),
            ("ntfy.example:8443".to_owned(), "https://ntfy.example:8443".to_owned(), 8443)
        );
        assert_eq!(target.path_and_query(), "/up?up=1");
        assert_eq!(parse("https://8.8.8.8/x").unwrap().authority(), "8.8.8.8");
        assert_eq!(parse("https://[2606:4700::1111]:1/x").unwrap().authority(), "[2606:4700::1111]:1");
    }

    #[test]
    fn names_are_judged_by_their_addresses() {
        let target = parse("https://localhost/x").unwrap();
        let nobody = Policy::new(Vec::new());
        assert!(!nobody.allows(&target, [127, 0, 0, 1].into()));
        assert!(nobody.allows(&target, [8, 8, 8, 8].into()));
        let by_name = Policy::new(vec!["localhost".parse().unwrap()]);
        assert!(by_name.allows(&target, [127, 0, 0, 1].into()));
        assert!(!by_name.allows(&parse("https://localhost./x").unwrap(), [127, 0, 0, 1].into()));
        let by_network = Policy::new(vec!["10.0.0.0/8".parse().unwrap()]);
        assert!(by_network.allows(&target, [10, 1, 2, 3].into()));
        assert!(!by_network.allows(&target, [127, 0, 0, 1].into()));
        assert!(Target::parse("https://10.1.2.3/x", &by_network).is_ok());
        assert!(Target::parse("https://[::ffff:10.1.2.3]/x", &by_network).is_err());
    }

    #[test]
    fn without_encryption_only_what_was_named_is_called() {
        let allowed = ["bot.internal", "10.1.0.0/16", "8.8.8.8", "fd00::/8"];
        let policy = Policy::new(allowed.map(|peer| peer.parse().unwrap()).to_vec());
        for text in [
            "http://bot.internal/hook",
            "http://bot.internal:8080/hook",
            "http://10.1.2.3/hook",
            "http://8.8.8.8/hook",
            "http://[fd00::1]:81/hook",
        ] {
            let target = Target::parse(text, &policy).unwrap();
            assert_eq!(target.as_str(), text);
            assert!(!target.is_encrypted());
        }
        assert_eq!(Target::parse("http://bot.internal/x", &policy).unwrap().port(), 80);
        // Being public is not being named, and a name does not include its network.
        for text in [
            "http://example.com/hook",
            "http://2.2.2.2/hook",
            "http://10.2.0.1/hook",
            "http://localhost/hook",
            "http://x.bot.internal/hook",
            "http://bot.internal./hook",
            "ws://bot.internal/hook",
        ] {
            assert!(Target::parse(text, &policy).is_err(), "{text}");
        }
        let named = Target::parse("http://bot.internal/hook", &policy).unwrap();
        assert!(policy.allows(&named, [192, 168, 0, 1].into()));
        let address = Target::parse("http://10.1.2.3/hook", &policy).unwrap();
        assert!(policy.allows(&address, [10, 1, 2, 3].into()));
        assert!(!Policy::new(Vec::new()).allows(&address, [10, 1, 2, 3].into()));
    }

    #[test]
    fn peers_are_names_addresses_or_networks() {
        for text in ["push.example", "10.1.2.3", "10.0.0.0/8", "fd00::/8", "::1", "localhost"] {
            assert!(text.parse::<Peer>().is_ok(), "{text}");
        }
        for text in ["", "https://push.example", "push.example:443", "10.0.0.0/33", "a b", "2130706433", "*"]
        {
            assert!(text.parse::<Peer>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_special_network_is_readable() {
        assert_eq!(NETWORKS.len(), SPECIAL.len() + 1);
        assert!(is_public([2, 2, 2, 2].into()));
        assert!(!is_public([240, 0, 0, 1].into()));
    }
}
