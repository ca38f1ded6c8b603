//! A recorded call through understanding and engine, as a running call goes through them, and its course.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{in_words, story};
use crate::conversation::{Fact, Lexicon, Shape, Signal, Turn, Understanding};
use crate::escalation::{
    Decision, Engine, Policy, TriggerStanding, Urgency, VoiceReadings, proposal, voice_signals,
};
use crate::replay::course::{Course, Decided, Happening, Point, Raised, TriggerCourse, TurnSeen};
use crate::replay::recorded::{Recorded, ToldThen, What};
use crate::time::CallTime;

/// What a call is judged by.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// How the words are understood.
    pub lexicon: Arc<Lexicon>,
    /// What is made of that.
    pub policy: Arc<Policy>,
    /// The language of calls of which nobody says otherwise.
    pub language: String,
}

/// Which signals count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signals {
    /// What the words tell as they are understood today.
    #[default]
    Anew,
    /// What they told in the call itself, where that is on record.
    AsStored,
}

/// How closely a score is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// At everything that happens, and in between as it fades.
    Full,
    /// Only what was decided.
    Decisions,
}

/// Runs a call.
pub fn run(recorded: &Recorded, by: &Judgement, signals: Signals, detail: Detail) -> Course {
    let mut running = Running::new(recorded, by, detail);
    let stored = signals == Signals::AsStored || recorded.wordless;
    for step in &recorded.steps {
        running.fade_until(step.at);
        match &step.what {
            What::Said(turn, then) => running.said(turn, then.as_deref().filter(|_| stored)),
            What::Noted(note, then) => {
                let then = then.as_ref().filter(|_| stored).cloned();
                let signals = then.unwrap_or_else(|| {
                    let told = running.understanding.note(step.at, note);
                    running.learn(told.facts);
                    told.signals
                });
                running.happened(step.at, in_words::note(note), None, signals);
            }
            What::Voice(shown) => {
                let signals = voice_signals(step.at, *shown);
                running.happened(step.at, in_words::voice(*shown), Some(*shown), signals);
            }
            What::Answered(answer) => {
                running.engine.answered(step.at, *answer);
                let waits = |decided: &&mut Decided| {
                    matches!(decided.decision.urgency, Urgency::Immediate | Urgency::Normal)
                };
                if let Some(last) = running.course.decisions.iter_mut().rfind(waits) {
                    last.answer.get_or_insert(*answer);
                }
                running.happened(step.at, in_words::answer(*answer).to_owned(), None, Vec::new());
            }
        }
    }
    running.finish()
}

struct Running<'a> {
    by: &'a Judgement,
    language: String,
    detail: Detail,
    every: Duration,
    understanding: Understanding,
    engine: Engine,
    scores: BTreeMap<String, i64>,
    at: CallTime,
    course: Course,
}

impl<'a> Running<'a> {
    fn new(recorded: &Recorded, by: &'a Judgement, detail: Detail) -> Self {
        let until = recorded.until();
        let mut notes = recorded.notes.clone();
        if recorded.wordless {
            notes.push(
                "the words of this call were taken out: what they told then is what is judged".to_owned(),
            );
        }
        let course = Course {
            version: Course::VERSION,
            name: recorded.name.clone(),
            title: recorded.title.clone(),
            direction: recorded.context.direction,
            account: recorded.context.account.clone(),
            until,
            notes,
            turns: Vec::new(),
            happenings: Vec::new(),
            decisions: Vec::new(),
            then: recorded.then.clone(),
            expected: recorded.expected.clone(),
            triggers: Vec::new(),
            facts: Vec::new(),
            shape: Shape::default(),
        };
        let mut context = recorded.context.clone();
        if context.language.is_empty() {
            context.language.clone_from(&by.language);
        }
        Self {
            by,
            language: context.language.clone(),
            detail,
            every: (until.since_start() / MOST_SAMPLES).max(FINEST),
            engine: Engine::new(Arc::clone(&by.policy), &context),
            understanding: Understanding::new(&by.lexicon, context),
            scores: BTreeMap::new(),
            at: CallTime::ZERO,
            course,
        }
    }

    fn said(&mut self, turn: &Turn, then: Option<&ToldThen>) {
        let ToldThen { signals, facts, shape } = then.cloned().unwrap_or_else(|| {
            let told = self.understanding.hear(turn);
            ToldThen { signals: told.signals, facts: told.facts, shape: told.shape }
        });
        let decided = self.engine.said(turn, &signals, &shape);
        self.learn(facts.clone());
        let stage = shape.stage;
        self.course.shape = shape;
        let seen = TurnSeen { turn: turn.clone(), signals, facts, stage, raised: Vec::new() };
        // Words that became better known stand where they stood.
        let known = self.course.turns.iter().position(|known| known.turn.number == turn.number);
        let place = known.unwrap_or(self.course.turns.len());
        if known.is_some() {
            self.course.turns[place] = seen;
        } else {
            self.course.turns.push(seen);
        }
        self.course.turns[place].raised = self.look(turn.until, decided.as_ref());
        self.decided(decided);
    }

