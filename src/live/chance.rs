//! Random bits for identities and tickets, from the operating system.

/// 128 bits that nobody can guess.
pub fn bits() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random bits: without them nothing is safe");
    u128::from_ne_bytes(bytes)
}
