//! Finds the names that `@` may mention in a text. Pure: the store knows which of them take part.
//!
//! A mention is the longest name that the letters after an `@` begin with and that ends where a name can end.
//! Code, addresses and e-mail addresses mention nobody. The TypeScript SDK and the page have the same rule
//! (`sdk/typescript/src/text.ts`); `tests/cases/mentions.json` checks all of them.

use chinwag_protocol::limits;
use chinwag_protocol::rest::Format;
use icu_properties::CodePointMapData;
use icu_properties::props::Script;
use icu_properties::script::ScriptWithExtensions;

use super::names::{is_letter, is_mark};
use super::prose::paragraphs;
use crate::unicode::{fold, nfc};

/// The most people whom one message mentions; further ones do not count.
const MAX_MENTIONS: usize = 50;
/// The most names to look up for one message: one `@` in a script without blanks may mean many.
const MAX_CANDIDATES: usize = 500;

/// Scripts written without blanks, or with endings that belong to the sentence: a name may end after any
/// letter.
const RUN_ON: [Script; 10] = [
    Script::Han,
    Script::Hiragana,
    Script::Katakana,
    Script::Bopomofo,
    Script::Hangul,
    Script::Thai,
    Script::Lao,
    Script::Khmer,
    Script::Myanmar,
    Script::Tibetan,
];

/// Scripts that never share a name: where one of them meets another, a name ends.
const APART: [Script; 18] = [
    Script::Latin,
    Script::Greek,
    Script::Cyrillic,
    Script::Armenian,
    Script::Hebrew,
    Script::Arabic,
    Script::Devanagari,
    Script::Bengali,
    Script::Gurmukhi,
    Script::Gujarati,
    Script::Oriya,
    Script::Tamil,
    Script::Telugu,
    Script::Kannada,
    Script::Malayalam,
    Script::Sinhala,
    Script::Georgian,
    Script::Ethiopic,
];

/// For each `@`, the names that it may mean, in the compared form, longest first.
pub(super) fn mentions(content: &str, format: Format) -> Vec<Vec<String>> {
    if !content.contains('@') {
        return Vec::new();
    }
    let content = nfc(content);
    let texts = match format {
        Format::Plain => vec![content],
        Format::Markdown => paragraphs(&content),
    };
    let mut found = Vec::new();
    for text in texts {
        Scanner::new(&text, format).scan(&mut found);
    }
    let mut left = MAX_CANDIDATES;
    for names in &mut found {
        names.truncate(left);
        left -= names.len();
    }
    found.retain(|names| !names.is_empty());
    found
}

struct Scanner {
    text: Vec<char>,
    format: Format,
    at: usize,
    /// Where the letters after the last `@` end: another `@` there mentions somebody, too.
    name_end: usize,
    /// Where the current run without blanks began, and whether it is an address.
    word: usize,
    is_address: bool,
    /// Lengths of backtick runs that nothing closes from here on.
    unended: Vec<usize>,
}

impl Scanner {
    fn new(text: &str, format: Format) -> Self {
        let text = text.chars().collect();
        let (at, name_end, word) = (0, 0, 0);
        Self { text, format, at, name_end, word, is_address: false, unended: Vec::new() }
    }

    fn scan(&mut self, found: &mut Vec<Vec<String>>) {
        while let Some(character) = self.get(self.at) {
            let is_markdown = self.format == Format::Markdown;
            match character {
                '\\' if is_markdown
                    && self.get(self.at + 1).is_some_and(|next| next.is_ascii_punctuation()) =>
                {
                    self.at += 2;
                    continue;
                }
                '`' if is_markdown => {
                    self.skip_code();
                    continue;
                }
                '@' if self.may_name() => {
                    let names = self.names();
                    if found.len() < MAX_MENTIONS && !names.is_empty() && !found.contains(&names) {
                        found.push(names);
                    }
                }
                _ => {}
            }
            self.step(character);
        }
    }

    fn get(&self, place: usize) -> Option<char> {
        self.text.get(place).copied()
    }

    /// Updates whether the text continues an address.
    fn step(&mut self, character: char) {
        self.at += 1;
        let goes_on = if character.is_ascii() {
            character.is_ascii_graphic() && !matches!(character, '<' | '>' | '"')
        } else {
            character.is_alphanumeric() || is_mark(character)
        };
        if !goes_on {
            (self.word, self.is_address) = (self.at, false);
        } else if matches!(character, '/' | '.') {
            let word = self.text.get(self.word..self.at).unwrap_or_default();
            let is_www = || word.len() == 4 && word.iter().collect::<String>().eq_ignore_ascii_case("www.");
            self.is_address = self.is_address || word.ends_with(&[':', '/', '/']) || is_www();
        }
    }

