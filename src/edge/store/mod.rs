//! The store: what must survive the process.