    fn happened(&mut self, at: CallTime, says: String, voice: Option<VoiceReadings>, signals: Vec<Signal>) {
        let decided = if signals.is_empty() { None } else { self.engine.noticed(at, &signals) };
        let raised = self.look(at, decided.as_ref());
        self.course.happenings.push(Happening { at, says, voice, signals, raised });
        self.decided(decided);
    }

    fn decided(&mut self, decision: Option<Decision>) {
        let Some(decision) = decision else { return };
        let turns: Vec<Turn> = self.course.turns.iter().map(|seen| seen.turn.clone()).collect();
        let because = decision.evidence.iter().map(|evidence| in_words::evidence(evidence, &turns)).collect();
        let suggested_words = proposal(&decision, &self.course.facts, &self.language, &self.by.policy.words);
        self.course.decisions.push(Decided {
            decision,
            because,
            suggested_words,
            answer: None,
            became: String::new(),
        });
    }

    fn learn(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            match self.course.facts.iter_mut().find(|known| known.name == fact.name) {
                Some(known) => *known = fact,
                None => self.course.facts.push(fact),
            }
        }
    }

    /// Between two things that happen, scores fade.
    fn fade_until(&mut self, at: CallTime) {
        if self.detail == Detail::Decisions {
            return;
        }
        while at.since(self.at) > self.every * 2 && self.scores.values().any(|score| *score != 0) {
            self.look(self.at + self.every, None);
        }
    }

    /// How every trigger stands now; which were raised since the last look.
    fn look(&mut self, at: CallTime, decided: Option<&Decision>) -> Vec<Raised> {
        self.at = self.at.max(at);
        if self.detail == Detail::Decisions {
            return Vec::new();
        }
        let mut raised = Vec::new();
        for standing in self.engine.standings(self.at) {
            let trigger = standing.trigger.clone();
            let fired = decided.filter(|decision| decision.trigger == trigger);
            // What a decision stands on is spent with it: its score at that moment is the decision's.
            let score = fired.map_or(i64::from(standing.score), |decision| i64::from(decision.score));
            let threshold = fired.map_or(standing.threshold, |decision| decision.threshold);
            let before = self.scores.insert(trigger.clone(), i64::from(standing.score)).unwrap_or(0);
            if score > before.max(0) {
                raised.push(Raised { trigger: trigger.clone(), score, threshold });
            }
            let known = self.course.triggers.iter().position(|known| known.trigger == trigger);
            let place = known.unwrap_or_else(|| {
                self.course.triggers.push(new_course(&standing, self.at));
                self.course.triggers.len() - 1
            });
            follow(
                &mut self.course.triggers[place],
                standing,
                self.at,
                Point { at: self.at, score, threshold },
                fired,
            );
        }
        raised
    }

    fn finish(mut self) -> Course {
        let until = self.course.until;
        self.fade_until(until);
        self.look(until, None);
        for decided in &mut self.course.decisions {
            let unanswered = || story::unanswered(decided.decision.urgency);
            decided.became = decided.answer.map_or_else(unanswered, in_words::answer).to_owned();
        }
        self.course
    }
}

fn new_course(standing: &TriggerStanding, at: CallTime) -> TriggerCourse {
    TriggerCourse {
        trigger: standing.trigger.clone(),
        reason: standing.reason,
        points: Vec::new(),
        fired: Vec::new(),
        nearest: standing.clone(),
        nearest_at: at,
        at_end: standing.clone(),
    }
}

fn follow(
    course: &mut TriggerCourse,
    standing: TriggerStanding,
    at: CallTime,
    point: Point,
    fired: Option<&Decision>,
) {
    // A line needs the two ends of what is level, not every point between.
    if let [.., before, last] = course.points.as_slice()
        && (before.score, before.threshold) == (last.score, last.threshold)
        && (last.score, last.threshold) == (point.score, point.threshold)
    {
        course.points.pop();
    }
    // What is said raises a score at once, and not little by little since the last look.
    if let Some(last) =
        course.points.last().copied().filter(|last| last.at < point.at && last.score < point.score)
    {
        course.points.push(Point { at: point.at, ..last });
    }
    course.points.push(point);
    if fired.is_some() {
        course.fired.push(at);
        course.points.push(Point { at, score: i64::from(standing.score), threshold: standing.threshold });
    }
    let share =
        |standing: &TriggerStanding| i64::from(standing.score) * 1_000 / i64::from(standing.threshold.max(1));
    if share(&standing) > share(&course.nearest) {
        course.nearest = standing.clone();
        course.nearest_at = at;
    }
    course.at_end = standing;
}

/// Points between two things that happen: more than a page is wide shows nothing more.
const MOST_SAMPLES: u32 = 600;

/// Scores fade over tens of seconds.
const FINEST: Duration = Duration::from_secs(1);
