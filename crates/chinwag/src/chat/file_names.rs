//! Names of files, as they are kept: the uploader's name, without anything that could deceive people, a
//! browser or the system that stores the file.

use chinwag_protocol::limits::MAX_FILE_NAME_BYTES;
use unicode_segmentation::UnicodeSegmentation as _;

/// Replaces a name of which nothing is left.
const NAMELESS: &str = "file";
/// Marks where a name was shortened.
const CUT: char = '…';
/// How much of the end of a shortened name is kept: it contains the extension.
const END_BYTES: usize = 64;
/// Names that are devices on Windows, with any extension.
const DEVICES: [&str; 30] = [
    "AUX", "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "COM¹", "COM²",
    "COM³", "CON", "CONIN$", "CONOUT$", "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7",
    "LPT8", "LPT9", "LPT¹", "NUL", "PRN",
];

/// The last part of a path, without what a browser or a file system would misinterpret.
pub(super) fn harmless(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|character| !is_harmful(*character)).collect();
    // Windows drops trailing dots and spaces, so `..` and `a.exe. ` would become something else there.
    let kept = kept.trim_start().trim_end_matches(|end: char| end == '.' || end.is_whitespace());
    let stem = kept.split('.').next().unwrap_or_default().trim_end();
    if kept.is_empty() {
        NAMELESS.to_owned()
    } else if DEVICES.iter().any(|device| device.eq_ignore_ascii_case(stem)) {
        shortened(&format!("_{kept}"))
    } else {
        shortened(kept)
    }
}

/// Control characters, line ends, and direction marks, which can show `gpj.exe` as `exe.jpg`.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// A re-encoded picture may have another type: its extension says which.
pub(super) fn with_extension(name: &str, extension: &str) -> String {
    // A name that only begins with a dot has no extension.
    let (stem, current) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).unwrap_or((name, ""));
    let current = current.to_lowercase();
    if current == extension || (current == "jpeg" && extension == "jpg") {
        return name.to_owned();
    }
    shortened(&format!("{stem}.{extension}"))
}

/// A name within the limit of bytes: the excess is cut from its middle, by whole characters as people see
/// them.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_FILE_NAME_BYTES {
        return name.to_owned();
    }
    let head_end = MAX_FILE_NAME_BYTES - END_BYTES - CUT.len_utf8();
    let tail_begin = name.len() - END_BYTES;
    let seen = || name.grapheme_indices(true).map(|(at, _)| at);
    let head = seen().take_while(|at| *at <= head_end).last().and_then(|at| name.get(..at));
    let tail = seen().find(|at| *at >= tail_begin).and_then(|at| name.get(at..));
    format!("{}{CUT}{}", head.unwrap_or_default(), tail.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_a_name_only_what_would_be_taken_wrongly_changes() {
        for (name, expected) in [
            ("a.png", "a.png"),
            ("a b (1).tar.gz", "a b (1).tar.gz"),
            ("a\"b'.txt", "a\"b'.txt"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
            ("/", "file"),
            ("..", "file"),
            (". .", "file"),
            ("", "file"),
            ("\u{202e}", "file"),
            (".env", ".env"),
            ("..data", "..data"),
            ("a/.gitignore", ".gitignore"),
            ("report.pdf. .", "report.pdf"),
            ("con", "_con"),
            ("NUL.txt", "_NUL.txt"),
            ("com1 .txt", "_com1 .txt"),
            ("console.txt", "console.txt"),
            ("a\r\nSet-Cookie: x\0.txt", "aSet-Cookie: x.txt"),
            ("\u{202e}gpj.exe", "gpj.exe"),
            ("日本語.txt", "日本語.txt"),
            ("👩‍👩‍👧.png", "👩‍👩‍👧.png"),
        ] {
            assert_eq!(harmless(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_loses_its_middle_and_keeps_its_ending() {
        let shortened = harmless(&format!("begin{}end.txt", "x".repeat(300)));
        assert_eq!(shortened.len(), MAX_FILE_NAME_BYTES);
        assert!(shortened.starts_with("beginx") && shortened.ends_with("xend.txt"), "{shortened}");
        let family = harmless(&format!("{}.txt", "👩‍👩‍👧e\u{301}".repeat(40)));
        assert!(family.len() <= MAX_FILE_NAME_BYTES && family.ends_with("👩‍👩‍👧e\u{301}.txt"), "{family}");
        let (head, tail) = family.split_once(CUT).unwrap_or_default();
        assert!(head.ends_with('👧') || head.ends_with('\u{301}'), "{head}");
        assert!(tail.starts_with('👩') || tail.starts_with('e'), "{tail}");
    }

    #[test]
    fn a_name_ends_as_the_picture_is_kept() {
        for (name, extension, expected) in [
            ("a.png", "png", "a.png"),
            ("a.JPEG", "jpg", "a.JPEG"),
            ("a.webp", "jpg", "a.jpg"),
            ("a", "png", "a.png"),
            (".hidden", "png", ".hidden.png"),
            ("a.html", "png", "a.png"),
        ] {
            assert_eq!(with_extension(name, extension), expected);
        }
        let long = with_extension(&"ü".repeat(127), "png");
        assert!(long.len() <= MAX_FILE_NAME_BYTES && long.ends_with(".png"), "{long}");
    }

    proptest! {
        #[test]
        fn every_name_is_short_and_no_path(name in "(?s).{0,400}") {
            let kept = harmless(&name);
            prop_assert!(!kept.is_empty() && kept.len() <= MAX_FILE_NAME_BYTES);
            let is_plain = !kept.contains(['/', '\\', '\n', '\0', '\u{202e}']) && kept != "." && kept != "..";
            prop_assert!(is_plain, "{:?}", kept);
            prop_assert_eq!(harmless(&kept), kept);
        }
    }
}
