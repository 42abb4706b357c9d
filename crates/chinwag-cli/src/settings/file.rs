//! `chinwag.toml`: which file is read, and what it contains, with the line of each key.
//!
//! An unknown key is an error: a misspelt limit must not silently mean no limit.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::{ALIASES, SETTINGS, Setting, Shape};
use crate::failure::{Exit, Failure};

/// The file's name in each searched folder.
const NAME: &str = "chinwag.toml";
/// How similar a known key must be for "did you mean": 1 means equal.
const ALIKE: f64 = 0.7;

/// What the file sets.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    entries: Vec<Entry>,
}

/// One key of the file.
#[derive(Debug)]
pub(crate) struct Entry {
    setting: &'static Setting,
    pub(crate) items: Vec<String>,
    pub(crate) line: usize,
}

impl ConfigFile {
    /// Reads the named file, or the first that exists in the searched folders; `None` if there is none.
    pub(crate) fn find(named: Option<&Path>) -> Result<Option<Self>, Failure> {
        if let Some(path) = named {
            return Self::read(path).map(Some);
        }
        for path in searched() {
            if path.exists() {
                return Self::read(&path).map(Some);
            }
        }
        Ok(None)
    }

    pub(crate) fn entry(&self, setting: &Setting) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.setting.key == setting.key)
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(Exit::Config, format!("can't read {}: {error}", path.display()))
                .fix("name another file with --config")
        })?;
        Source { path, text: &text }.parse()
    }
}

fn searched() -> Vec<PathBuf> {
    let user = match std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => std::env::home_dir().map(|home| home.join(".config")),
    };
    let mut paths = vec![PathBuf::from(NAME)];
    paths.extend(user.map(|folder| folder.join("chinwag").join(NAME)));
    paths.push(Path::new("/etc/chinwag").join(NAME));
    paths
}

/// The text of a file, for messages that point into it.
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

/// A key with all of its tables, and its position.
struct Found<'a> {
    name: String,
    start: usize,
    width: usize,
    value: &'a DeValue<'a>,
}

impl Source<'_> {
    fn parse(&self) -> Result<ConfigFile, Failure> {
        let table = DeTable::parse(self.text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            self.failure(span.start, span.len(), &format!("not valid TOML: {}", error.message()), "")
        })?;
        let mut found = Vec::new();
        collect("", table.get_ref(), &mut found);
        // The parser sorts keys by name; people read from the top.
        found.sort_by_key(|key| key.start);
        let mut entries: Vec<Entry> = Vec::new();
        for key in found {
            let setting = known(&key.name).ok_or_else(|| self.unknown(&key))?;
            if entries.iter().any(|entry| entry.setting.key == setting.key) {
                let what = format!("`{}` is set twice", setting.key);
                return Err(self.failure(key.start, key.width, &what, "the same setting as above"));
            }
            let items = items(setting.shape, key.value)
                .ok_or_else(|| self.failure(key.start, key.width, &expected(setting), ""))?;
            entries.push(Entry { setting, items, line: self.line(key.start).0 });
        }
        Ok(ConfigFile { path: self.path.to_owned(), entries })
    }

    fn unknown(&self, key: &Found<'_>) -> Failure {
        let names = SETTINGS.iter().map(|setting| setting.key).chain(ALIASES.iter().map(|(name, _)| *name));
        let nearest = names
            .map(|name| (strsim::jaro_winkler(&key.name, name), name))
            .filter(|(likeness, _)| *likeness >= ALIKE)
            .max_by(|one, other| one.0.total_cmp(&other.0));
        let hint = nearest.map(|(_, name)| format!("did you mean `{name}`?")).unwrap_or_default();
        self.failure(key.start, key.width, &format!("unknown key `{}`", key.name), &hint)
            .fix("`chinwag config show` lists the keys, `chinwag config check` checks the file")
    }

    /// A failure that shows the line, with carets under the error and a remark after them.
    fn failure(&self, start: usize, width: usize, what: &str, remark: &str) -> Failure {
        let (number, column, line) = self.line(start);
        let indent: String =
            line.chars().take(column).map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
        let room = line.chars().count().saturating_sub(column);
        let carets = "^".repeat(width.clamp(1, room.max(1)));
        let pointer = format!("{indent}{carets} {remark}");
        let excerpt = format!("{number:>4} | {line}\n     | {}", pointer.trim_end());
        Failure::new(Exit::Config, format!("{what} in {}:{number}", self.path.display()))
            .excerpt(excerpt)
            .fix("fix the file, then run `chinwag config check`")
    }

    /// Number, column and text of the line at a byte of the file.
    fn line(&self, byte: usize) -> (usize, usize, &str) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let number = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        (number, column, self.text.lines().nth(number - 1).unwrap_or_default())
    }
}