    fn skip_code(&mut self) {
        let run = |from: usize| self.text.iter().skip(from).take_while(|sign| **sign == '`').count();
        let length = run(self.at);
        let end = self.at + length;
        if !self.unended.contains(&length) {
            let mut place = end;
            while let Some(sign) = self.get(place) {
                let ticks = if sign == '`' { run(place) } else { 0 };
                place += ticks.max(1);
                if ticks == length {
                    (self.at, self.word, self.is_address) = (place, place, false);
                    return;
                }
            }
            self.unended.push(length);
        }
        // Nothing closes it, so it is text.
        (self.at, self.word, self.is_address) = (end, end, false);
    }

    /// Whether the `@` here may mention somebody, that is, is not part of an address. In scripts without
    /// blanks, it may anywhere.
    fn may_name(&self) -> bool {
        if self.at == self.name_end && self.at > 0 {
            return true;
        }
        let before = self.text.get(..self.at).unwrap_or_default();
        let last = before.iter().rev().find(|sign| !matches!(sign, '_' | '+' | '-'));
        let is_mail = last.is_some_and(|last| (last.is_alphanumeric() || is_mark(*last)) && !runs_on(*last));
        !is_mail && !self.is_address
    }

    /// The names that the letters after this `@` begin with.
    fn names(&mut self) -> Vec<String> {
        let behind = self.text.get(self.at + 1..).unwrap_or_default();
        let length = behind.iter().take_while(|letter| is_letter(**letter)).count();
        let run = behind.get(..length).unwrap_or_default();
        let ends = (1..=length.min(limits::MAX_NAME_CHARS)).rev().filter(|end| {
            let (before, after) = (run.get(end - 1), run.get(*end));
            after.is_none_or(|after| before.is_some_and(|before| may_end(*before, *after)))
        });
        let names = ends.map(|end| fold(&run.iter().take(end).collect::<String>())).collect();
        self.name_end = self.at + 1 + length;
        names
    }
}

/// Whether a name may end between two letters.
fn may_end(before: char, after: char) -> bool {
    // The final letter of a Korean syllable typed in parts belongs to it, as a mark does.
    let belongs = is_mark(after) || matches!(after, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}');
    if belongs {
        return false;
    }
    let apart = |character: char| {
        let script = CodePointMapData::<Script>::new().get(character);
        APART.contains(&script).then_some(script)
    };
    let meet = || matches!((apart(before), apart(after)), (Some(one), Some(other)) if one != other);
    matches!(after, '.' | '_' | '-') || runs_on(before) || runs_on(after) || meet()
}

fn runs_on(character: char) -> bool {
    !character.is_ascii()
        && ScriptWithExtensions::new()
            .get_script_extensions_val(character)
            .iter()
            .any(|script| RUN_ON.contains(&script))
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::indexing_slicing, clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        text: String,
        format: Format,
        people: Vec<String>,
        named: Vec<String>,
    }

    #[test]
    fn people_are_named_as_the_table_says() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../../../tests/cases/mentions.json")).unwrap();
        for Case { text, format, people, named } in cases {
            let keys: Vec<String> = people.iter().map(|name| fold(name)).collect();
            let mut found = Vec::new();
            for names in mentions(&text, format) {
                let name = names.into_iter().find(|name| keys.contains(name));
                found.extend(name.filter(|name| !found.contains(name)));
            }
            let named: Vec<String> = named.iter().map(|name| fold(name)).collect();
            assert_eq!(found, named, "{text:?} as {format:?}");
        }
    }

    #[test]
    fn one_message_asks_for_a_bounded_number_of_names() {
        let text = "@李小明你好在吗我们明天见面".repeat(300);
        let names: usize = mentions(&text, Format::Markdown).iter().map(Vec::len).sum();
        assert!(names <= MAX_CANDIDATES);
    }

    proptest! {
        #[test]
        fn any_text_can_be_asked(text in "[@`~> \\-1.\na你é\\\\\t<:/w_]{0,80}") {
            for names in mentions(&text, Format::Markdown) {
                prop_assert!(names.windows(2).all(|pair| pair[0].len() >= pair[1].len()));
            }
        }

        #[test]
        fn whatever_may_be_a_username_can_be_mentioned(text in "\\PC{1,12}") {
            if let Some(name) = super::super::names::username(&text) {
                let names = mentions(&format!("hi @{name}. there"), Format::Plain);
                prop_assert!(names.concat().contains(&fold(&name)), "{name}");
            }
        }
    }
}
