//! Trains the two heads, and examines them on speakers that they have not heard: each speaker left out in turn.

use serde::Serialize;

use crate::ear::mood::baseline::{Figures, Population};
use crate::ear::mood::functionals::{FEATURES, NAMES};
use crate::ear::mood::heads::{Calibration, Head, Heads, LeftOut, Spread, TrainedOn, VERSION, Weights};
use crate::lab::calibrate::{Platt, Scored};
use crate::lab::drill::{Against, Example, Run, population, replay};
use crate::lab::logistic::{Evidence, Regression, likelihood};
use crate::lab::reliability::Reliability;
use crate::lab::score::{Estimate, Group, auc_estimate};
use crate::lab::staged::Emotion;

/// What a head is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Excited (angry, happy) or calm (neutral, sad)?
    Activation,
    /// Angry or happy, if excited?
    Tone,
}

impl Question {
    /// The answer for this emotion, when it is asked of it.
    pub fn answer(self, emotion: Emotion) -> Option<bool> {
        match self {
            Self::Activation => Some(emotion.excited()),
            Self::Tone => emotion.excited().then_some(emotion == Emotion::Angry),
        }
    }

    fn penalty(self) -> f64 {
        match self {
            Self::Activation => ACTIVATION_PENALTY,
            Self::Tone => TONE_PENALTY,
        }
    }

    /// Share of the fitted steepness that is kept.
    fn kept(self) -> f64 {
        match self {
            Self::Activation => ACTIVATION_KEPT,
            Self::Tone => TONE_KEPT,
        }
    }
}

/// A head as it was fitted, before it is written down.
#[derive(Clone, Debug)]
pub struct Fitted {
    means: [f64; FEATURES],
    scales: [f64; FEATURES],
    regression: Regression,
    platt: Platt,
}

impl Fitted {
    fn sum(&self, z: &Figures) -> f64 {
        self.regression.sum(&standard(z, &self.means, &self.scales))
    }

    /// The head as the file of weights has it.
    pub fn head(&self, says: &str, left_out: LeftOut) -> Head {
        let list = |numbers: &[f64]| numbers.iter().map(|x| *x as f32).collect();
        Head {
            says: says.to_owned(),
            means: list(&self.means),
            scales: list(&self.scales),
            coefficients: list(&self.regression.coefficients),
            bias: self.regression.bias as f32,
            calibration: Calibration { slope: self.platt.slope as f32, offset: self.platt.offset as f32 },
            left_out,
        }
    }
}

/// Everything that is trained, from the calls of these speakers alone.
#[derive(Clone, Debug)]
pub struct Trained {
    /// What their calm speech is like.
    pub people: Population,
    /// Excited or calm.
    pub activation: Fitted,
    /// Angry or happy.
    pub tone: Fitted,
}

impl Trained {
    /// As the file of weights has it.
    pub fn weights(&self, trained_on: TrainedOn, left_out: [LeftOut; 2]) -> Weights {
        Weights {
            version: VERSION,
            made_by: "baton ear train".to_owned(),
            trained_on,
            features: NAMES.iter().map(|&name| name.to_owned()).collect(),
            population: Spread {
                mean: self.people.mean.to_vec(),
                between: self.people.between.to_vec(),
                within: self.people.within.to_vec(),
            },
            activation: self
                .activation
                .head("excited (angry, happy) rather than calm (neutral, sad)", left_out[0]),
            tone: self.tone.head("angry rather than happy, of excited speech", left_out[1]),
        }
    }

    /// As the ear uses it: the very numbers of the file.
    pub fn heads(&self) -> Heads {
        let nothing = LeftOut { auc: 0.0, uar: 0.0, ece: 0.0 };
        let nobody = TrainedOn {
            corpus: String::new(),
            licence: String::new(),
            speakers: Vec::new(),
            clips: 0,
            sha256: String::new(),
        };
        Heads::new(&self.weights(nobody, [nothing; 2])).expect("what was just fitted has these figures")
    }
}

