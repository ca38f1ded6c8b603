//! The course of a call for a person at a terminal.

use std::io::{self, Write};

use crate::call::in_words::{self, clock, one_line};
use crate::replay::course::{Course, Decided, Happening, Raised, TriggerCourse, TurnSeen};
use crate::time::CallTime;

/// Writes all of it: what was said with what it told, the scores, the decisions, and why nothing else fired.
pub fn write(course: &Course, out: &mut dyn Write) -> io::Result<()> {
    head(course, out)?;
    let mut places: Vec<(CallTime, Place<'_>)> = Vec::new();
    places.extend(course.turns.iter().map(|turn| (turn.turn.until, Place::Turn(turn))));
    places.extend(course.happenings.iter().map(|happening| (happening.at, Place::Happening(happening))));
    places.extend(course.decisions.iter().map(|decided| (decided.decision.at, Place::Decided(decided))));
    // What is of the same time stands in this order: said, noted, decided.
    places.sort_by_key(|(at, _)| *at);
    for (_, place) in places {
        match place {
            Place::Turn(turn) => write_turn(turn, out)?,
            Place::Happening(happening) => write_happening(happening, out)?,
            Place::Decided(decided) => write_decision(decided, out)?,
        }
    }
    write_end(course, out)
}

enum Place<'a> {
    Turn(&'a TurnSeen),
    Happening(&'a Happening),
    Decided(&'a Decided),
}

fn head(course: &Course, out: &mut dyn Write) -> io::Result<()> {
    let title =
        if course.title.is_empty() { String::new() } else { format!(": {}", one_line(&course.title)) };
    writeln!(out, "{}{title}", one_line(&course.name))?;
    let direction = format!("{:?}", course.direction).to_lowercase();
    writeln!(out, "{direction}, {}, {} turns", clock(course.until), course.turns.len())?;
    for note in &course.notes {
        writeln!(out, "Note: {}", one_line(note))?;
    }
    writeln!(out)
}

fn write_turn(seen: &TurnSeen, out: &mut dyn Write) -> io::Result<()> {
    let turn = &seen.turn;
    let words =
        if turn.words.is_empty() { "(its words were taken out)".to_owned() } else { one_line(&turn.words) };
    writeln!(out, "{}  {:<9} {words}", clock(turn.from), turn.by.word())?;
    if !seen.signals.is_empty() {
        let signals: Vec<String> = seen.signals.iter().map(in_words::signal).collect();
        writeln!(out, "{INDENT}· {}", signals.join(", "))?;
    }
    for fact in &seen.facts {
        writeln!(out, "{INDENT}= {}: {}", fact.name.word(), one_line(&fact.value))?;
    }
    write_raised(&seen.raised, out)
}

fn write_happening(happening: &Happening, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}  ~         {}", clock(happening.at), happening.says)?;
    write_raised(&happening.raised, out)
}

fn write_raised(raised: &[Raised], out: &mut dyn Write) -> io::Result<()> {
    if raised.is_empty() {
        return Ok(());
    }
    let scores: Vec<String> = raised
        .iter()
        .map(|Raised { trigger, score, threshold }| format!("{trigger} {score}/{threshold}"))
        .collect();
    writeln!(out, "{INDENT}↑ {}", scores.join(", "))
}

fn write_decision(decided: &Decided, out: &mut dyn Write) -> io::Result<()> {
    let decision = &decided.decision;
    writeln!(
        out,
        "{}  ▶ decision {}: {}, {} (trigger {}: {} of {})",
        clock(decision.at),
        decision.number,
        decision.reason.word(),
        decision.urgency.word(),
        decision.trigger,
        decision.score,
        decision.threshold
    )?;
    for because in &decided.because {
        writeln!(out, "{INDENT}  {because}")?;
    }
    for question in &decision.open_questions {
        writeln!(out, "{INDENT}  still open: {}", one_line(question))?;
    }
    if !decided.suggested_words.is_empty() {
        writeln!(out, "{INDENT}  to be said: {}", one_line(&decided.suggested_words))?;
    }
    writeln!(out, "{INDENT}  {}", decided.became)
}

fn write_end(course: &Course, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    for (n, expected) in (1..).zip(&course.expected) {
        writeln!(out, "expected {n}: {expected}")?;
    }
    for decision in &course.then {
        writeln!(
            out,
            "decided in the call itself: {}, {} at {} ({} of {})",
            decision.reason.word(),
            decision.urgency.word(),
            clock(decision.at),
            decision.score,
            decision.threshold
        )?;
    }
    if course.decisions.is_empty() {
        writeln!(out, "Nothing was decided.")?;
    }
    let silent: Vec<&TriggerCourse> =
        course.triggers.iter().filter(|course| course.fired.is_empty()).collect();
    if silent.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "Why {} did not fire:",
        if course.decisions.is_empty() { "the triggers" } else { "the others" }
    )?;
    for trigger in silent {
        writeln!(out, "  {:<18} {}", trigger.trigger, why_not(trigger))?;
    }
    Ok(())
}

/// Why a trigger did not fire: how near it came, when, and what held it back then.
pub fn why_not(trigger: &TriggerCourse) -> String {
    let nearest = &trigger.nearest;
    if nearest.score <= 0 {
        let off = nearest.held_back.iter().any(|why| why == SWITCHED_OFF);
        return if off { SWITCHED_OFF.to_owned() } else { "nothing spoke for it".to_owned() };
    }
    let held = if nearest.held_back.is_empty() {
        String::new()
    } else {
        format!(": {}", nearest.held_back.join("; "))
    };
    format!("came to {} of {} at {}{held}", nearest.score, nearest.threshold, clock(trigger.nearest_at))
}

/// Under the words, beside the times.
const INDENT: &str = "                   ";

/// What the engine says of a trigger that the settings switch off.
const SWITCHED_OFF: &str = "switched off";
