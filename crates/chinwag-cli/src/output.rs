//! The only place that writes to stdout and stderr, except logs. Text by other people reaches a terminal only
//! through [`printable`].

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use crate::failure::{Exit, Failure};

/// Writes a line to stdout: the command's result.
///
/// Ends the process if the reader has closed the pipe, as in `chinwag user list | head -1`: it has what it
/// wanted.
pub(crate) fn result(line: impl Display) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::new(Exit::Io, format!("can't write to stdout: {error}"))),
    }
}

/// Writes rows below a header as columns.
pub(crate) fn table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) -> Result<(), Failure> {
    let header = header.map(str::to_owned);
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = std::iter::once(&header).chain(rows).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    });
    for row in std::iter::once(&header).chain(rows) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        result(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Writes a line to stderr, for the user. If that fails, there is no one to tell.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether stderr is a terminal.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Overwrites the last line of a terminal with the progress; does nothing without a terminal.
pub(crate) fn progress(line: impl Display) {
    let mut stderr = io::stderr().lock();
    if stderr.is_terminal() {
        // Back to the beginning of the line, and erase it.
        let _ = write!(stderr, "\r\x1b[2K{line}").and_then(|()| stderr.flush());
    }
}

/// Escapes every character that could move the cursor, change colours or reorder the text. Line breaks and
/// tabs stay.
pub(crate) fn printable(text: &str) -> String {
    escape(text, |character| !matches!(character, '\n' | '\t') && is_unsafe(character))
}

/// The same for text that must stay on one line. JSON keeps its meaning.
pub(crate) fn printable_line(text: &str) -> String {
    escape(text, is_unsafe)
}

/// Control characters, and the bidirectional overrides and isolates that make text read differently from what
/// it is (Unicode Technical Report 36, 2.11).
fn is_unsafe(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_escaped(character) {
            // JSON's notation; four digits are enough for all of them.
            safe.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_control_a_terminal_is_escaped() {
        assert_eq!(printable("a\u{1b}[31mb\u{7}\u{9b}c\r"), r"a\u001b[31mb\u0007\u009bc\u000d");
        assert_eq!(printable("a\u{202e}b"), r"a\u202eb");
        assert_eq!(printable("zwei\n\tZeilen, سلام, 👩‍👧"), "zwei\n\tZeilen, سلام, 👩‍👧");
        assert_eq!(printable_line("a\nb"), r"a\u000ab");
    }
}