/// Trains on the calls of these speakers; the calibration is fitted on each of them as one left out.
pub fn trained(runs: &[Run], of: &[String], against: Against) -> Trained {
    let people = population(runs, of);
    let all = examples(runs, &people, against);
    let head = |question: Question| {
        let (means, scales, regression) = fitted(&all, of, question);
        let mut scores = Vec::new();
        for out in of {
            let rest: Vec<String> = of.iter().filter(|speaker| *speaker != out).cloned().collect();
            let people = population(runs, &rest);
            let all = examples(runs, &people, against);
            let (means, scales, regression) = fitted(&all, &rest, question);
            for example in all.iter().filter(|example| example.whole && &example.speaker == out) {
                if let Some(yes) = question.answer(example.emotion) {
                    let sum = regression.sum(&standard(&example.z, &means, &scales));
                    scores.push(Scored { sum, yes, weight: 1.0 });
                }
            }
        }
        let platt = Platt::fit(&scores).unwrap_or(Platt { slope: 1.0, offset: 0.0 });
        let platt = Platt { slope: platt.slope * question.kept(), offset: platt.offset * question.kept() };
        Fitted { means, scales, regression, platt }
    };
    Trained { people, activation: head(Question::Activation), tone: head(Question::Tone) }
}

fn examples(runs: &[Run], people: &Population, against: Against) -> Vec<Example> {
    runs.iter().flat_map(|run| replay(run, people, against)).collect()
}

fn standard(z: &Figures, means: &[f64; FEATURES], scales: &[f64; FEATURES]) -> Vec<f64> {
    (0..FEATURES).map(|i| (f64::from(z[i]) - means[i]) / scales[i]).collect()
}

/// Every speaker counts alike, both answers count alike, and every clip of these.
fn fitted(
    all: &[Example],
    of: &[String],
    question: Question,
) -> ([f64; FEATURES], [f64; FEATURES], Regression) {
    let mut pieces: Vec<(&Example, bool, f64)> = Vec::new();
    for speaker in of {
        for wanted in [false, true] {
            let theirs: Vec<&Example> = all
                .iter()
                .filter(|e| &e.speaker == speaker && question.answer(e.emotion) == Some(wanted))
                .collect();
            let each = CLIPS_A_SPEAKER / (2.0 * theirs.len().max(1) as f64);
            pieces.extend(theirs.into_iter().map(|example| (example, wanted, each)));
        }
    }
    let total: f64 = pieces.iter().map(|piece| piece.2).sum();
    let mean = |of: &dyn Fn(&Example) -> f64| {
        pieces.iter().map(|(example, _, weight)| weight * of(example)).sum::<f64>() / total.max(1.0)
    };
    let means: [f64; FEATURES] = std::array::from_fn(|i| mean(&|e| f64::from(e.z[i])));
    let scales: [f64; FEATURES] = std::array::from_fn(|i| {
        let square = |e: &Example| (f64::from(e.z[i]) - means[i]) * (f64::from(e.z[i]) - means[i]);
        mean(&square).sqrt().max(0.1)
    });
    let evidence: Vec<Evidence> = pieces
        .iter()
        .map(|(example, yes, weight)| Evidence {
            figures: standard(&example.z, &means, &scales),
            yes: f64::from(u8::from(*yes)),
            weight: *weight,
        })
        .collect();
    let regression = Regression::fit(&evidence, &[question.penalty(); FEATURES])
        .unwrap_or(Regression { coefficients: vec![0.0; FEATURES], bias: 0.0 });
    (means, scales, regression)
}

/// One answer of the exam: a whole clip of a speaker left out.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Who spoke.
    pub speaker: String,
    /// What it was.
    pub emotion: Emotion,
    /// Over the line of the recordings.
    pub plain: bool,
    /// The probability of excitement.
    pub activation: f64,
    /// The probability of anger, if excited.
    pub tone: f64,
    /// How far the ear would believe it.
    pub confidence: f32,
}

