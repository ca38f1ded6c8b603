//! Calls of every kind through all of it.
