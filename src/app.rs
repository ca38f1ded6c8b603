//! Config → App → run: the only file that sees every ring.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::time::timeout;

use crate::call::{AssistantTerms, Terms};
use crate::config::{Config, Fallback as Fallbacks, ProposesWord, Secret, VoiceBy};
use crate::conversation::Context;
use crate::ear::mood::heads::Heads;
use crate::edge::admission::Admission;
use crate::edge::api::Api;
use crate::edge::api::webhook::{self, SigningKey};
use crate::edge::assistant::hosted::Hosted;
use crate::edge::assistant::plan::{Planner, Webhook};
use crate::edge::assistant::stream::MediaStreams;
use crate::edge::carrier::twilio::account::{Account, Fallback};
use crate::edge::carrier::twilio::door::Door;
use crate::edge::carrier::twilio::rest::TwilioRest;
use crate::edge::carrier::twilio::signature::Keys;
use crate::edge::carrier::twilio::transcription::Wanted;
use crate::edge::carrier::twilio::transcriptions::Transcriptions;
use crate::edge::http::sockets::SocketLimits;
use crate::edge::http::{self, Doors, accept};
use crate::edge::machine::{self, Machine};
use crate::edge::seldom::Seldom;
use crate::edge::speech::clips::{ClipSettings, Clips};
use crate::edge::speech::deepgram::Deepgram;
use crate::edge::speech::llm::{Llm, LlmSettings};
use crate::edge::store::Store;
use crate::handoff::{Policy, Proposer};
use crate::id::RepId;
use crate::live::coming_back;
use crate::live::drain::drain;
use crate::live::hints::Hinting;
use crate::live::house_voice::HouseVoice;
use crate::live::listening::{self, Ears};
use crate::live::recorder::Recorder;
use crate::live::retention::forget_in_time;
use crate::live::seat::LegLimits;
use crate::live::switchboard::Switchboard;
use crate::live::tickets::Tickets;
use crate::live::words::Words;
use crate::live::world::World;
use crate::phone_number::PhoneNumber;
use crate::ports::Transcriber;

/// A Baton that is built and listens, and has yet to run.
pub struct App {
    listener: TcpListener,
    router: axum::Router,
    recorder: Recorder,
    writer: tokio::task::JoinHandle<()>,
    admission: Arc<Admission>,
    sockets: SocketLimits,
    drain: Duration,
    webhook: Option<Posting>,
    keep_words: Duration,
    /// All its calls.
    pub switchboard: Arc<Switchboard>,
    /// Its store.
    pub store: Store,
}

