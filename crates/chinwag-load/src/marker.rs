//! The mark that every message of a bench carries, and the cheap way to find it again.
//!
//! A content begins with the number of its room and its own number in that room, in fixed width: the
//! frame to send is made once and only its digits are written anew, and a received frame is searched
//! for two short strings instead of being parsed.

use memchr::memmem::Finder;

use crate::frame::{TEXT, client_frame};

const ROOM_DIGITS: usize = 6;
const INDEX_DIGITS: usize = 10;
/// Room, hyphen, index, space.
pub(crate) const MARK_BYTES: usize = ROOM_DIGITS + INDEX_DIGITS + 2;

/// What identifies a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub room: usize,
    pub index: u64,
}

/// A frame to send, of which only the digits change.
pub(crate) struct Template {
    frame: Vec<u8>,
    in_content: usize,
    in_client_id: usize,
}

impl Template {
    /// For messages of `content_bytes` bytes, at least as many as the mark needs.
    pub(crate) fn new(content_bytes: usize) -> Self {
        let filling = "x".repeat(content_bytes.saturating_sub(MARK_BYTES));
        let mark = written(Mark { room: 0, index: 0 });
        let head = r#"{"content":""#;
        let between = format!(r#" {filling}","client_id":"b-"#);
        let payload = format!(r#"{head}{mark}{between}{mark}"}}"#);
        let frame = client_frame(TEXT, payload.as_bytes());
        let in_content = frame.len() - payload.len() + head.len();
        let in_client_id = in_content + mark.len() + between.len();
        Self { frame, in_content, in_client_id }
    }

    /// The frame with this mark, also as its client id.
    pub(crate) fn frame(&mut self, mark: Mark) -> &[u8] {
        for at in [self.in_content, self.in_client_id] {
            write_mark(&mut self.frame, at, mark);
        }
        &self.frame
    }
}

/// A received `message` frame, to be sent again with other numbers: what the floor writes.
pub(crate) struct Copy {
    frame: Vec<u8>,
    content: usize,
    seq: std::ops::Range<usize>,
}

impl Copy {
    /// Of this payload; `None` if it is no message of a bench.
    pub(crate) fn of(payload: &[u8]) -> Option<Self> {
        let scanner = Scanner::new();
        let frame = crate::frame::server_frame(TEXT, payload);
        let content = scanner.content.find(&frame)? + CONTENT.len();
        let seq = scanner.seq.find(&frame)? + SEQ.len();
        let digits = frame.get(seq..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        Some(Self { frame, content, seq: seq..seq + digits })
    }

    /// The frame with this mark. The seq follows the index, in as many digits as it had: copy a late one.
    pub(crate) fn frame(&mut self, mark: Mark) -> &[u8] {
        write_mark(&mut self.frame, self.content, mark);
        if let Some(digits) = self.frame.get_mut(self.seq.clone()) {
            write_digits(digits, mark.index + 1);
        }
        &self.frame
    }
}

const CONTENT: &[u8] = br#""content":""#;
const SEQ: &[u8] = br#""seq":"#;

/// Finds what identifies a message in a frame.
pub(crate) struct Scanner {
    content: Finder<'static>,
    seq: Finder<'static>,
}

impl Scanner {
    pub(crate) fn new() -> Self {
        Self { content: Finder::new(CONTENT), seq: Finder::new(SEQ) }
    }

    /// The mark and the seq; `None` if the frame has none.
    pub(crate) fn read(&self, payload: &[u8]) -> Option<(Mark, u64)> {
        let content = payload.get(self.content.find(payload)? + CONTENT.len()..)?;
        let (room, rest) = content.split_at_checked(ROOM_DIGITS)?;
        let index = rest.strip_prefix(b"-")?.get(..INDEX_DIGITS)?;
        let mark = Mark { room: usize::try_from(number(room)?).ok()?, index: number(index)? };
        let seq = payload.get(self.seq.find(payload)? + SEQ.len()..)?;
        let digits = seq.iter().take_while(|byte| byte.is_ascii_digit()).count();
        Some((mark, number(seq.get(..digits)?)?))
    }
}

fn written(mark: Mark) -> String {
    format!("{:0ROOM_DIGITS$}-{:0INDEX_DIGITS$}", mark.room, mark.index)
}

fn write_mark(frame: &mut [u8], at: usize, mark: Mark) {
    let Some(place) = frame.get_mut(at..at + ROOM_DIGITS + 1 + INDEX_DIGITS) else { return };
    let (room, index) = place.split_at_mut(ROOM_DIGITS);
    write_digits(room, u64::try_from(mark.room).unwrap_or(0));
    if let Some(index) = index.get_mut(1..) {
        write_digits(index, mark.index);
    }
}

fn write_digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    // A failed expectation is the point of a test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn payload(frame: &[u8]) -> serde_json::Value {
        let start = frame.iter().position(|byte| *byte == b'{').unwrap();
        serde_json::from_slice(frame.get(start..).unwrap()).unwrap()
    }

    #[test]
    fn the_content_has_the_size_that_was_asked_for() {
        for bytes in [MARK_BYTES, 200, 4000] {
            let mut template = Template::new(bytes);
            let sent = payload(template.frame(Mark { room: 12, index: 345 }));
            let content = sent.get("content").unwrap().as_str().unwrap();
            assert_eq!(content.len(), bytes);
            assert!(content.starts_with("000012-0000000345 "));
            assert_eq!(sent.get("client_id").unwrap(), "b-000012-0000000345");
        }
    }

    #[test]
    fn a_mark_is_found_whatever_the_order_of_fields() {
        let scanner = Scanner::new();
        let mark = Mark { room: 7, index: 42 };
        for text in [
            r#"{"type":"message","id":9,"content":"000007-0000000042 xx","seq":43,"stamp":"k3v9x2ab"}"#,
            r#"{"type":"message","seq":43,"client_id":"b-1","content":"000007-0000000042"}"#,
        ] {
            assert_eq!(scanner.read(text.as_bytes()), Some((mark, 43)), "{text}");
        }
    }

    #[test]
    fn what_is_no_message_of_a_bench_has_no_mark() {
        let scanner = Scanner::new();
        for text in [
            "",
            r#"{"type":"user_joined","user_id":1,"username":"x"}"#,
            r#"{"type":"message","content":"hello","seq":1}"#,
            r#"{"type":"message","content":"000007-0000000042 xx"}"#,
            r#"{"type":"message","content":"000007-0000000042 xx","seq":"1"}"#,
        ] {
            assert_eq!(scanner.read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_copy_has_as_many_bytes_and_other_numbers() {
        let original = br#"{"type":"message","content":"000007-0000000042 xx","seq":143}"#;
        let mut copy = Copy::of(original).unwrap();
        let frame = copy.frame(Mark { room: 8, index: 9 });
        assert_eq!(frame.len(), original.len() + 2);
        assert_eq!(Scanner::new().read(frame), Some((Mark { room: 8, index: 9 }, 10)));
    }
}
