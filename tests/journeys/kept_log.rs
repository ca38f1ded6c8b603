//! Every log line of this process, kept for whoever wants to see that something is not in it.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use baton::config::Log;
use baton::telemetry::logs;

static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Keeps all log lines of this process from now on.
pub(crate) fn begin() {
    logs::start(&Log { level: "info".to_owned(), ..Log::default() }, || Kept);
}

struct Kept;

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What was logged so far.
pub(crate) fn written() -> String {
    let written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&written).into_owned()
}
