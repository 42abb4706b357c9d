//! The mark in every message of a bench, and a cheap way to find it.
//!
//! A content begins with the number of its room and its own number in that room, in fixed width. So a frame
//! is built once and only its digits are rewritten, and a received frame is searched for two short strings
//! instead of being parsed.

use std::time::{SystemTime, UNIX_EPOCH};

use memchr::memmem::Finder;

use crate::frame::{TEXT, client_frame};

const ROOM_DIGITS: usize = 6;
const INDEX_DIGITS: usize = 10;
/// Milliseconds since 1970.
const TIME_DIGITS: usize = 13;
/// Room, hyphen, index, space.
pub(crate) const MARK_BYTES: usize = ROOM_DIGITS + INDEX_DIGITS + 2;

/// What identifies a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub room: usize,
    pub index: u64,
}

/// A frame to send, in which only the digits change. Its client id begins with the time, like those of the
/// project's own client and all ULIDs.
pub(crate) struct Template {
    frame: Vec<u8>,
    in_content: usize,
    in_client_id: usize,
}

impl Template {
    /// For messages of `content_bytes` bytes, but at least as many as the mark needs.
    pub(crate) fn new(content_bytes: usize) -> Self {
        let filling = "x".repeat(content_bytes.saturating_sub(MARK_BYTES));
        let mark = written(Mark { room: 0, index: 0 });
        let head = r#"{"content":""#;
        let between = format!(r#" {filling}","client_id":""#);
        let payload = format!(r#"{head}{mark}{between}{:0TIME_DIGITS$}-{mark}"}}"#, 0);
        let frame = client_frame(TEXT, payload.as_bytes());
        let in_content = frame.len() - payload.len() + head.len();
        let in_client_id = in_content + mark.len() + between.len();
        Self { frame, in_content, in_client_id }
    }

    /// The frame with this mark, which is also its client id.
    pub(crate) fn frame(&mut self, mark: Mark) -> &[u8] {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if let Some(digits) = self.frame.get_mut(self.in_client_id..self.in_client_id + TIME_DIGITS) {
            write_digits(digits, u64::try_from(now.as_millis()).unwrap_or(0));
        }
        for at in [self.in_content, self.in_client_id + TIME_DIGITS + 1] {
            write_mark(&mut self.frame, at, mark);
        }
        &self.frame
    }
}

/// A received `message` frame, to send again with other numbers: what the floor writes.
pub(crate) struct Copy {
    frame: Vec<u8>,
    content: usize,
    seq: std::ops::Range<usize>,
}

impl Copy {
    /// A copy of this payload, with room for a seq of `most`; `None` if it is not a message of a bench.
    pub(crate) fn of(payload: &[u8], most: u64) -> Option<Self> {
        let scanner = Scanner::new();
        let mut payload = payload.to_vec();
        let seq = scanner.seq.find(&payload)? + SEQ.len();
        let had = payload.get(seq..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = had.max(most.to_string().len());
        payload.splice(seq..seq, std::iter::repeat_n(b'0', digits - had));
        let frame = crate::frame::server_frame(TEXT, &payload);
        let content = scanner.content.find(&frame)? + CONTENT.len();
        let seq = scanner.seq.find(&frame)? + SEQ.len();
        Some(Self { frame, content, seq: seq..seq + digits })
    }

    /// The frame with this mark. The seq follows the index.
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

/// Finds the mark and the seq in a frame.
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
        let mark = self.content(payload)?;
        Some((mark, seq_at(payload, self.seq.find(payload)? + SEQ.len())?))
    }

    /// The marks and seqs of all messages in a frame that has many; `None` if it can't be parsed.
    pub(crate) fn read_all<'a>(
        &'a self,
        payload: &'a [u8],
    ) -> impl Iterator<Item = Option<(Mark, u64)>> + 'a {
        let marks = self.content.find_iter(payload).map(|at| mark_at(payload, at + CONTENT.len()));
        let seqs = self.seq.find_iter(payload).map(|at| seq_at(payload, at + SEQ.len()));
        marks.zip(seqs).map(|(mark, seq)| mark.zip(seq))
    }

    /// The mark in a content; `None` if there is none.
    pub(crate) fn content(&self, payload: &[u8]) -> Option<Mark> {
        mark_at(payload, self.content.find(payload)? + CONTENT.len())
    }
}

/// The cursor of a received message, `seq` and `stamp`; `None` if it has none.
pub(crate) fn cursor_of(payload: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(payload).ok()?;
    Some(format!("{}.{}", value.get("seq")?.as_u64()?, value.get("stamp")?.as_str()?))
}

fn mark_at(payload: &[u8], at: usize) -> Option<Mark> {
    let (room, rest) = payload.get(at..)?.split_at_checked(ROOM_DIGITS)?;
    let index = rest.strip_prefix(b"-")?.get(..INDEX_DIGITS)?;
    Some(Mark { room: usize::try_from(number(room)?).ok()?, index: number(index)? })
}

fn seq_at(payload: &[u8], at: usize) -> Option<u64> {
    let seq = payload.get(at..)?;
    let digits = seq.iter().take_while(|byte| byte.is_ascii_digit()).count();
    number(seq.get(..digits)?)
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
            let (time, id) = sent.get("client_id").unwrap().as_str().unwrap().split_once('-').unwrap();
            assert!(time.parse::<u64>().unwrap() > 1_700_000_000_000);
            assert_eq!(id, "000012-0000000345");
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
        let mut copy = Copy::of(original, 900).unwrap();
        let frame = copy.frame(Mark { room: 8, index: 9 });
        assert_eq!(frame.len(), original.len() + 2);
        assert_eq!(Scanner::new().read(frame), Some((Mark { room: 8, index: 9 }, 10)));
        let mut longer = Copy::of(original, 90_000).unwrap();
        let mark = Mark { room: 8, index: 77_776 };
        assert_eq!(Scanner::new().read(longer.frame(mark)), Some((mark, 77_777)));
    }

    #[test]
    fn all_messages_of_a_replay_are_found() {
        let replay = br#"{"type":"replay","conversation_id":7,"events":[
            {"type":"message","seq":8,"stamp":"a","content":"000007-0000000042 xx"},
            {"type":"message","seq":9,"stamp":"b","content":"000007-0000000043 xx"}],"head":"9.b"}"#;
        let scanner = Scanner::new();
        let found: Vec<_> = scanner.read_all(replay).collect();
        let mark = |index| Mark { room: 7, index };
        assert_eq!(found, [Some((mark(42), 8)), Some((mark(43), 9))]);
        assert_eq!(scanner.read_all(br#"{"events":[{"content":"x","seq":1}]}"#).collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn a_cursor_is_seq_and_stamp() {
        assert_eq!(cursor_of(br#"{"type":"message","stamp":"k3","seq":12}"#).as_deref(), Some("12.k3"));
        assert_eq!(cursor_of(br#"{"type":"message","seq":12}"#), None);
    }
}
