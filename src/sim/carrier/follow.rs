//! Following a document: the carrier does one verb after the other until the call is over or goes elsewhere.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::audio::clip::Clip;
use crate::sim::carrier::account::Account;
use crate::sim::carrier::call::{Call, CallStatus, Order, Source};
use crate::sim::carrier::line::Connected;
use crate::sim::carrier::twiml::{self, Target, Verb};
use crate::sim::carrier::web::Question;
use crate::sim::carrier::{dial, gather, media, ring, transcription};
use crate::sim::sound::{Pitch, spoken};
use crate::sim::story::What;

/// Whoever follows the documents of one call.
pub(crate) struct Follower {
    pub(crate) account: Arc<Account>,
    pub(crate) call: Arc<Call>,
    pub(crate) orders: mpsc::Receiver<Order>,
}

/// What comes after a verb.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next verb of the document.
    Verb,
    /// Another document.
    Document(Source),
    /// The end of the call.
    Over,
}

/// A document that can be followed, and the URL that relative ones in it refer to.
struct Page {
    verbs: Vec<Verb>,
    base: Option<url::Url>,
}

impl Follower {
    /// Follows documents from this one on until the call is over.
    pub(crate) async fn follow(mut self, mut source: Source) {
        loop {
            let page = match self.open(source).await {
                Ok(page) => page,
                Err(Next::Document(next)) => {
                    source = next;
                    continue;
                }
                Err(Next::Verb | Next::Over) => break,
            };
            match self.perform(page).await {
                Next::Document(next) => source = next,
                Next::Verb | Next::Over => break,
            }
        }
        let never_answered = self.call.status() < CallStatus::InProgress;
        let status = if never_answered { CallStatus::Canceled } else { CallStatus::Completed };
        ring::over(&self.account, &self.call, status);
    }

    async fn perform(&mut self, page: Page) -> Next {
        for verb in page.verbs {
            let next = self.perform_verb(verb, page.base.as_ref()).await;
            if next != Next::Verb {
                return next;
            }
        }
        // §1.4: nothing left, the carrier hangs up.
        Next::Over
    }

    async fn perform_verb(&mut self, verb: Verb, base: Option<&url::Url>) -> Next {
        if let Verb::Reject { busy } = verb {
            let status = if busy { CallStatus::Busy } else { CallStatus::NoAnswer };
            ring::over(&self.account, &self.call, status);
            return Next::Over;
        }
        if self.call.status() < CallStatus::InProgress {
            // The first verb but <Reject> answers an inbound call.
            ring::pick_up(&self.account, &self.call);
        }
        match verb {
            Verb::Say { words, times } => {
                let clip = spoken(&words, Pitch::CARRIER);
                self.prompt(&words, &clip, times).await
            }
            Verb::Play { url, times } => {
                let Some(url) = resolve(base, &url) else { return self.bad_url(&url) };
                match self.fetch_clip(&url).await {
                    Ok(Some(clip)) => self.prompt(&url, &clip, times).await,
                    Ok(None) => Next::Verb,
                    Err(next) => next,
                }
            }
            Verb::PlayKeys(keys) => {
                // §3: `w` waits half a second; a key takes about as long.
                self.pass(Duration::from_millis(500) * keys.len() as u32).await
            }
            Verb::Pause(span) => self.pass(span).await,
            Verb::Hangup => Next::Over,
            Verb::Reject { .. } => Next::Over,
            Verb::Redirect(target) => match absolute(base, &target) {
                Some(target) => Next::Document(Source::Web(target, Vec::new())),
                None => self.bad_url(&target.url),
            },
            Verb::Connect { action, stream } => {
                let action = self.action(base, action.as_ref());
                media::connect(self, stream, base, action).await
            }
            Verb::Dial { action, timeout, number } => {
                let action = self.action(base, action.as_ref());
                dial::dial(self, &number, timeout, action).await
            }
            Verb::Gather { action, timeout, digits, prompts } => {
                let action = self.action(base, action.as_ref());
                gather::gather(self, prompts, timeout, digits, action).await
            }
            Verb::Transcribe(noun) => {
                transcription::start(&self.account, &self.call, noun);
                Next::Verb
            }
            Verb::Passed(_) => Next::Verb,
        }
    }

    /// Plays something to the person as often as asked.
    pub(crate) async fn prompt(&mut self, words: &str, clip: &Clip, times: u32) -> Next {
        for _ in 0..times {
            self.account.story.tell(&self.call.person.name, What::Heard(words.to_owned()));
            let over = self.call.line.prompt(words, clip.clone());
            let told = self.meanwhile(over).await;
            self.call.line.connect(Connected::Nothing);
            if let Err(next) = told {
                return next;
            }
        }
        Next::Verb
    }

    async fn pass(&mut self, span: Duration) -> Next {
        match self.meanwhile(sleep(span)).await {
            Ok(()) => Next::Verb,
            Err(next) => next,
        }
    }

    /// Waits for this unless an order comes first; says what then comes next.
    pub(crate) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Next> {
        tokio::select! {
            biased;
            order = self.orders.recv() => Err(after(order)),
            done = work => Ok(done),
        }
    }

