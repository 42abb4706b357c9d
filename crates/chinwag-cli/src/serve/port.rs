//! Why an address can't be bound, and what to run instead.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::SocketAddr;

use crate::failure::{Exit, Failure};

/// Explains the error of binding `address`.
pub(super) fn explain(error: &io::Error, address: SocketAddr) -> Failure {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let owner = owner(address.port()).map(|owner| format!(" by {owner}")).unwrap_or_default();
            let next = address.port().checked_add(1).unwrap_or_default();
            let command = command_with(&SocketAddr::new(address.ip(), next), std::env::args_os());
            Failure::new(Exit::Io, format!("port {} of {} is in use{owner}", address.port(), address.ip()))
                .fix(command)
        }
        io::ErrorKind::PermissionDenied => Failure::new(
            Exit::Io,
            format!("this user may not listen on port {}", address.port()),
        )
        .fix(
            "choose a port from 1024 up, or give the binary the capability: setcap cap_net_bind_service=+ep",
        ),
        io::ErrorKind::AddrNotAvailable => {
            let what = format!("{} is not an address of this computer", address.ip());
            Failure::new(Exit::Io, what).fix("`ip address` lists them; 0.0.0.0 means all of them")
        }
        // How the library reports certificate files that it can't use.
        io::ErrorKind::InvalidInput => Failure::new(Exit::Config, error),
        _ => Failure::new(Exit::Io, format!("can't listen on {address}: {error}")),
    }
}

/// The given command, with another address.
fn command_with(address: &SocketAddr, arguments: impl Iterator<Item = OsString>) -> String {
    let mut words = Vec::new();
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        if argument == "--listen" {
            // Skip its value, too.
            arguments.next();
        } else if !argument.starts_with("--listen=") {
            words.push(quoted(&argument));
        }
    }
    words.push(format!("--listen {address}"));
    words.join(" ")
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Who listens on a port: `process 4711 (name)`. Best effort: we can't see other users' processes.
fn owner(port: u16) -> Option<String> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(|row| listening_inode(row, port)).collect::<Vec<_>>())
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = fs::read_dir("/proc").ok()?;
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let links = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
        if links.into_iter().any(|link| inodes.iter().any(|inode| link.as_os_str() == inode.as_str())) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("process {pid} ({})", name.trim_end()));
        }
    }
    None
}

/// The inode of a row of `/proc/net/tcp`, if it listens on this port: see proc_pid_net(5).
fn listening_inode(row: &str, port: u16) -> Option<String> {
    const LISTENING: &str = "0A";
    let fields: Vec<&str> = row.split_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let local_port = u16::from_str_radix(local.rsplit(':').next()?, 16).ok()?;
    (*state == LISTENING && local_port == port).then(|| (*inode).to_owned())
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_command_is_the_same_but_for_the_address() {
        let address = "127.0.0.1:8001".parse().unwrap();
        for (given, expected) in [
            (vec!["chinwag"], "chinwag --listen 127.0.0.1:8001"),
            (
                vec!["./chinwag", "demo", "--listen", ":8000", "--data-dir", "my data"],
                "./chinwag demo --data-dir 'my data' --listen 127.0.0.1:8001",
            ),
            (vec!["chinwag", "serve", "--listen=:8000"], "chinwag serve --listen 127.0.0.1:8001"),
        ] {
            assert_eq!(command_with(&address, given.into_iter().map(Into::into)), expected);
        }
    }

    #[test]
    fn a_listener_of_this_process_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let found = owner(listener.local_addr().unwrap().port()).unwrap();
        assert!(found.starts_with(&format!("process {} (", std::process::id())), "{found}");
    }
}
