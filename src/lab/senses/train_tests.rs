//! Training on sentences made here (always), and whether the shipped weights are of the sentences that are here.

use std::path::PathBuf;

use super::*;
use crate::conversation::senses::WEIGHTS;
use crate::lab::senses::corpus::Labelled;

fn sentences() -> Sentences {
    let wants = ["talk to", "speak with", "chat to", "have a word with", "be put through to"];
    let whom = ["a person", "a human", "somebody real", "one of your reps", "your manager"];
    let begins = ["can i", "could i please", "i want to", "let me", "i would like to"];
    let other =
        ["the van is late", "we make bread", "it rained all day", "my dog is old", "the shop is shut"];
    let mut turns = Vec::new();
    let mut add = |means: Vec<SignalKind>, words: String| {
        let line = turns.len() + 1;
        turns.push(Labelled { file: "made.tsv".to_owned(), line, means, by: Speaker::Prospect, words });
    };
    for begin in begins {
        for want in wants {
            for (number, whom) in whom.iter().enumerate() {
                add(vec![SignalKind::AskedForPerson], format!("{begin} {want} {whom}"));
                add(Vec::new(), format!("{} and {}", other[number], other[(number + want.len()) % 5]));
            }
        }
    }
    Sentences { turns }
}

#[test]
fn training_on_plain_sentences_finds_what_they_mean_and_twice_the_same() {
    let sentences = sentences();
    let (file, report) = trained(&sentences).unwrap();
    assert_eq!(trained(&sentences).unwrap().0, file, "the same bits");
    let [judged] = &report.meanings[..] else { panic!("one meaning: {:?}", report.meanings) };
    assert!(judged.auc > 0.99 && judged.recall > 0.95 && judged.precision > 0.95, "{}", report.text());
    let sense = Sense::with(Weights::read(&file).unwrap());
    let sensed = sense.sensed(Speaker::Prospect, "could you let me have a chat with a human");
    assert_eq!(sensed[0].kind, SignalKind::AskedForPerson);
    assert!(sense.sensed(Speaker::Prospect, "the dog makes bread all day").is_empty());
    assert!(report.text().contains("asked-for-person") && report.beside.len() == 1, "{}", report.text());
}

#[test]
fn a_file_of_sentences_that_is_wrong_says_on_which_line() {
    let folder = std::env::temp_dir().join(format!("baton-sentences-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let read = |text: &str| {
        std::fs::write(folder.join("a.tsv"), text).unwrap();
        format!("{:#}", Sentences::read(&folder).unwrap_err())
    };
    assert!(read("# a comment\nasked-for-person prospect x\n").contains("line 2: not three fields"));
    assert!(read("wants-cake\tprospect\tx\n").contains("line 1: \"wants-cake\" is no meaning"));
    assert!(read("nothing\tnobody\tx\n").contains("line 1: \"nobody\" is nobody"));
    assert!(read("").contains("no files of sentences"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_shipped_weights_are_of_the_sentences_that_are_here() {
    let seen = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/sentences/seen");
    let sentences = Sentences::read(&seen).unwrap();
    let head = Weights::read(WEIGHTS).unwrap().head;
    let again = "run `baton sense train --out DIR` and put its en.sense to src/conversation/senses";
    assert_eq!(head.sha256, sentences.sha256(), "sentences have changed: {again}");
    assert_eq!(head.kin_sha256, digest(KIN), "families of words have changed: {again}");
    assert_eq!((head.turns as usize, &head.files), (sentences.turns.len(), &sentences.files()));
}