impl App {
    /// Builds a Baton of these settings; from here on its address is taken.
    pub async fn build(config: &Config) -> anyhow::Result<Self> {
        // Two parts of the process may come here first; either installs the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind(config.server.listen).await.with_context(|| {
            format!("could not listen on {}; is another Baton running?", config.server.listen)
        })?;
        let origin = if config.server.public_url.is_empty() {
            format!("http://{}", listener.local_addr()?)
        } else {
            config.public_origin()
        };
        let voice = if config.voice.clips.is_empty() {
            HouseVoice::built_in()
        } else {
            HouseVoice::with_clips(Path::new(&config.voice.clips)).context("voice.clips cannot be used")?
        };
        let store = Store::open(Path::new(&config.store.data)).await?;
        let account = account(config, &origin);
        let http = http::client().context("no HTTP client could be made")?;
        let (recorder, writing) = Recorder::new(Arc::new(store.clone()));
        let writer = tokio::spawn(writing);
        let world = World {
            carrier: Arc::new(rest(config, account.clone(), http.clone())),
            assistants: Arc::new(media_streams(config, &origin)),
            calls: Arc::new(store.clone()),
            reps: Arc::new(store.clone()),
            recorder: recorder.clone(),
            voice: Arc::new(voice),
            ears: ears(config)?,
            words: Words {
                prefer: config.words.prefer.clone(),
                lexicon: config.words.lexicon()?,
                transcribers: transcribers(config)?,
                hinting: hinting(config)?,
            },
            limits: limits(config),
            terms: terms(config),
            tickets: Tickets::default(),
            phones: phones(config),
            watchers: broadcast::channel(WATCHED).0,
        };
        let switchboard = Switchboard::new(Arc::new(world), config.server.calls);
        match coming_back::take_up(&switchboard, &store, &store).await {
            Ok(0) => {}
            Ok(calls) => tracing::warn!(calls, "the last process was killed; its calls are taken up"),
            Err(fault) => tracing::error!(%fault, "what the last process left cannot be read"),
        }
        let admission =
            Arc::new(Admission::new(Machine::default(), config.server.memory.saturating_mul(1 << 20)));
        let fallback =
            Fallback { number: given(&config.fallback.number), words: config.fallback.words.clone() };
        let doors = Doors {
            twilio: Arc::new(Door {
                account,
                fallback,
                planner: planner(config, http)?,
                admission: admission.clone(),
                switchboard: switchboard.clone(),
                announcements: Arc::new(store.clone()),
                statuses: Mutex::new(HashMap::new()),
                transcriptions: Transcriptions::default(),
                refusals_said: Seldom::default(),
            }),
            hosted: Arc::new(Hosted {
                switchboard: switchboard.clone(),
                token: config.assistant.auth_token.set(),
            }),
            api: Arc::new(Api::new(
                switchboard.clone(),
                Arc::new(store.clone()),
                Arc::new(store.clone()),
                config.server.operator_keys.iter().filter_map(Secret::set).collect(),
                config.api.announced.0,
            )),
            numbers: numbers(),
            admission: admission.clone(),
        };
        Ok(Self {
            listener,
            router: http::router(doors),
            recorder,
            writer,
            admission,
            sockets: SocketLimits {
                in_all: config.server.sockets_where(machine::open_files()),
                per_address: config.server.sockets_per_address,
            },
            drain: config.server.drain.0,
            webhook: posting(config, &switchboard)?,
            keep_words: config.store.keep_words.0,
            switchboard,
            store,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Runs until told to stop. Then no new calls are taken and running ones finish, within `server.drain` or until
    /// told that it is to be `now`; what was to be written is written.
    pub async fn run(
        self,
        stop: impl Future<Output = ()> + Send,
        now: impl Future<Output = ()> + Send,
    ) -> anyhow::Result<()> {
        let forgetting = tokio::spawn(forget_in_time(Arc::new(self.store.clone()), self.keep_words));
        let (close, closing) = oneshot::channel::<()>();
        let closing = async {
            let _ = closing.await;
        };
        let mut doors = tokio::spawn(accept::serve(self.listener, self.router, self.sockets, closing));
        tokio::select! {
            closed = &mut doors => closed.context("the doors failed")?,
            () = stop => {}
        }
        self.admission.close();
        drain(&self.switchboard, self.drain, now).await;
        drop(close);
        doors.await.context("the doors failed")?;
        if timeout(WRITTEN_WITHIN, self.recorder.flush()).await.is_err() {
            tracing::error!("the store takes no records, so what was not written yet is lost");
        }
        if let Some(mut webhook) = self.webhook {
            let all_posted = webhook.waiting.wait_for(|waiting| *waiting == 0);
            if timeout(POSTED_WITHIN, all_posted).await.is_err() {
                tracing::warn!("the webhook has not taken all that happened, and is waited for no longer");
            }
            webhook.running.abort();
        }
        self.writer.abort();
        forgetting.abort();
        Ok(())
    }
}

fn account(config: &Config, origin: &str) -> Account {
    let twilio = &config.carrier.twilio;
    let tokens = [&twilio.auth_token, &twilio.auth_token_old].into_iter().filter_map(Secret::set).collect();
    let shared_keys =
        twilio.shared_keys.iter().map(|(id, key)| (id.clone(), key.reveal().to_owned())).collect();
    Account {
        sid: twilio.account_sid.clone(),
        keys: Keys { tokens, shared_keys, require_sha256: twilio.require_sha256 },
        validate: twilio.validate,
        number: twilio.number.clone(),
        public_url: origin.to_owned(),
        overrides: twilio.overrides.clone(),
        reconnect_words: twilio.reconnect_words.clone(),
        announcement: config.ear.announcement.clone(),
        stream_name: twilio.stream_name.clone(),
        transcription: config.words.carrier.then(|| Wanted {
            language: config.words.carrier_language.clone(),
            engine: config.words.carrier_engine.clone(),
            model: config.words.carrier_model.clone(),
        }),
    }
}

/// The operator's webhook, at work.
struct Posting {
    running: tokio::task::JoinHandle<()>,
    waiting: watch::Receiver<usize>,
}

/// Posts what becomes of calls, where the operator wants that.
fn posting(config: &Config, switchboard: &Switchboard) -> anyhow::Result<Option<Posting>> {
    let api = &config.api;
    if api.webhook_url.is_empty() {
        return Ok(None);
    }
    let webhook = webhook::Webhook {
        url: api.webhook_url.parse().context("api.webhook_url is no URL")?,
        secret: SigningKey::read(api.webhook_secret.reveal()).context("api.webhook_secret")?,
        http: http::client_that_stays().context("no HTTP client could be made")?,
    };
    let (waits, waiting) = watch::channel(0);
    let watched = switchboard.world().watchers.subscribe();
    Ok(Some(Posting { running: tokio::spawn(webhook::run(webhook, watched, waits)), waiting }))
}

/// The carrier's REST API by itself, for whoever takes no calls.
pub fn carrier_rest(config: &Config) -> anyhow::Result<TwilioRest> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = http::client().context("no HTTP client could be made")?;
    Ok(rest(config, account(config, &config.public_origin()), http))
}

