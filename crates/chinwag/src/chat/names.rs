//! What people and conversations may be called. Every name passes through here: registrations, the command
//! line, accounts of other applications, titles.
//!
//! A username is an identifier by Unicode's rules (UAX 31), of scripts that belong together (UTS 39).

use chinwag_protocol::{ErrorCode, limits};
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, Script, XidContinue};
use icu_properties::script::ScriptWithExtensions;
use icu_properties::{CodePointMapData, CodePointSetData};

use crate::error::Refusal;
use crate::unicode::{is_blank, is_ignorable, is_styled, nfc};

/// The rule for usernames, for people.
pub(super) const USERNAME_RULE: &str =
    "username must have 1 to 64 letters, digits or . _ - of one script, without . or - at its ends";

/// Marks on one letter: no script needs more, and more would cover other lines.
const MAX_MARKS: usize = 4;

/// The username in its normal form, if it is valid.
///
/// No `@`, or somebody could take another person's e-mail address as a name and sign in with it. No `.` or
/// `-` at its ends, because after a mention those end a sentence.
pub(crate) fn username(text: &str) -> Option<String> {
    let name = nfc(text);
    let is_short = (1..=limits::MAX_NAME_CHARS).contains(&name.chars().count());
    let begins = name.chars().next().is_some_and(|first| !is_mark(first) && !matches!(first, '.' | '-'));
    let ends = !name.ends_with(['.', '-']);
    let is_name = is_short
        && begins
        && ends
        && name.chars().all(is_name_character)
        && !is_covered_in_marks(&name)
        && is_of_one_hand(&name);
    is_name.then_some(name)
}

/// A username made from a name in another application: invalid characters become `-`. `None` if too little is
/// left.
pub(crate) fn username_from(text: &str) -> Option<String> {
    let kept: String =
        nfc(text).chars().map(|letter| if is_name_character(letter) { letter } else { '-' }).collect();
    let parts = kept.split('-').filter(|part| !part.is_empty());
    let whole = parts.collect::<Vec<_>>().join("-");
    let cut: String = whole.trim_start_matches('.').chars().take(limits::MAX_NAME_CHARS).collect();
    username(cut.trim_end_matches(['.', '-']))
}

/// Whether a new username can have this character.
fn is_name_character(character: char) -> bool {
    let mut bytes = [0; 4];
    // Both are written as one character, though each has a decomposed form.
    let is_thai_or_lao_am = matches!(character, '\u{e33}' | '\u{eb3}');
    let is_plain = character.is_ascii()
        || is_thai_or_lao_am
        || (CodePointSetData::new::<XidContinue>().contains(character)
            && !is_styled(character.encode_utf8(&mut bytes)));
    is_letter(character) && is_plain
}

/// Whether a mention continues with this character: older names may have more characters than new ones.
pub(super) fn is_letter(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    }
    let letters = GeneralCategoryGroup::Letter;
    is_in(character, letters.union(GeneralCategoryGroup::Mark).union(GeneralCategoryGroup::Number))
        && !is_ignorable(character)
}

/// A mark written on, around or after a letter.
pub(super) fn is_mark(character: char) -> bool {
    !character.is_ascii() && is_in(character, GeneralCategoryGroup::Mark)
}

fn is_in(character: char, group: GeneralCategoryGroup) -> bool {
    group.contains(CodePointMapData::<GeneralCategory>::new().get(character))
}

fn is_covered_in_marks(name: &str) -> bool {
    let mut marks = 0;
    name.chars().any(|character| {
        marks = if is_in(character, GeneralCategoryGroup::NonspacingMark) { marks + 1 } else { 0 };
        marks > MAX_MARKS
    })
}

/// Writing systems that combine several scripts, and that also use Latin letters.
const TOGETHER: [&[Script]; 3] = [
    &[Script::Latin, Script::Han, Script::Hiragana, Script::Katakana],
    &[Script::Latin, Script::Han, Script::Bopomofo],
    &[Script::Latin, Script::Han, Script::Hangul],
];

/// Whether all letters belong to one script, or to scripts that are written together ("highly restrictive"):
/// with a Cyrillic `а` among Latin letters, one name would look like another.
fn is_of_one_hand(name: &str) -> bool {
    if name.is_ascii() {
        return true;
    }
    let scripts = ScriptWithExtensions::new();
    let is_shared = |script: Script| matches!(script, Script::Common | Script::Inherited);
    let letters = || {
        let sets = name.chars().map(move |character| scripts.get_script_extensions_val(character));
        sets.filter(move |set| !set.iter().any(is_shared))
    };
    let fits = |wanted: &[Script]| letters().all(|set| set.iter().any(|script| wanted.contains(&script)));
    let Some(first) = letters().next() else { return true };
    first.iter().any(|script| fits(&[script])) || TOGETHER.iter().any(|wanted| fits(wanted))
}

/// One `@` with something before it and a dotted name after it. Only sending mail shows whether the address
/// works.
pub(crate) fn email(address: &str) -> Option<String> {
    let address = nfc(address);
    let is_unseen =
        |character: char| character.is_whitespace() || character.is_control() || is_ignorable(character);
    let (local, domain) = address.rsplit_once('@')?;
    let labels_are_full = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    let is_address = address.len() <= 254
        && !local.is_empty()
        && !local.contains('@')
        && !address.chars().any(is_unseen)
        && labels_are_full;
    is_address.then_some(address)
}

