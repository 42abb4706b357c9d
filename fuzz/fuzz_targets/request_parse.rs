//! Any text is a frame or an error, never a panic; and a parsed cursor survives being written and parsed again.
//! again.

#![no_main]

use chinwag_protocol::{Cursor, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Request::parse(text);
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
});
