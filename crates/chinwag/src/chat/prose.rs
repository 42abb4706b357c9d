//! The paragraphs of a Markdown text, without its code blocks.
//!
//! It reads the web page's dialect. A quote is marked on each of its lines, an item by its indentation; a
//! fence or four blanks make code. The TypeScript SDK reads by the same steps (`sdk/typescript/src/text.ts`),
//! and `tests/cases/mentions.json` checks both.

/// The deepest nesting of quotes and items; deeper ones are text.
const MAX_DEPTH: usize = 6;
const TAB: usize = 4;

enum Container {
    Quote,
    /// Lines indented by at least `least` columns belong to it, and lose up to `width`.
    Item {
        least: usize,
        width: usize,
    },
}

struct Fence {
    sign: u8,
    length: usize,
}

/// The paragraphs, without the markers of the quotes and items around them.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.read(line);
    }
    reader.end_paragraph();
    reader.found
}

#[derive(Default)]
struct Reader {
    containers: Vec<Container>,
    fence: Option<Fence>,
    paragraph: String,
    /// The line above is text, not code: indentation makes no code then.
    goes_on: bool,
    found: Vec<String>,
}

impl Reader {
    fn read(&mut self, line: &str) {
        let (kept, rest) = self.continued(line);
        if kept < self.containers.len() {
            self.containers.truncate(kept);
            self.end_paragraph();
            self.fence = None;
        }
        if let Some(fence) = &self.fence {
            if closes(rest, fence) {
                self.fence = None;
            }
            return;
        }
        if is_empty(rest) {
            self.goes_on = false;
            return self.end_paragraph();
        }
        let rest = self.opened(rest);
        if let Some(fence) = fence(rest) {
            self.end_paragraph();
            self.fence = Some(fence);
        } else if self.goes_on || indent(rest) < TAB {
            self.paragraph.push_str(rest.trim());
            self.paragraph.push('\n');
        } else {
            return;
        }
        self.goes_on = true;
    }

    fn end_paragraph(&mut self) {
        if !self.paragraph.is_empty() {
            self.found.push(std::mem::take(&mut self.paragraph));
        }
    }

    /// How many of the containers continue in this line, and its text inside them.
    fn continued<'a>(&self, line: &'a str) -> (usize, &'a str) {
        let mut rest = line;
        for (place, container) in self.containers.iter().enumerate() {
            rest = match container {
                Container::Quote => match quote(rest) {
                    Some(inner) => inner,
                    None => return (place, rest),
                },
                Container::Item { width, .. } if is_empty(rest) => without_indent(rest, *width),
                Container::Item { least, width } if indent(rest) >= *least => without_indent(rest, *width),
                Container::Item { .. } => return (place, rest),
            };
        }
        (self.containers.len(), rest)
    }

    /// Opens the quotes and items that begin in this line.
    fn opened<'a>(&mut self, line: &'a str) -> &'a str {
        let mut rest = line;
        while self.containers.len() < MAX_DEPTH {
            if let Some(inner) = quote(rest) {
                self.containers.push(Container::Quote);
                rest = inner;
            } else if let Some(item) = item(rest)
                && (self.paragraph.is_empty() || item.may_interrupt)
            {
                self.containers.push(Container::Item { least: item.least, width: item.width });
                rest = rest.get(item.width..).unwrap_or_default();
            } else {
                return rest;
            }
            self.goes_on = false;
            self.end_paragraph();
        }
        rest
    }
}

fn is_empty(line: &str) -> bool {
    line.trim().is_empty()
}

/// Columns of indentation; a tab is four.
fn indent(line: &str) -> usize {
    let blanks = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t'));
    blanks.map(|blank| if blank == b'\t' { TAB } else { 1 }).sum()
}

fn without_indent(line: &str, columns: usize) -> &str {
    let mut left = columns;
    let mut at = 0;
    for blank in line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')) {
        if left == 0 {
            break;
        }
        left = left.saturating_sub(if blank == b'\t' { TAB } else { 1 });
        at += 1;
    }
    line.get(at..).unwrap_or_default()
}

/// The line without up to three leading blanks, or `None` if it has more.
fn near_start(line: &str) -> Option<&str> {
    let text = line.trim_start_matches(' ');
    (line.len() - text.len() < TAB).then_some(text)
}

fn quote(line: &str) -> Option<&str> {
    let inner = near_start(line)?.strip_prefix('>')?;
    Some(inner.strip_prefix(' ').unwrap_or(inner))
}

struct Item {
    width: usize,
    least: usize,
    /// A year at the start of a line does not begin a list in the middle of a text.
    may_interrupt: bool,
}

fn item(line: &str) -> Option<Item> {
    let text = near_start(line)?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = text.as_bytes().get(digits)?;
    let is_sign = match digits {
        0 => matches!(sign, b'-' | b'+' | b'*'),
        1..=9 => matches!(sign, b'.' | b')'),
        _ => false,
    };
    let behind = text.get(digits + 1..).filter(|_| is_sign)?;
    let inner = behind.trim_start_matches(' ');
    let blanks = behind.len() - inner.len();
    let is_item = (1..=TAB).contains(&blanks) && !inner.is_empty() && !inner.starts_with(char::is_whitespace);
    let before = line.len() - text.len();
    let width = line.len() - inner.len();
    is_item.then(|| Item {
        width,
        least: width.min(before + 2),
        may_interrupt: digits == 0 || text.get(..digits) == Some("1"),
    })
}

fn fence(line: &str) -> Option<Fence> {
    let text = near_start(line)?;
    let sign = *text.as_bytes().first().filter(|sign| matches!(sign, b'`' | b'~'))?;
    let length = text.bytes().take_while(|byte| *byte == sign).count();
    // A line with another backtick is inline code.
    let is_fence = length >= 3 && (sign == b'~' || !text.get(length..).unwrap_or_default().contains('`'));
    is_fence.then_some(Fence { sign, length })
}

fn closes(line: &str, fence: &Fence) -> bool {
    near_start(line).is_some_and(|text| {
        let run = text.trim_end();
        run.len() >= fence.length && run.bytes().all(|byte| byte == fence.sign)
    })
}