/// A person's name in its normal form. It may be empty.
pub(super) fn person_name(field: &'static str, name: &str) -> Result<String, Refusal> {
    let name = nfc(name);
    if name.chars().count() > limits::MAX_NAME_CHARS || name.chars().any(char::is_control) {
        let message = "a name may have at most 64 characters, and no control characters";
        return Err(invalid(field, "string_too_long", message.to_owned()));
    }
    seen(field, name)
}

/// A group's title, without surrounding blanks.
pub(super) fn title(title: Option<String>) -> Result<String, Refusal> {
    let invalid = |kind, message: &str| Err(invalid("title", kind, message.to_owned()));
    let Some(title) = title else { return invalid("missing", "Field required") };
    let title = nfc(title.trim());
    if is_blank(&title) {
        return invalid("string_too_short", "title is empty");
    }
    if title.chars().count() > limits::MAX_NAME_CHARS {
        return invalid("string_too_long", "title has more than 64 characters");
    }
    if title.chars().any(char::is_control) {
        return invalid("value_error", "title has a control character");
    }
    Ok(title)
}

/// A topic or a status text, without surrounding blanks. An empty one removes the previous one.
pub(super) fn line(field: &'static str, text: &str) -> Result<String, Refusal> {
    let text = seen(field, nfc(text))?.trim().to_owned();
    if text.chars().count() > limits::MAX_TOPIC_CHARS || text.chars().any(char::is_control) {
        let message = format!("{field} has more than 250 characters, or a control character");
        return Err(invalid(field, "string_too_long", message));
    }
    Ok(text)
}

/// An empty text is intended; a text that only looks empty is a mistake or a trick.
fn seen(field: &'static str, text: String) -> Result<String, Refusal> {
    if !text.is_empty() && is_blank(&text) {
        return Err(invalid(field, "value_error", format!("{field} has no visible characters")));
    }
    Ok(text)
}

fn invalid(field: &'static str, kind: &'static str, message: String) -> Refusal {
    Refusal::invalid_as(field, kind, ErrorCode::InvalidFrame, message)
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn usernames_are_written_in_any_script() {
        for good in [
            "a",
            "alice",
            "Ana-María",
            "j.r_2",
            &"x".repeat(64),
            "_",
            "7",
            "स्मिता",
            "สมชาย",
            "น้ำฝน",
            "ນ້ຳ",
            "தமிழ்",
            "ဇော်ဇော်",
            "សុខា",
            "বৃষ্টি",
            "Nguyễn",
            "мария",
            "李小明",
            "李A",
            "田中さん",
            "ラーメン",
            "민수",
            "עמית",
            "محمد",
            "სანდრო",
            "አበበ",
            "ᏣᎳᎩ",
            "𞤀𞤣𞤤𞤢𞤥",
            "བསྟན་འཛིན".split('་').next().unwrap(),
            "a\u{331}",
        ] {
            assert_eq!(username(good).as_deref(), Some(&*nfc(good)), "{good}");
        }
        assert_eq!(username("Jose\u{301}").as_deref(), Some("José"));
    }

    #[test]
    fn names_that_deceive_or_can_not_be_mentioned_are_refused() {
        for bad in [
            "",
            " ",
            "a b",
            "a@b.c",
            "a\0b",
            "a/b",
            "<b>",
            &"x".repeat(65),
            "zed.",
            "-zed",
            ".zed",
            "zed-",
            "…",
            "al\u{200b}ice",
            "alice\u{200d}",
            "\u{202e}ecila",
            "аlice",
            "aliсe",
            "αlice",
            "ａｌｉｃｅ",
            "𝐚lice",
            "ﬁn",
            "a²",
            "Ⅳ",
            "\u{301}a",
            "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
            "a\u{fe0f}",
            "ab\u{3164}",
            "日а",
            "a‿b",
            "a·b",
            "🎉",
            "мария한",
        ] {
            assert_eq!(username(bad), None, "{}", bad.escape_unicode());
        }
    }

    #[test]
    fn what_other_applications_call_people_becomes_a_username() {
        for (text, expected) in [
            ("alice", "alice"),
            ("alice@example.com", "alice-example.com"),
            ("auth0|5f7c8ec7", "auth0-5f7c8ec7"),
            ("Ana-María", "Ana-María"),
            ("an  na", "an-na"),
            ("urn:user:7", "urn-user-7"),
            ("<anna>", "anna"),
            ("мария", "мария"),
            ("  Ana María ", "Ana-María"),
            ("..a..", "a"),
            (&"é".repeat(80), &"é".repeat(64)),
        ] {
            assert_eq!(username_from(text).as_deref(), Some(expected), "{text}");
        }
        for nothing in ["", "@", " - ", "\u{200b}"] {
            assert_eq!(username_from(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn email_addresses() {
        for good in ["a@b.c", "first.last+tag@sub.example.org", "josé@example.com"] {
            assert!(email(good).is_some(), "{good}");
        }
        for bad in
            ["", "a", "a@", "@b.c", "a@b", "a@b.", "a@.c", "a b@c.d", "a@b@c.d", "a@b.c\n", "a\u{200b}@b.c"]
        {
            assert!(email(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_looks_like_nothing_is_no_name() {
        for blank in [" ", "\u{200b}", "\u{3164}\u{2800}"] {
            assert!(person_name("first_name", blank).is_err());
            assert!(line("topic", blank).is_err());
            assert!(title(Some(blank.to_owned())).is_err());
        }
        assert_eq!(person_name("first_name", "").unwrap(), "");
        assert_eq!(line("topic", "cafe\u{301}").unwrap(), "café");
        assert_eq!(title(Some(" Te\u{301} ".to_owned())).unwrap(), "Té");
    }
}