fn rest(config: &Config, account: Account, http: reqwest::Client) -> TwilioRest {
    let twilio = &config.carrier.twilio;
    let (name, secret) = match given(&twilio.api_key) {
        Some(key) => (key, &twilio.api_secret),
        None => (twilio.account_sid.clone(), &twilio.auth_token),
    };
    let credentials = (name, secret.reveal().to_owned());
    let Fallbacks { url, rep_url, .. } = &config.fallback;
    let rep_fallback = given(rep_url).or_else(|| given(url));
    TwilioRest { account, api_url: twilio.api_origin(), credentials, http, rep_fallback }
}

fn media_streams(config: &Config, origin: &str) -> MediaStreams {
    let assistant = &config.assistant;
    MediaStreams {
        account_sid: given(&assistant.account_sid)
            .unwrap_or_else(|| config.carrier.twilio.account_sid.clone()),
        token: assistant.auth_token.set(),
        parameters: assistant.parameters.clone(),
        api_url: format!("{origin}/v1"),
        connect: assistant.connect.0,
        message_limit: assistant.message_limit,
    }
}

fn planner(config: &Config, http: reqwest::Client) -> anyhow::Result<Planner> {
    let assistant = &config.assistant;
    if assistant.webhook_url.is_empty() {
        return Ok(Planner::Fixed(assistant.stream_url.clone()));
    }
    Ok(Planner::Webhook(Webhook {
        url: assistant.webhook_url.parse().context("assistant.webhook_url is no URL")?,
        token: assistant.auth_token.set(),
        account_sid: given(&assistant.account_sid),
        within: assistant.webhook_within.0,
        http,
    }))
}

fn ears(config: &Config) -> anyhow::Result<Ears> {
    let ear = &config.ear;
    let mood =
        if ear.mood { Some(Arc::new(Heads::shipped().context("the weights of the mood")?)) } else { None };
    let by = match ear.voice {
        VoiceBy::Ear => listening::VoiceBy::Ear,
        VoiceBy::Level => listening::VoiceBy::Level,
    };
    Ok(Ears { by, turn_over: ear.turn_over.0, mood })
}

