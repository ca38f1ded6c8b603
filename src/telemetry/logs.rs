//! Where log lines go, and how they look. No phone number, name or word of a conversation above DEBUG (promise 8).

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{Log, LogFormat};

/// Writes Baton's log lines from the set level on, and warnings of the libraries beneath it.
pub fn start<W>(log: &Log, to: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::new(format!("warn,baton={}", log.level));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(to).with_target(false);
    // A second start in one process (a demo inside a test) keeps the first.
    let _ = match log.format {
        LogFormat::Text => lines.with_ansi(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
