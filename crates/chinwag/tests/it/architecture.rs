//! The layers, as ARCHITECTURE.md draws them: which module may use which, and how long a file may grow.

use std::path::{Path, PathBuf};

use chinwag::protocol::EventKind;
use chinwag::protocol::rest::ConversationKind;

/// A folder or file of the library, what it must not name, and why.
const RULES: [(&str, &[&str], &str); 10] = [
    (
        "chinwag/src/chat",
        &["axum", "hyper", "tower", "rusqlite", "tokio::net", "crate::http", "crate::server"],
        "the rules of the chat know no HTTP, no SQL and no sockets",
    ),
    (
        "chinwag/src/store",
        &[
            "axum",
            "hyper",
            "tower",
            "tokio::net",
            "crate::chat",
            "crate::http",
            "crate::realtime",
            "crate::auth",
            "crate::outbound",
        ],
        "the store keeps rows and knows no rules and no transports",
    ),
    (
        "chinwag/src/blobs",
        &[
            "axum",
            "hyper",
            "tower",
            "rusqlite",
            "tokio::net",
            "crate::auth",
            "crate::chat",
            "crate::http",
            "crate::realtime",
            "crate::store",
        ],
        "bytes of files are kept without knowing whose they are",
    ),
    (
        "chinwag/src/realtime",
        &["axum", "hyper", "tower", "rusqlite", "crate::http", "crate::server", "crate::chat"],
        "live delivery moves bytes and knows no rules; HTTP hands it sockets, and pages of the log",
    ),
    (
        "chinwag/src/auth",
        &["axum", "hyper", "rusqlite", "crate::http", "crate::chat", "crate::store", "crate::realtime"],
        "tokens and passwords are computed, not looked up",
    ),
    (
        "chinwag/src/outbound",
        &[
            "axum",
            "rusqlite",
            "crate::http",
            "crate::chat",
            "crate::store",
            "crate::realtime",
            "crate::push",
            "crate::auth",
        ],
        "a call to another server knows its address and its bytes, not what they are about",
    ),
    (
        "chinwag/src/push",
        &[
            "axum",
            "rusqlite",
            "tokio::net",
            "tokio_rustls",
            "crate::http",
            "crate::realtime",
            "crate::store::Store",
            "crate::store::Change",
        ],
        "the workers ask the chat what to do, and call others only through outbound",
    ),
    (
        "chinwag/src/http",
        &["rusqlite", "crate::store::Store", "crate::store::Change"],
        "routes ask the chat, never the database",
    ),
    (
        "chinwag-protocol/src",
        &["chinwag::", "chinwag_ws", "chinwag_web", "tokio", "axum", "hyper", "rusqlite"],
        "the words of the wire are plain data that anybody can use",
    ),
    (
        "chinwag-ws/src",
        &["chinwag::", "chinwag_protocol", "chinwag_web", "tokio", "axum", "hyper", "std::net", "std::io"],
        "framing does no I/O and knows no chat",
    ),
];

/// A longer file does two things.
const MAX_LINES: usize = 500;

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below a folder.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    files(folder, &["rs"])
}

/// Every file below a folder whose name ends like this.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target" && name != "node_modules") {
            found.extend(files(&path, extensions));
        } else if extensions.iter().any(|known| path.extension().is_some_and(|extension| extension == *known))
        {
            found.push(path);
        }
    }
    found
}

/// The code without its comments, and without its tests, which may use anything. Paths begin at the crate,
/// and `use crate::{a, b}` is expanded.
fn code(module: &[String], text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let mut code = absolute(module, &lines.collect::<Vec<_>>().join("\n"));
    let mut uses = Vec::new();
    for (at, _) in code
        .match_indices("use ")
        .filter(|(at, _)| code[..*at].chars().next_back().is_none_or(char::is_whitespace))
    {
        let tree = code[at + "use ".len()..].split(';').next().unwrap_or_default();
        write_out("", tree, &mut uses);
    }
    for path in uses {
        code.push_str(&format!("\nuse {path};"));
    }
    code
}

/// The module of a file: the path to it below `src`.
fn module(file: &Path) -> Vec<String> {
    let text = file.with_extension("").to_string_lossy().into_owned();
    let below = text.rsplit_once("/src/").map_or("", |(_, below)| below);
    let names = below.split('/').filter(|name| !["mod", "lib", "main"].contains(name));
    names.map(str::to_owned).collect()
}

/// The code with each `super::super::` replaced by where that leads.
fn absolute(module: &[String], code: &str) -> String {
    let mut written = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("super::") {
        written.push_str(&rest[..at]);
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let begins = written.chars().next_back().is_none_or(|character| !is_word(character));
        let mut up = 0;
        rest = &rest[at..];
        while let Some(behind) = rest.strip_prefix("super::") {
            (up, rest) = (up + 1, behind);
        }
        if begins {
            written.push_str("crate::");
            let above = &module[..module.len().saturating_sub(up)];
            written.extend(above.iter().map(|name| format!("{name}::")));
        }
    }
    written + rest
}