fn transcribers(config: &Config) -> anyhow::Result<Vec<Arc<dyn Transcriber>>> {
    let mut transcribers: Vec<Arc<dyn Transcriber>> = Vec::new();
    let (deepgram, clips) = (&config.words.deepgram, &config.words.clips);
    if let Some(key) = deepgram.key.set() {
        let recogniser = Deepgram::new(&deepgram.url, &key, &deepgram.model, &deepgram.language)
            .context("words.deepgram cannot be used")?;
        transcribers.push(Arc::new(recogniser));
    }
    if let Some(url) = given(&clips.url) {
        let settings = ClipSettings {
            url,
            key: clips.key.reveal().to_owned(),
            model: clips.model.clone(),
            language: clips.language.clone(),
            within: clips.within.0,
        };
        let http = http::client().context("no HTTP client could be made")?;
        transcribers.push(Arc::new(Clips::new(settings, http)));
    }
    Ok(transcribers)
}

fn hinting(config: &Config) -> anyhow::Result<Option<Arc<Hinting>>> {
    let llm = &config.words.llm;
    let Some(url) = given(&llm.url) else { return Ok(None) };
    let (key, model) = (llm.key.reveal().to_owned(), llm.model.clone());
    let http = http::client().context("no HTTP client could be made")?;
    let hinter = Arc::new(Llm::new(LlmSettings { url, key, model, within: llm.within.0 }, http));
    Ok(Some(Arc::new(Hinting { hinter, every: llm.every, most: llm.most })))
}

fn limits(config: &Config) -> LegLimits {
    let assistant = &config.assistant;
    LegLimits {
        gap: assistant.gap.0,
        floor: config.handoff.speech_over_introduction.0,
        ahead_at_carrier: assistant.ahead_at_carrier.0,
        ahead_here: assistant.ahead_here.0,
        slow: assistant.slow.0,
        ping_every: assistant.ping_every.0,
        ping_answer: assistant.ping_answer.0,
        line_lost: config.carrier.twilio.line_lost.0,
        rubbish: assistant.rubbish,
    }
}

fn terms(config: &Config) -> Terms {
    let (handoff, assistant) = (&config.handoff, &config.assistant);
    Terms {
        sources: config.words.sources(),
        person_key: handoff.key.chars().next(),
        reps: config.reps.iter().map(|rep| RepId::new(&rep.name)).collect(),
        handoff: Policy {
            proposes: match handoff.proposes {
                ProposesWord::House => Proposer::House,
                ProposesWord::Assistant => Proposer::Assistant,
            },
            propose: handoff.propose.0,
            pause: handoff.pause.0,
            seek: handoff.seek.0,
            ring: handoff.ring.0,
            accept: handoff.accept.0,
            join: handoff.join.0,
            brief: handoff.brief.0,
            patience: handoff.patience.0,
            introduction: handoff.introduction.0,
            rejoin: handoff.rejoin.0,
            search: handoff.search.0,
        },
        assistant: AssistantTerms {
            redial_first: assistant.redial_first.0,
            redial_most: assistant.redial_most.0,
            give_up: assistant.give_up.0,
            mute: assistant.mute.0,
            mute_limit: assistant.mute_limit.0,
            keep_after_bridge: assistant.keep_after_bridge.0,
        },
        away: handoff.away.0,
        alone: handoff.alone.0,
        escalation: Arc::new(config.escalation.clone()),
        context: Context { language: config.words.language.clone(), ..Context::default() },
    }
}

fn phones(config: &Config) -> BTreeMap<RepId, PhoneNumber> {
    config.reps.iter().map(|rep| (RepId::new(&rep.name), PhoneNumber::new(rep.phone.clone()))).collect()
}

/// A setting, unless it was left empty.
fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The numbers of this process: all of its apps show the same.
fn numbers() -> metrics_exporter_prometheus::PrometheusHandle {
    static NUMBERS: OnceLock<metrics_exporter_prometheus::PrometheusHandle> = OnceLock::new();
    let install = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let _ = metrics::set_global_recorder(recorder);
        handle
    };
    NUMBERS.get_or_init(install).clone()
}

/// Entries that a watcher may be late by.
const WATCHED: usize = 1_024;

/// A webhook that takes longer is not worth a stop that hangs.
const POSTED_WITHIN: Duration = Duration::from_secs(2);

/// A store that has not answered by then does not work.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);
