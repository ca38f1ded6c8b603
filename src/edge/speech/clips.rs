//! A recogniser of whole turns: what the ear heard as a turn is cut out and sent to an OpenAI-compatible transcription endpoint.
//!
//! At most two turns are on their way at once and a few wait; who is busy or broken is tried again a little later, and then the
//! turn is left out and counted. <https://platform.openai.com/docs/api-reference/audio/createTranscription>

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::audio::g711;
use crate::conversation::{Piece, Source, Speaker, Wording};
use crate::edge::seldom::Seldom;
use crate::edge::speech::wav;
use crate::id::CallId;
use crate::live::chance;
use crate::ports::{BLOCK_SAMPLES, Block, Sound, Transcriber};
use crate::time::CallTime;

/// An OpenAI-compatible transcription endpoint.
#[derive(Clone)]
pub struct Clips {
    endpoint: Arc<Endpoint>,
}

struct Endpoint {
    url: String,
    key: String,
    model: String,
    language: String,
    within: Duration,
    http: reqwest::Client,
    refusals_said: Seldom,
}

/// What an endpoint is asked with.
#[derive(Clone, Debug)]
pub struct ClipSettings {
    /// Where the API is, with its version, as in `https://api.example.com/v1`.
    pub url: String,
    /// The key; empty: none is sent.
    pub key: String,
    /// The model.
    pub model: String,
    /// The language spoken; empty: it finds out itself.
    pub language: String,
    /// How long a turn may take.
    pub within: Duration,
}

impl Clips {
    /// The endpoint of these settings.
    pub fn new(settings: ClipSettings, http: reqwest::Client) -> Self {
        let ClipSettings { url, key, model, language, within } = settings;
        let url = format!("{}/audio/transcriptions", url.trim_end_matches('/'));
        let refusals_said = Seldom::default();
        Self { endpoint: Arc::new(Endpoint { url, key, model, language, within, http, refusals_said }) }
    }
}

impl Transcriber for Clips {
    fn listen(
        &self,
        _call: CallId,
        sound: mpsc::Receiver<Sound>,
        words: mpsc::Sender<Piece>,
    ) -> BoxFuture<'static, ()> {
        Box::pin(run(self.endpoint.clone(), sound, words))
    }
}

/// A turn whose words are wanted.
#[derive(Clone)]
struct Wanted {
    number: u64,
    by: Speaker,
    from: CallTime,
    until: CallTime,
}

async fn run(endpoint: Arc<Endpoint>, mut sound: mpsc::Receiver<Sound>, words: mpsc::Sender<Piece>) {
    let (mut prospect, mut other) = (Memory::default(), Memory::default());
    let mut ripening: VecDeque<Wanted> = VecDeque::new();
    let mut waiting: VecDeque<(Wanted, Vec<u8>)> = VecDeque::new();
    let mut asking = FuturesUnordered::new();
    let (mut turns, mut sounds) = (0, true);
    while sounds || !asking.is_empty() || !waiting.is_empty() {
        tokio::select! {
            heard = sound.recv(), if sounds => match heard {
                Some(Sound::Block(block)) => {
                    prospect.take(&block, &block.prospect);
                    other.take(&block, &block.other);
                }
                Some(Sound::Turn { by, from, until }) => {
                    turns += 1;
                    ripening.push_back(Wanted { number: turns, by, from, until });
                }
                None => sounds = false,
            },
            piece = asking.next(), if !asking.is_empty() => {
                if let Some(Some(piece)) = piece && words.try_send(piece).is_err() {
                    metrics::counter!("baton_words_ignored_total", "why" => "too many").increment(1);
                }
            }
        }
        // The blocks of a turn come a little after the word of it.
        while let Some(turn) =
            ripening.pop_front_if(|turn| !sounds || prospect.until() >= turn.until + AROUND)
        {
            let memory = if turn.by == Speaker::Prospect { &prospect } else { &other };
            let clip = memory.cut(turn.from, turn.until);
            if clip.len() < SHORTEST {
                left_out("too short");
                continue;
            }
            if waiting.len() == MOST_WAITING {
                waiting.pop_front();
                left_out("too many");
            }
            waiting.push_back((turn, clip));
        }
        while asking.len() < AT_ONCE
            && let Some((turn, clip)) = waiting.pop_front()
        {
            asking.push(ask(endpoint.clone(), turn, clip));
        }
    }
}

/// One turn's words, if they can be had.
async fn ask(endpoint: Arc<Endpoint>, turn: Wanted, clip: Vec<u8>) -> Option<Piece> {
    let file = wav::of_mu_law(&clip);
    let mut pause = FIRST_PAUSE;
    for last in [false, false, true] {
        let Ok(asked) = timeout(endpoint.within, endpoint.ask(&file)).await else {
            // Who takes too long is not helped by more of it.
            left_out("too slow");
            return None;
        };
        match asked {
            Ok(words) => {
                return Some(Piece {
                    source: Source::Clips,
                    name: turn.number.to_string(),
                    by: turn.by,
                    from: turn.from,
                    until: turn.until,
                    words,
                    confidence: None,
                    wording: Wording::Final,
                });
            }
            Err(Unheard::Busy(after)) if !last => {
                sleep(after.unwrap_or(pause).min(LONGEST_PAUSE)).await;
                pause *= 2;
            }
            Err(Unheard::Busy(_)) => left_out("busy"),
            Err(Unheard::Refused) => {
                left_out("refused");
                return None;
            }
            Err(Unheard::Rubbish) => {
                left_out("rubbish");
                return None;
            }
        }
    }
    None
}