    /// Fetches and reads a document. Where that fails, whichever document of the call it is, the fallback URL is asked at
    /// once: the number's own for an inbound call, `FallbackUrl` for one that was ordered by REST (§4.1), each with the
    /// tries that its own fragment names, and told `ErrorCode` and `ErrorUrl`. Where the fallback itself fails, or there is
    /// none, the caller hears of an application error and the carrier hangs up.
    async fn open(&mut self, source: Source) -> Result<Page, Next> {
        let first = self.read(&source).await?;
        let (code, failed_url) = match first {
            Ok(page) => return Ok(page),
            Err(failed) => failed,
        };
        let fallback = self.call.fallback();
        let asked_fallback = matches!(&source, Source::Web(target, _) if Some(target) == fallback.as_ref());
        if let Some(fallback) = fallback.filter(|_| !asked_fallback) {
            let why = vec![("ErrorCode".to_owned(), code.to_string()), ("ErrorUrl".to_owned(), failed_url)];
            if let Ok(page) = self.read(&Source::Web(fallback, why)).await? {
                return Ok(page);
            }
        }
        // What a caller hears from Twilio when nothing can be done.
        if self.call.status() < CallStatus::InProgress {
            ring::pick_up(&self.account, &self.call);
        }
        let clip = spoken(APPLICATION_ERROR, Pitch::CARRIER);
        self.prompt(APPLICATION_ERROR, &clip, 1).await;
        Err(Next::Over)
    }

    /// One try to get a document; the inner error is the carrier's number and the URL that failed.
    async fn read(&mut self, source: &Source) -> Result<Result<Page, (u32, String)>, Next> {
        let (text, base) = match source {
            Source::Inline(text) => (text.clone(), None),
            Source::Web(target, besides) => {
                let mut form = self.call.form(&self.account.settings.account_sid);
                form.extend(besides.iter().cloned());
                let question = Question {
                    url: target.url.clone(),
                    get: target.get,
                    form,
                    idempotency_token: self.account.sid("IT"),
                };
                let (account, sid) = (Arc::clone(&self.account), self.call.sid.clone());
                let answer = match self.meanwhile(account.ask(&sid, &question)).await? {
                    Ok(answer) => answer,
                    Err(none) => return Ok(Err((none.code, target.url.clone()))),
                };
                if !answer.content_type.contains("xml") && !answer.content_type.starts_with("text/") {
                    self.account.notice(&sid, 12_300, "content type is not XML");
                    return Ok(Err((12_300, target.url.clone())));
                }
                (String::from_utf8_lossy(&answer.body).into_owned(), url::Url::parse(&target.url).ok())
            }
        };
        match twiml::read(&text) {
            Ok(instructions) => {
                for (code, warning) in &instructions.warnings {
                    self.account.notice(&self.call.sid, *code, warning);
                }
                Ok(Ok(Page { verbs: instructions.verbs, base }))
            }
            Err(twiml::BadDocument(code, text)) => {
                self.account.notice(&self.call.sid, code, &text);
                Ok(Err((code, base.map(String::from).unwrap_or_default())))
            }
        }
    }

    async fn fetch_clip(&mut self, url: &str) -> Result<Option<Clip>, Next> {
        let question = Question {
            url: url.to_owned(),
            get: true,
            form: Vec::new(),
            idempotency_token: self.account.sid("IT"),
        };
        let (account, sid) = (Arc::clone(&self.account), self.call.sid.clone());
        let answer = self.meanwhile(account.ask(&sid, &question)).await?;
        let clip = answer.ok().and_then(|answer| Clip::from_wav(&answer.body[..]).ok());
        if clip.is_none() {
            self.account.notice(&sid, 12_400, "cannot be played");
        }
        Ok(clip)
    }

    fn action(&self, base: Option<&url::Url>, action: Option<&Target>) -> Option<Target> {
        let action = action?;
        let target = absolute(base, action);
        if target.is_none() {
            // §4.6: 15004, action URLs must be absolute in a document that came by REST.
            self.account.notice(&self.call.sid, 15_004, &format!("not absolute: {}", action.url));
        }
        target
    }

    fn bad_url(&self, url: &str) -> Next {
        self.account.notice(&self.call.sid, 11_100, &format!("invalid URL {url}"));
        Next::Over
    }
}

/// What an order makes come next.
pub(crate) fn after(order: Option<Order>) -> Next {
    match order {
        Some(Order::Replace(source)) => Next::Document(source),
        Some(Order::PersonHungUp | Order::Complete | Order::Cancel) | None => Next::Over,
    }
}

fn absolute(base: Option<&url::Url>, target: &Target) -> Option<Target> {
    Some(Target { url: resolve(base, &target.url)?, get: target.get })
}

/// A URL in a document: as it was written if it is absolute, else by where the document came from.
pub(crate) fn resolve(base: Option<&url::Url>, url: &str) -> Option<String> {
    if url::Url::parse(url).is_ok() {
        return Some(url.to_owned());
    }
    base?.join(url).ok().map(String::from)
}

/// What Twilio says.
const APPLICATION_ERROR: &str = "We are sorry, an application error has occurred. Goodbye.";