/// Each path of a `use` tree.
fn write_out(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, group)) = tree.split_once('{') else {
        if !tree.is_empty() {
            paths.push(format!("{prefix}{}", tree.strip_suffix("::self").unwrap_or(tree)));
        }
        return;
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let (mut depth, mut begin) = (0_usize, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            // A string literal need not be a valid tree.
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                write_out(&format!("{prefix}{head}"), &group[begin..at], paths);
                begin = at + 1;
            }
            _ => {}
        }
    }
    write_out(&format!("{prefix}{head}"), &group[begin..], paths);
}

/// Whether the code names this path: as a whole word, not as a part of a longer one.
fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + path.len()..].chars().next();
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        // `fn axum`, `x.hyper` and `super::tower` are names of our own.
        let begins =
            before.is_none_or(|character| !is_word(character) && character != ':' && character != '.');
        let ends = path.ends_with("::") || after.is_none_or(|character| !is_word(character));
        let is_path = path.contains("::") || code[at + path.len()..].starts_with("::");
        begins && ends && is_path
    })
}

#[test]
fn layers_know_only_what_is_below_them() {
    let mut broken = Vec::new();
    for (folder, forbidden, reason) in RULES {
        for file in sources(&crates().join(folder)) {
            let code = code(&module(&file), &std::fs::read_to_string(&file).unwrap());
            for path in forbidden.iter().filter(|path| names(&code, path)) {
                broken.push(format!("{} names {path}: {reason}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Each crate, and which of ours it may depend on.
const CRATES: [(&str, &[&str]); 8] = [
    ("chinwag-protocol", &[]),
    ("chinwag-ws", &[]),
    ("chinwag-web", &[]),
    // A client uses only the public interface, and no library of ours.
    ("chinwag-client", &[]),
    ("chinwag", &["chinwag-protocol", "chinwag-web", "chinwag-ws"]),
    // The library itself is one of the things that are measured.
    ("chinwag-load", &["chinwag", "chinwag-client"]),
    ("chinwag-check", &["chinwag-client", "chinwag-load"]),
    ("chinwag-cli", &["chinwag", "chinwag-check", "chinwag-client", "chinwag-load"]),
];

#[test]
fn only_the_face_of_the_database_knows_its_driver() {
    let files = sources(&crates().join("chinwag/src/store"));
    let knows =
        |file: &&PathBuf| names(&code(&module(file), &std::fs::read_to_string(file).unwrap()), "rusqlite");
    let mut knowing: Vec<_> =
        files.iter().filter(knows).map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    knowing.sort_unstable();
    assert_eq!(knowing, ["schema.rs", "sqlite.rs"]);
}

#[test]
fn the_chat_knows_live_delivery_by_one_face() {
    // What stands in a group is written out behind the code.
    let face = ["::Connections", "::Departure", "::Move", "::{"];
    for file in sources(&crates().join("chinwag/src/chat")) {
        let code = code(&module(&file), &std::fs::read_to_string(&file).unwrap());
        for after in code.split("crate::realtime").skip(1) {
            let line = after.lines().next().unwrap_or_default();
            assert!(face.iter().any(|known| line.starts_with(known)), "{}: {line}", file.display());
        }
    }
}

#[test]
fn crates_depend_only_on_what_is_below_them() {
    let folders = std::fs::read_dir(crates()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = folders.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    let mut known = CRATES.map(|(name, _)| name);
    known.sort_unstable();
    assert_eq!(names, known);
    for (name, allowed) in CRATES {
        let manifest = std::fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap_or_default();
        // Only benches and tests may use these.
        let mut ours: Vec<_> = dependencies
            .lines()
            .take_while(|line| *line != "[dev-dependencies]")
            .filter(|line| line.starts_with("chinwag"))
            .filter_map(|line| line.split(['.', ' ']).next())
            .collect();
        ours.sort_unstable();
        assert_eq!(ours, allowed, "{name} depends on others of ours than ARCHITECTURE.md says");
    }
}

#[test]
fn clients_share_one_way_to_a_server() {
    for name in ["chinwag-cli", "chinwag-check", "chinwag-load"] {
        let manifest = std::fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        let (own, _) = manifest.split_once("[dev-dependencies]").unwrap_or((&manifest, ""));
        for library in ["hyper", "reqwest", "rustls", "jsonwebtoken"] {
            let has = own.lines().any(|line| line.split(['.', ' ']).next() == Some(library));
            assert!(!has, "{name} depends on {library}: chinwag-client is the way to a server");
        }
    }
}

/// Exceptions: neighbours that know each other, and why.
const CIRCLES: [(&str, &str); 2] = [
    (
        "chinwag: blobs/animations and blobs/pictures",
        "a picture may move, and one that moves is made of pictures",
    ),
    ("chinwag: http/openapi and http/routes", "the table of routes has the row of its own description"),
];
/// Hub, rooms and seats: one thing in several files, held together by the order of its locks.
const ONE_THING: &str = "chinwag/src/realtime";

/// The modules of a folder, each with the code of all its files.
fn neighbours(folder: &Path) -> Vec<(Vec<String>, String)> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let modules =
        paths.filter(|path| !["mod.rs", "lib.rs", "main.rs"].iter().any(|name| path.ends_with(name)));
    let code_of = |file: &PathBuf| code(&module(file), &std::fs::read_to_string(file).unwrap());
    modules
        .map(|path| {
            let files = if path.is_dir() { sources(&path) } else { vec![path.clone()] };
            (module(&path), files.iter().map(code_of).collect())
        })
        .collect()
}

/// Folders, this one and all below.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let below =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    below.flat_map(|path| folders(&path)).chain([folder.to_owned()]).collect()
}

#[test]
fn neighbours_do_not_know_each_other_in_circles() {
    let mut circles = Vec::new();
    for name in ["chinwag", "chinwag-cli", "chinwag-client", "chinwag-check", "chinwag-load"] {
        let folders = folders(&crates().join(name).join("src"));
        for folder in folders.iter().filter(|folder| !folder.ends_with(ONE_THING)) {
            let modules = neighbours(folder);
            let knows = |code: &str, other: &[String]| names(code, &format!("crate::{}", other.join("::")));
            for (at, (one, code)) in modules.iter().enumerate() {
                for (other, their_code) in modules.iter().skip(at + 1) {
                    if knows(code, other) && knows(their_code, one) {
                        let mut pair = [one.join("/"), other.join("/")];
                        pair.sort();
                        circles.push(format!("{name}: {} and {}", pair[0], pair[1]));
                    }
                }
            }
        }
    }
    circles.sort();
    assert_eq!(circles, CIRCLES.map(|(pair, _)| pair), "move what both need to the lower one, or below both");
}

#[test]
fn kinds_that_statements_name_are_kinds_that_there_are() {
    let mut named = 0;
    for file in sources(&crates().join("chinwag/src/store")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in text.split("kind = '").skip(1).filter_map(|rest| rest.split('\'').next()) {
            let is_known = word.parse::<EventKind>().is_ok() || word.parse::<ConversationKind>().is_ok();
            assert!(is_known, "{}: {word}", file.display());
            named += 1;
        }
    }
    assert!(named > 5, "{named}");
}

#[test]
fn no_source_file_outgrows_its_reader() {
    let mut long = Vec::new();
    let root = crates().parent().unwrap().to_owned();
    let pages = ["web/src", "sdk/typescript/src", "sdk/react/src"];
    let pages = pages.iter().flat_map(|folder| files(&root.join(folder), &["ts", "tsx", "css", "svelte"]));
    // The server's own descriptions make it.
    let pages = pages.filter(|file| !file.ends_with("sdk/typescript/src/wire.ts"));
    for file in sources(&crates()).into_iter().chain(pages) {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        if lines > MAX_LINES {
            long.push(format!("{}: {lines} lines, split it by noun, then by verb", file.display()));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for file in sources(&crates()).iter().filter(|file| !file.to_string_lossy().contains("/tests/")) {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.starts_with("//!") || text.starts_with("#!["), "{} has no `//!`", file.display());
    }
}

#[test]
fn the_rules_above_can_be_broken() {
    assert!(names("use axum::Router;", "axum"));
    assert!(names("let x = tokio::net::TcpStream::connect(y);", "tokio::net"));
    assert!(names("use crate::http;", "crate::http"));
    assert!(!names("use crate::https;", "crate::http"));
    assert!(!names("let hyper = 1;", "hyper"));
    let here = module(Path::new("/crates/chinwag/src/chat/search/words.rs"));
    assert_eq!(here, ["chat", "search", "words"]);
    let code = |text: &str| code(&here, text);
    assert!(!names(&code("x(); // axum::Router would know HTTP"), "axum"));
    assert!(!names(&code("x();\n#[cfg(test)]\nmod tests { use axum::Router; }"), "axum"));
    // However it is spelt.
    for text in [
        "use crate::{auth::Actor, http::routes};",
        "pub(super) use crate::{\n    auth,\n    http,\n};",
        "use super::super::super::http::guard;",
        "let x = super::super::super::http::x();",
        "use super::super::super::{error, http::{self, guard}};",
    ] {
        assert!(names(&code(text), "crate::http"), "{text}: {}", code(text));
    }
    for text in ["use super::http;", "use super::super::{http, https};", "let x = super::http::x();"] {
        assert!(!names(&code(text), "crate::http"), "{text}: {}", code(text));
    }
    assert!(names(&code("use crate::store::{Change, View};"), "crate::store::Change"));
}