/// Why there are no words.
enum Unheard {
    /// It cannot now; perhaps after this long.
    Busy(Option<Duration>),
    /// It will not.
    Refused,
    /// What it answered cannot be read.
    Rubbish,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
}

impl Endpoint {
    async fn ask(&self, file: &[u8]) -> Result<String, Unheard> {
        let boundary = format!("baton{:032x}", chance::bits());
        let mut request = self
            .http
            .post(&self.url)
            .header("Content-Type", format!("multipart/form-data; boundary={boundary}"))
            .body(self.form(&boundary, file));
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        let mut response = request.send().await.map_err(|_| Unheard::Busy(None))?;
        let status = response.status();
        if status.as_u16() == 429 || status.is_server_error() {
            let after =
                response.headers().get("retry-after").and_then(|after| after.to_str().ok()?.parse().ok());
            return Err(Unheard::Busy(after.map(Duration::from_secs)));
        }
        if !status.is_success() {
            if self.refusals_said.may() {
                tracing::warn!(
                    status = status.as_u16(),
                    "the transcription endpoint refuses turns; are words.clips' key and model right? (said once a minute at most)"
                );
            }
            return Err(Unheard::Refused);
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|_| Unheard::Busy(None))? {
            if body.len() + part.len() > LONGEST_ANSWER {
                return Err(Unheard::Rubbish);
            }
            body.extend_from_slice(&part);
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| Unheard::Rubbish)?;
        Ok(answer.text)
    }

    fn form(&self, boundary: &str, file: &[u8]) -> Vec<u8> {
        let mut form = Vec::with_capacity(file.len() + 1_024);
        for (name, value) in
            [("model", self.model.as_str()), ("language", &self.language), ("response_format", "json")]
        {
            if !value.is_empty() {
                let part = format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                );
                form.extend(part.into_bytes());
            }
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"turn.wav\"\r\n\
             Content-Type: audio/wav\r\n\r\n"
        );
        form.extend(head.into_bytes());
        form.extend_from_slice(file);
        form.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
        form
    }
}

fn left_out(why: &'static str) {
    metrics::counter!("baton_clips_left_out_total", "why" => why).increment(1);
}

/// The last half minute of one party.
#[derive(Default)]
struct Memory {
    sound: VecDeque<u8>,
    until: CallTime,
}

impl Memory {
    fn take(&mut self, block: &Block, sound: &[u8; BLOCK_SAMPLES]) {
        let missing = samples(block.at.since(self.until)).min(REMEMBERED);
        // Rounding of clocks is no gap.
        if !self.sound.is_empty() && missing > BLOCK_SAMPLES / 8 {
            self.sound.extend(std::iter::repeat_n(g711::SILENCE, missing));
        }
        self.sound.extend(sound);
        let more = self.sound.len().saturating_sub(REMEMBERED);
        self.sound.drain(..more);
        self.until = block.at + Duration::from_millis(100);
    }

    fn until(&self) -> CallTime {
        self.until
    }

    /// What was heard from then to then, and a little around it.
    fn cut(&self, from: CallTime, until: CallTime) -> Vec<u8> {
        let back = |at: CallTime, less: Duration| samples(self.until.since(at) + less).min(self.sound.len());
        let begin = self.sound.len() - back(from, AROUND);
        let end = self.sound.len() - back(until + AROUND, Duration::ZERO);
        self.sound.range(begin..end.max(begin)).copied().collect()
    }
}

fn samples(span: Duration) -> usize {
    usize::try_from(span.as_micros() / 125).unwrap_or(usize::MAX)
}

/// Words begin and end more softly than an ear notices.
const AROUND: Duration = Duration::from_millis(200);

/// 30 s: what longer turns began with is left out.
const REMEMBERED: usize = 240_000;

/// 500 ms with what is around it: less is a breath, and a model makes words of that.
const SHORTEST: usize = 4_000;

/// Turns of both parties; more at once is not what a call needs.
const AT_ONCE: usize = 2;

/// More than that and the endpoint is slower than people talk: the oldest turn is of the least use.
const MOST_WAITING: usize = 4;

/// Before the second try.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Words that come later than this are of no use in a talk.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Half a minute of words is a kilobyte.
const LONGEST_ANSWER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_cut_where_it_was_said_also_behind_a_gap() {
        let mut memory = Memory::default();
        let mut block = |at: u64, level: u8| {
            let sound = [level; BLOCK_SAMPLES];
            let at = CallTime::from_millis(at);
            memory.take(&Block { at, prospect: sound, other: sound, other_is: Speaker::Assistant }, &sound);
        };
        for number in 0..400 {
            block(number * 100, if number == 390 { 1 } else { 2 });
        }
        block(41_000, 3);
        let cut = |from, until| memory.cut(CallTime::from_millis(from), CallTime::from_millis(until));
        let clip = cut(39_000, 39_100);
        assert_eq!(clip.len(), 5 * BLOCK_SAMPLES, "200 ms around it");
        assert!(clip[2 * BLOCK_SAMPLES..3 * BLOCK_SAMPLES].iter().all(|sample| *sample == 1));
        let of_the_last = clip.iter().map(|sample| usize::from(*sample == 1)).sum::<usize>();
        assert_eq!(of_the_last, BLOCK_SAMPLES);
        let last = cut(41_000, 41_100);
        assert_eq!(last.len(), 3 * BLOCK_SAMPLES, "nothing was heard after it");
        assert!(last[2 * BLOCK_SAMPLES..].iter().all(|sample| *sample == 3));
        assert_eq!(cut(0, 100).len(), 0, "long forgotten");
        assert_eq!(cut(0, 100_000).len(), REMEMBERED);
    }
}
