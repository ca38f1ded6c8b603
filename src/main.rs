//! The program: parse, wire, run, exit code.

fn main() {}