/// Trained without each of these speakers in turn.
pub fn without_each(runs: &[Run], speakers: &[String], against: Against) -> Vec<Trained> {
    let without = |out: &String| {
        let rest: Vec<String> = speakers.iter().filter(|speaker| *speaker != out).cloned().collect();
        trained(runs, &rest, against)
    };
    speakers.iter().map(without).collect()
}

/// Every whole clip of every speaker, answered by the heads that have not heard that speaker.
pub fn answers(runs: &[Run], speakers: &[String], without: &[Trained], against: Against) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (out, trained) in speakers.iter().zip(without) {
        for run in runs.iter().filter(|run| &run.speaker == out) {
            for example in replay(run, &trained.people, against).into_iter().filter(|example| example.whole) {
                let say = |head: &Fitted| likelihood(head.platt.sum(head.sum(&example.z)));
                answers.push(Answer {
                    speaker: example.speaker.clone(),
                    emotion: example.emotion,
                    plain: example.plain,
                    activation: say(&trained.activation),
                    tone: say(&trained.tone),
                    confidence: example.confidence,
                });
            }
        }
    }
    answers
}

/// How a question was answered.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    /// What was asked.
    pub asked: String,
    /// How many clips.
    pub clips: usize,
    /// Area under the curve, its interval over speakers.
    pub auc: Option<Estimate>,
    /// Mean of the two answers' recall at one half, in percent; whoever always says the same gets 50.
    pub uar: f64,
    /// Share right of whoever always says what is more frequent, in percent.
    pub majority: f64,
    /// Whether the probabilities tell the truth.
    pub reliability: Reliability,
}

/// Marks the answers that `ask` is about: what was said, and what was so.
pub fn mark(asked: &str, answers: &[Answer], ask: impl Fn(&Answer) -> Option<(f64, bool)>) -> Mark {
    let mut groups: Vec<(String, Group)> = Vec::new();
    let mut pieces = Vec::new();
    for answer in answers {
        let Some((said, so)) = ask(answer) else { continue };
        pieces.push((said, so));
        if groups.last().is_none_or(|(speaker, _)| *speaker != answer.speaker) {
            groups.push((answer.speaker.clone(), Group::default()));
        }
        if let Some((_, group)) = groups.last_mut() {
            group.push(said as f32, so);
        }
    }
    let groups: Vec<Group> = groups.into_iter().map(|(_, group)| group).collect();
    let share = |so: bool| {
        let these: Vec<_> = pieces.iter().filter(|piece| piece.1 == so).collect();
        let right = these.iter().filter(|piece| (piece.0 >= 0.5) == so).count();
        right as f64 / these.len().max(1) as f64
    };
    let yes = pieces.iter().filter(|piece| piece.1).count() as f64 / pieces.len().max(1) as f64;
    Mark {
        asked: asked.to_owned(),
        clips: pieces.len(),
        auc: auc_estimate(&groups),
        uar: 50.0 * (share(true) + share(false)),
        majority: 100.0 * yes.max(1.0 - yes),
        reliability: Reliability::of(&pieces),
    }
}

/// What a coefficient costs: as if so many clips of each answer stood at every figure's mean. Strong on purpose: the
/// voices of five actors of one language hold much that holds for nobody else.
const ACTIVATION_PENALTY: f64 = 10.0;
const TONE_PENALTY: f64 = 60.0;

/// Share of the steepness that the calibration found which is kept: on other languages and on people who do not act the
/// same difference says less than it does here.
const ACTIVATION_KEPT: f64 = 0.7;
const TONE_KEPT: f64 = 0.5;

/// What a speaker's calls count together: they have about as many clips.
const CLIPS_A_SPEAKER: f64 = 36.0;
