//! Everything that is logged while the tests run, at the most talkative level.

use std::io;
use std::sync::Once;

use parking_lot::Mutex;

/// Everything except the clients in this process: what those log is not the server's.
const SERVER: &str = "trace,tungstenite=off,tokio_tungstenite=off,reqwest=off,hyper_util::client=off";

static LOGS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Capture;

impl io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGS.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to capture, once for all tests: the server logs from threads of its own.
pub(super) fn capture_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt().with_env_filter(SERVER).with_ansi(false).with_writer(|| Capture).init();
    });
}

/// What was logged so far, by all tests.
pub(crate) fn captured_logs() -> String {
    String::from_utf8_lossy(&LOGS.lock()).into_owned()
}