/// Every key that has a value, joined to its tables by dots.
fn collect<'a>(prefix: &str, table: &'a DeTable<'a>, found: &mut Vec<Found<'a>>) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => collect(&format!("{name}."), inner, found),
            value => {
                let span = key.span();
                found.push(Found { name, start: span.start, width: span.len(), value });
            }
        }
    }
}

fn known(name: &str) -> Option<&'static Setting> {
    let by_key = SETTINGS.into_iter().find(|setting| setting.key == name);
    by_key.or_else(|| ALIASES.into_iter().find(|(alias, _)| *alias == name).map(|(_, setting)| setting))
}

/// The value as texts, as a flag would give them; `None` if it has another type.
fn items(shape: Shape, value: &DeValue<'_>) -> Option<Vec<String>> {
    let single = match (shape, value) {
        (Shape::Text | Shape::Path | Shape::Switch | Shape::Flag, DeValue::String(text)) => text.to_string(),
        (Shape::Switch | Shape::Flag, DeValue::Boolean(is_on)) => {
            if *is_on { "on" } else { "off" }.to_owned()
        }
        (Shape::Number, DeValue::Integer(number)) if number.radix() == 10 => number.as_str().replace('_', ""),
        (Shape::List, DeValue::Array(items)) => {
            let text = |item: &Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned);
            return items.iter().map(text).collect();
        }
        _ => return None,
    };
    Some(vec![single])
}

fn expected(setting: &Setting) -> String {
    let shape = match setting.shape {
        Shape::Text | Shape::Path => "a string",
        Shape::Number => "a whole number",
        Shape::Switch | Shape::Flag => "true or false",
        Shape::List => "a list of strings",
    };
    format!("`{}` must be {shape}", setting.key)
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::settings::table::{ALLOWED_ORIGINS, LIMITS, LISTEN, PROVISION_USERS, TOKEN_MINUTES};

    fn parse(text: &str) -> Result<ConfigFile, String> {
        Source { path: Path::new("a.toml"), text }.parse().map_err(|failure| failure.to_string())
    }

    #[test]
    fn every_shape_is_read() {
        let file = parse(concat!(
            "# a comment\n",
            "listen = \"127.0.0.1:9000\"\n",
            "limits = false\n",
            "token_minutes = 1_000\n",
            "allowed_origins = [\"https://a.example\", \"https://b.example\"]\n",
            "[auth]\n",
            "provision = true\n",
        ))
        .unwrap();
        let entry = |setting| file.entry(setting).map(|entry| (entry.items.join(" "), entry.line)).unwrap();
        assert_eq!(entry(&LISTEN), ("127.0.0.1:9000".to_owned(), 2));
        assert_eq!(entry(&LIMITS), ("off".to_owned(), 3));
        assert_eq!(entry(&TOKEN_MINUTES), ("1000".to_owned(), 4));
        assert_eq!(entry(&ALLOWED_ORIGINS), ("https://a.example https://b.example".to_owned(), 5));
        assert_eq!(entry(&PROVISION_USERS), ("on".to_owned(), 7));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest() {
        let message = parse("limits = true\n[auth]\nprovison = true\n").unwrap_err();
        assert_eq!(
            message,
            concat!(
                "error: unknown key `auth.provison` in a.toml:3\n",
                "   3 | provison = true\n",
                "     | ^^^^^^^^ did you mean `auth.provision`?\n",
                "help:  `chinwag config show` lists the keys, `chinwag config check` checks the file",
            )
        );
        assert!(parse("[nothing]\n").unwrap_err().contains("unknown key `nothing` in a.toml:1"));
    }

    #[test]
    fn a_wrong_type_a_repetition_and_broken_toml_are_refused() {
        for (text, expected) in [
            ("token_minutes = \"5\"", "`token_minutes` must be a whole number in a.toml:1"),
            ("\nlisten = 8000", "`listen` must be a string in a.toml:2"),
            ("provision_users = true\nauth.provision = true", "`provision_users` is set twice in a.toml:2"),
            ("listen = ", "not valid TOML"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
