//! What Unicode says about a text: its normal form, its caseless form, and whether it is visible at all.
//!
//! Names, titles, passwords and searches pass through here before they are stored or compared, so that a word
//! typed on two systems is the same. Messages are stored as they were written.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// The composed form (NFC): `é` is one character, whether it was typed as one or as two.
pub(crate) fn nfc(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    ComposingNormalizer::new_nfc().normalize(text).into_owned()
}

/// Equal for two names that differ only in normal form or case.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let apart = DecomposingNormalizer::new_nfd().normalize(text);
    nfc(&CaseMapper::new().fold_string(&apart))
}

/// Equal for texts that read alike: ignores case, width, style and invisible characters.
pub(crate) fn search_key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let seen: String = text.chars().filter(|character| !is_ignorable(*character)).collect();
    let plain = ComposingNormalizer::new_nfkc().normalize(&seen);
    ComposingNormalizer::new_nfkc().normalize(&fold(&plain)).into_owned()
}

/// The words of a person's names, each after a blank: the only text that a look-up compares. The parts of a
/// username are words, too, and a name written without blanks (`李小明`) is also found in one piece.
pub(crate) fn name_key(username: &str, first: &str, last: &str) -> String {
    let parts = username.replace(['.', '_', '-'], " ");
    let words = search_key(&format!("{username} {parts} {first} {last} {first}{last} {last}{first}"));
    words.split_whitespace().map(|word| format!(" {word}")).collect()
}

/// Whether the text has a different compatibility form: `ａ`, `𝐚`, `ﬁ`, `²`.
pub(crate) fn is_styled(text: &str) -> bool {
    !text.is_ascii() && !ComposingNormalizer::new_nfkc().is_normalized(text)
}

/// Joiners, fillers, direction marks, variation selectors: invisible by themselves.
pub(crate) fn is_ignorable(character: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Whether a text has nothing visible. An empty one is blank.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_unseen)
}

fn is_unseen(character: char) -> bool {
    // Letters and symbols by category, but no font draws them.
    let is_drawn_empty = matches!(
        character,
        '\u{2800}' | '\u{fff9}'..='\u{fffb}' | '\u{13430}'..='\u{13442}' | '\u{1d159}'
    );
    character.is_whitespace() || character.is_control() || is_drawn_empty || is_ignorable(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_by_form_and_case() {
        for (one, other) in [
            ("José", "JOSE\u{301}"),
            ("Straße", "STRASSE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
            ("Ǆ", "ǆ"),
            ("\u{1e9b}\u{323}", "\u{1e9b}\u{323}"),
            ("ᾈ", "\u{1f80}"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
            assert_eq!(fold(&fold(one)), fold(one), "{one}");
        }
        assert_ne!(fold("i"), fold("ı"));
    }

    #[test]
    fn a_search_sees_past_style_and_unseen_signs() {
        for (one, other) in [
            ("Ｃａｆｅ\u{301}", "café"),
            ("ﬁn", "FIN"),
            ("sh\u{ad}y", "shy"),
            ("❤\u{fe0f}", "❤"),
            ("ｶﾞ", "ガ"),
        ] {
            assert_eq!(search_key(one), search_key(other), "{one} {other}");
        }
        assert_ne!(search_key("cafe"), search_key("café"));
    }

    #[test]
    fn nothing_to_see_is_blank() {
        for blank in [
            "",
            " \n\t",
            "\u{200b}",
            "\u{3164}",
            "\u{2800}\u{a0}",
            "\u{ffa0}",
            "\u{2060}\u{feff}",
            "\u{e0041}",
            "\u{202e}\u{2069}",
            "\u{fe0f}",
            "\u{115f}\u{1160}",
            "\u{180e}",
            "\u{3000}",
            "\u{85}\u{7f}",
            "\u{1d159}",
        ] {
            assert!(is_blank(blank), "{}", blank.escape_unicode());
        }
        for seen in ["a", "\u{200b}.", "👩\u{200d}👧", "\u{301}", "1\u{20e3}", "ـ"] {
            assert!(!is_blank(seen), "{}", seen.escape_unicode());
        }
    }
}
