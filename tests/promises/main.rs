//! The promises, checked where they can be broken: in every situation that a call can get into.

mod defects;
mod ledger;
mod replays;
mod walk;
