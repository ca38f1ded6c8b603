//! Digits that are read out: a card number by its check digit, a phone number by its length, an e-mail address that is spelled.

use crate::conversation::text::{Pause, Text, Word};
use crate::conversation::tongue::Tongue;

/// What was read out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReadOut {
    /// A payment card's number; it is not kept.
    Card,
    /// A phone number.
    Phone(String),
    /// An e-mail address.
    Email(String),
    /// A website.
    Website(String),
}

/// Everything that is read out in a text, each with its stretch of the turn in bytes.
pub(crate) fn read_out(tongue: &Tongue, text: &Text) -> Vec<(ReadOut, usize, usize)> {
    let mut out = digits(tongue, &text.all);
    out.extend(addresses(&text.all));
    out
}

fn digits(tongue: &Tongue, words: &[Word]) -> Vec<(ReadOut, usize, usize)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let mut run = String::new();
        let mut until = at;
        let mut twice = false;
        while let Some(word) = words.get(until) {
            if run.is_empty() && word.plain == "+" {
                run.push('+');
            } else if let Some(digits) = tongue.counting.digits(&word.plain) {
                run.push_str(&digits);
                if std::mem::take(&mut twice) {
                    run.push_str(&digits);
                }
            } else if tongue.counting.doubles(&word.plain) {
                twice = true;
            } else {
                break;
            }
            until += 1;
            // Groups are parted by a comma or a stop, too: "4111, 1111."; another sentence's number is still another.
            if word.then == Pause::Asked || run.len() > LONGEST_NUMBER {
                break;
            }
        }
        let many = run.trim_start_matches('+').len();
        let (from, to) = (words[at].from, words[until.max(at + 1) - 1].to);
        if CARD.contains(&many) && passes_luhn(&run) {
            out.push((ReadOut::Card, from, to));
        } else if PHONE.contains(&many) {
            out.push((ReadOut::Phone(run), from, to));
        }
        at = until.max(at + 1);
    }
    out
}

/// The check digit of payment cards.
fn passes_luhn(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10) && run.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0')
}

fn addresses(words: &[Word]) -> Vec<(ReadOut, usize, usize)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = &words[at];
        if let Some((_, domain)) = word.plain.split_once('@')
            && domain.contains('.')
        {
            out.push((ReadOut::Email(word.plain.clone()), word.from, word.to));
        } else if let Some((domain, until)) = spelled_domain(words, at) {
            if let Some((name, from)) = spelled_name(words, at) {
                let address = format!("{name}@{domain}");
                out.push((ReadOut::Email(address), words[from].from, words[until - 1].to));
            } else {
                out.push((ReadOut::Website(domain), word.from, words[until - 1].to));
            }
            at = until;
            continue;
        } else if word.plain.starts_with("www.") || ENDINGS.iter().any(|end| is_domain(&word.plain, end)) {
            out.push((ReadOut::Website(word.plain.clone()), word.from, word.to));
        }
        at += 1;
    }
    out
}

fn is_domain(plain: &str, end: &str) -> bool {
    plain.strip_suffix(end).and_then(|name| name.strip_suffix('.')).is_some_and(|name| name.len() > 1)
}

/// "example dot co dot uk", or "example.com" behind an "at": the domain and where it ends.
fn spelled_domain(words: &[Word], at: usize) -> Option<(String, usize)> {
    let mut domain = words[at].plain.clone();
    let mut until = at + 1;
    while words.get(until).is_some_and(|word| word.plain == "dot" || word.plain == "punkt") {
        domain = format!("{domain}.{}", words.get(until + 1)?.plain);
        until += 2;
    }
    let written = until == at + 1 && domain.contains('.') && at > 0 && words[at - 1].plain == "at";
    let ends_well = domain.rsplit('.').next().is_some_and(|end| ENDINGS.contains(&end));
    let sound = domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    ((written || until > at + 1) && ends_well && sound && domain.len() <= LONGEST_ADDRESS)
        .then_some((domain, until))
}

/// What stands before the "at" of a spelled address: "jo dot smith at", and where it begins.
fn spelled_name(words: &[Word], domain: usize) -> Option<(String, usize)> {
    let at = domain.checked_sub(1).filter(|&at| AT.contains(&words[at].plain.as_str()))?;
    let mut from = at.checked_sub(1)?;
    let mut name = words[from].plain.clone();
    while let Some(sign) = from.checked_sub(1).and_then(|sign| sign_of(&words[sign].plain)) {
        from = from.checked_sub(2)?;
        name = format!("{}{sign}{name}", words[from].plain);
    }
    let sound = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let mailbox = !NO_MAILBOX.contains(&name.as_str());
    (sound && mailbox && name.len() <= LONGEST_ADDRESS).then_some((name, from))
}

fn sign_of(word: &str) -> Option<char> {
    match word {
        "dot" | "punkt" => Some('.'),
        "underscore" | "unterstrich" => Some('_'),
        "dash" | "hyphen" | "minus" | "bindestrich" => Some('-'),
        _ => None,
    }
}

/// How the sign in an e-mail address is said.
const AT: [&str; 2] = ["at", "ät"];

/// "Look at example dot com": nobody's mailbox.
const NO_MAILBOX: [&str; 10] =
    ["look", "looking", "us", "is", "are", "am", "find", "found", "online", "also"];

/// Endings of addresses that people have at work; others are taken where they are written with an @.
const ENDINGS: [&str; 14] =
    ["com", "org", "net", "io", "co", "uk", "de", "eu", "at", "ch", "biz", "us", "edu", "gov"];

/// How many digits a payment card has.
const CARD: std::ops::RangeInclusive<usize> = 13..=19;

/// How many digits a phone number has that is worth a note; fewer may be anything.
const PHONE: std::ops::RangeInclusive<usize> = 7..=12;

/// No number that we look for is longer.
const LONGEST_NUMBER: usize = 24;

/// No address that is read out is longer.
const LONGEST_ADDRESS: usize = 64;
