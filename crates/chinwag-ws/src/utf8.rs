//! Text that arrives in parts, checked part by part (RFC 6455 8.1).
//!
//! Parts may split a character: up to three bytes wait for the rest of it. A part that no continuation can
//! make valid is refused at once, not when the message ends.

use crate::Error;

/// The text received so far, validated exactly once.
#[derive(Debug, Default)]
pub(crate) struct TextBuffer {
    text: String,
    /// The start of a character whose end has not arrived; at most three bytes.
    unfinished: Vec<u8>,
}

impl TextBuffer {
    /// Bytes received so far.
    pub(crate) fn len(&self) -> usize {
        self.text.len() + self.unfinished.len()
    }

    /// Appends the next part.
    ///
    /// # Errors
    /// [`Error::InvalidUtf8`] as soon as no further bytes could make the text valid.
    pub(crate) fn push(&mut self, mut part: &[u8]) -> Result<(), Error> {
        while !self.unfinished.is_empty() {
            let Some((&byte, rest)) = part.split_first() else {
                return Ok(());
            };
            part = rest;
            self.unfinished.push(byte);
            match str::from_utf8(&self.unfinished) {
                Ok(character) => {
                    self.text.push_str(character);
                    self.unfinished.clear();
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Error::InvalidUtf8),
            }
        }
        match str::from_utf8(part) {
            Ok(text) => self.text.push_str(text),
            Err(error) if error.error_len().is_some() => return Err(Error::InvalidUtf8),
            Err(error) => {
                let (whole, unfinished) = part.split_at(error.valid_up_to());
                let text = str::from_utf8(whole).map_err(|_| Error::InvalidUtf8)?;
                self.text.push_str(text);
                self.unfinished.extend_from_slice(unfinished);
            }
        }
        Ok(())
    }

    /// Returns the whole text.
    ///
    /// # Errors
    /// [`Error::InvalidUtf8`] if it ends inside a character.
    pub(crate) fn finish(self) -> Result<String, Error> {
        if self.unfinished.is_empty() { Ok(self.text) } else { Err(Error::InvalidUtf8) }
    }
}

#[cfg(test)]
mod tests {
    use super::TextBuffer;
    use crate::Error;

    /// Feeds one byte at a time; returns how many were accepted before the refusal.
    fn bytes_before_refusal(bytes: &[u8]) -> Option<usize> {
        let mut buffer = TextBuffer::default();
        bytes.iter().position(|byte| buffer.push(&[*byte]) == Err(Error::InvalidUtf8))
    }

    #[test]
    fn text_split_inside_characters_is_put_together() {
        let text = "aß€😀\u{10ffff}z";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let (start, end) = text.as_bytes().split_at(second);
                let (start, middle) = start.split_at(first);
                let mut buffer = TextBuffer::default();
                for part in [start, middle, end] {
                    assert_eq!(buffer.push(part), Ok(()), "split at {first} and {second}");
                }
                assert_eq!(buffer.len(), text.len());
                assert_eq!(buffer.finish().as_deref(), Ok(text));
            }
        }
    }

    #[test]
    fn the_first_impossible_byte_is_refused() {
        assert_eq!(bytes_before_refusal(b"ab\x80"), Some(2));
        assert_eq!(bytes_before_refusal(b"\xc0"), Some(0), "overlong, two bytes");
        assert_eq!(bytes_before_refusal(b"\xe0\x9f"), Some(1), "overlong, three");
        assert_eq!(bytes_before_refusal(b"\xed\xa0"), Some(1), "surrogate");
        assert_eq!(bytes_before_refusal(b"\xf4\x90"), Some(1), "past U+10FFFF");
        assert_eq!(bytes_before_refusal(b"\xf0\x9f\x98a"), Some(3), "cut short");
    }

    #[test]
    fn text_that_ends_inside_a_character_is_refused() {
        let mut buffer = TextBuffer::default();
        assert_eq!(buffer.push("a😀".as_bytes().split_at(4).0), Ok(()));
        assert_eq!(buffer.finish(), Err(Error::InvalidUtf8));
    }
}
