//! The carrier's doors: its webhooks and its streams, each let in only with a good signature.
//!
//! A prospect's call passes them in this order: `voice` admits it and says where its stream goes, `media` is that
//! stream, `connect-ended` asks what comes when the stream has ended, `status` and `stream` say how it is doing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use tokio::time::timeout;

use crate::call::{Event, Next};
use crate::edge::admission::Admission;
use crate::edge::announced;
use crate::edge::assistant::plan::{Plan, Planner};
use crate::edge::carrier::twilio::account::{Account, Fallback};
use crate::edge::carrier::twilio::form::Form;
use crate::edge::carrier::twilio::media::{self, LARGEST_MESSAGE, Refusal, TwilioLine};
use crate::edge::carrier::twilio::signature::{Request, SignatureError};
use crate::edge::carrier::twilio::status::{Status, StatusOrder};
use crate::edge::carrier::twilio::transcriptions::Transcriptions;
use crate::edge::carrier::twilio::twiml::{self, ConnectStream};
use crate::edge::carrier::twilio::wire::Start;
use crate::edge::seldom::Seldom;
use crate::handoff::End;
use crate::id::{CallId, LegId};
use crate::live::live_call::{Break, LiveCall};
use crate::live::seat::{CallFacts, Direction, Token};
use crate::live::switchboard::{AfterStream, Switchboard};
use crate::live::{blast_wall, chance, phone_leg};
use crate::phone_number::PhoneNumber;
use crate::ports::{Announcements, CarrierCall};

/// What the doors need.
pub struct Door {
    /// The account that they serve.
    pub account: Account,
    /// Where prospects go whom nobody of ours can carry.
    pub fallback: Fallback,
    /// How the assistant of a call is found.
    pub planner: Planner,
    /// Whether another call may come in.
    pub admission: Arc<Admission>,
    /// The calls.
    pub switchboard: Arc<Switchboard>,
    /// What was announced of calls that we place.
    pub announcements: Arc<dyn Announcements>,
    /// The statuses seen so far, a leg each.
    pub statuses: Mutex<HashMap<(CallId, LegId), StatusOrder>>,
    /// What the carrier's transcriptions told so far.
    pub transcriptions: Transcriptions,
    /// How often it is said that somebody was refused.
    pub refusals_said: Seldom,
}

/// The carrier's doors, as routes.
pub fn routes(door: Arc<Door>) -> Router {
    Router::new()
        .route("/twilio/voice", post(voice))
        .route("/twilio/connect-ended", post(connect_ended))
        .route("/twilio/fallback-ended", post(fallback_ended))
        .route("/twilio/status", post(status))
        .route("/twilio/stream", post(stream))
        .route("/twilio/transcription", post(transcription))
        .route("/twilio/media/{ticket}", any(media))
        .layer(DefaultBodyLimit::max(LARGEST_WEBHOOK))
        .with_state(door)
}

/// A prospect calls, or was called: admits the call and says where its stream goes.
async fn voice(State(door): State<Arc<Door>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let form = match door.signed_form(&uri, &headers, &body) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let carrier_call = form.get("CallSid").map(|sid| CarrierCall(sid.to_owned()));
    if carrier_call.is_none() && door.account.validate {
        return (StatusCode::BAD_REQUEST, "CallSid is missing\n").into_response();
    }
    let again = carrier_call.as_ref().and_then(|named| door.switchboard.by_carrier(named));
    if let Some(live) = again {
        return door.what_now(&live, LegId::Prospect, &live.facts.beforehand).await;
    }
    if let Some(refusal) = door.no_room() {
        return refusal;
    }
    let inbound = form.get("Direction").is_none_or(|direction| direction == "inbound");
    let (prospect, line) = if inbound { ("From", "To") } else { ("To", "From") };
    let number = |name: &str| PhoneNumber::new(form.get(name).unwrap_or_default());
    let alias = format!("CA{:032x}", chance::bits());
    let plan = match door.planner.plan(&form.0, &alias).await {
        Ok(plan) => plan,
        Err(error) => {
            tracing::warn!(%error, "the assistant has no stream for this call; the prospect goes to the fallback");
            metrics::counter!("baton_calls_refused_total", "why" => "no assistant").increment(1);
            return xml(door.fallback.document(&door.account));
        }
    };
    let (before, target, afterwards) = match plan {
        Plan::Stream { before, stream, afterwards } => (before, stream, afterwards),
        Plan::PassThrough(document) => return xml(document),
    };
    let direction = if inbound { Direction::Inbound } else { Direction::Outbound };
    let prospect = number(prospect);
    let context = announced::context(&*door.announcements, direction, &prospect).await;
    let call = CallId::from_bits(chance::bits());
    let facts = CallFacts {
        carrier_call,
        account: form.get("AccountSid").map(str::to_owned),
        direction,
        prospect,
        line: number(line),
        context,
        alias,
        token: Token(format!("{:032x}", chance::bits())),
        assistant_url: target.url,
        assistant_parameters: target.parameters,
        // The carrier says it to the end before it connects their sound: nothing is heard before it was said.
        beforehand: twiml::say(&door.account.announcement)
            + &before
            + &door.account.start_transcription(call),
        afterwards,
    };
    // Finding the assistant may have taken seconds.
    if let Some(refusal) = door.no_room() {
        return refusal;
    }
    match door.switchboard.admit(call, facts) {
        Ok(live) => {
            // What the carrier is told of is written: a killed process takes up what it finds.
            let _ = timeout(WRITTEN_WITHIN, door.switchboard.world().recorder.flush()).await;
            door.connect(&live, LegId::Prospect)
        }
        Err(refused) => {
            tracing::warn!(%refused, "a call is not admitted; the prospect goes to the fallback");
            xml(door.fallback.document(&door.account))
        }
    }
}

/// A leg's stream has ended: what now?
async fn connect_ended(State(door): State<Arc<Door>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let form = match door.signed_form(&uri, &headers, &body) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let Some((live, leg)) = door.meant(&uri, &form) else {
        // A call that is long over, or of which nothing was stored.
        return xml(match Form::read(uri.query().unwrap_or_default().as_bytes()).get("leg") {
            Some(leg) if leg != LegId::Prospect.to_string() => twiml::say_and_hang_up(TOO_LATE),
            Some(_) | None => door.fallback.document(&door.account),
        });
    };
    door.learn_name(&live, leg, &form);
    let ended = form.get("CallStatus").and_then(Status::named).is_some_and(Status::is_final);
    if ended {
        has_left(&live, leg);
        live.teller.tell(gone(leg, End::LeftAfter)).await;
        return xml(twiml::hang_up());
    }
    door.what_now(&live, leg, "").await
}

/// The fallback number was dialled: where nobody answered, the words are said.
async fn fallback_ended(
    State(door): State<Arc<Door>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match door.signed_form(&uri, &headers, &body) {
        Ok(form) if matches!(form.get("DialCallStatus"), Some("completed" | "answered")) => {
            xml(twiml::hang_up())
        }
        Ok(_unanswered) => xml(twiml::say_and_hang_up(&door.fallback.words)),
        Err(refusal) => refusal,
    }
}

/// How a leg's call is doing.
async fn status(State(door): State<Arc<Door>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let form = match door.signed_form(&uri, &headers, &body) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let (Some((live, leg)), Some(status)) =
        (door.meant(&uri, &form), form.get("CallStatus").and_then(Status::named))
    else {
        // Late news of a call long over, or a status that is new to us: nothing to do, and nothing wrong.
        return StatusCode::NO_CONTENT.into_response();
    };
    if !status.is_final() {
        door.learn_name(&live, leg, &form);
    }
    let sequence = form.get("SequenceNumber").and_then(|number| number.parse().ok());
    let news = {
        let mut statuses = door.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        if statuses.len() > STATUSES_KEPT {
            statuses.retain(|(call, _), _| door.switchboard.call(*call).is_some());
        }
        statuses.entry((live.id, leg)).or_default().is_news(sequence, status)
    };
    if news {
        if status.is_final() {
            has_left(&live, leg);
        }
        let event = match (leg, status) {
            (LegId::Rep(attempt), Status::Ringing) => Some(Event::RepRang(attempt)),
            (_, Status::Queued | Status::Ringing | Status::InProgress) => None,
            (_, Status::Completed) => Some(gone(leg, End::LeftAfter)),
            (_, Status::Busy) => Some(gone(leg, End::Busy)),
            (_, Status::NoAnswer) => Some(gone(leg, End::NoAnswer)),
            (_, Status::Failed) => Some(gone(leg, End::Unreachable)),
            (_, Status::Canceled) => Some(gone(leg, End::Withdrawn)),
        };
        if let Some(event) = event {
            live.teller.tell(event).await;
        }
    }
    StatusCode::NO_CONTENT.into_response()
}

/// How a leg's stream is doing: counted, for the stream itself tells the call.
async fn stream(State(door): State<Arc<Door>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let form = match door.signed_form(&uri, &headers, &body) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let event = match form.get("StreamEvent") {
        Some("stream-started") => "started",
        Some("stream-stopped") => "stopped",
        Some("stream-error") => "error",
        Some(_) | None => "unknown",
    };
    metrics::counter!("baton_carrier_streams_total", "event" => event).increment(1);
    if event == "error" {
        let call =
            door.meant(&uri, &form).map(|(live, leg)| format!("{} {leg}", live.id)).unwrap_or_default();
        tracing::warn!(
            call.leg = call,
            stream.error = form.get("StreamError").unwrap_or_default(),
            "the carrier's stream failed"
        );
    }
    StatusCode::NO_CONTENT.into_response()
}

/// The carrier heard words, or says how its transcription is doing.
async fn transcription(State(door): State<Arc<Door>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let form = match door.signed_form(&uri, &headers, &body) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    if let Some((live, LegId::Prospect)) = door.meant(&uri, &form) {
        door.transcriptions.told(&door.switchboard, &live, |name| form.get(name)).await;
    }
    StatusCode::NO_CONTENT.into_response()
}

/// A leg's stream connects.
async fn media(
    State(door): State<Arc<Door>>,
    Path(ticket): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let url = format!("{}{}", door.account.ws_origin(), uri);
    if let Err(refusal) = door.check(&url, &headers, &[], None) {
        return refusal;
    }
    let Some((live, leg)) = door.switchboard.use_ticket(&ticket) else {
        metrics::counter!("baton_refused_total", "door" => "media", "why" => "no such ticket").increment(1);
        return (StatusCode::NOT_FOUND, "no such ticket, or it was used\n").into_response();
    };
    upgrade
        .read_buffer_size(READ_BUFFER)
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .on_upgrade(async move |mut socket| {
            match media::await_start(&mut socket).await.and_then(|start| {
                door.belongs(&live, leg, &start)?;
                Ok(start)
            }) {
                Ok(start) => {
                    if let Some(seat) = door.switchboard.seat(&live, leg).await {
                        let number = seat.number;
                        // In a place of its own: it is handed on twice from here.
                        let running = Box::pin(phone_leg::run(TwilioLine::new(socket, &start), seat));
                        blast_wall::around(&live, leg, number, running).await;
                    }
                }
                Err(why) => media::turn_away(socket, why).await,
            }
        })
}

impl Door {
    /// Where no call may come in: what the carrier is told instead.
    fn no_room(&self) -> Option<Response> {
        let shut = self.admission.admits().err()?;
        tracing::warn!(refused.why = %shut, "a call is not admitted; the prospect goes to the fallback");
        Some(xml(self.fallback.document(&self.account)))
    }

    /// The call's stream is to connect to us.
    fn connect(&self, live: &LiveCall, leg: LegId) -> Response {
        let ticket = self.switchboard.world().tickets.issue(live.id, leg);
        self.connect_with(live, leg, &ticket, &live.facts.beforehand)
    }

    fn connect_with(&self, live: &LiveCall, leg: LegId, ticket: &str, before: &str) -> Response {
        match connect_document(&self.account, live.id, leg, ticket, before) {
            Ok(document) => xml(document),
            Err(error) => {
                tracing::error!(%error, "our own stream document cannot be written");
                xml(self.fallback.document(&self.account))
            }
        }
    }

    /// What the carrier does next with a leg that has no stream; `before` are the verbs before a new one.
    async fn what_now(&self, live: &LiveCall, leg: LegId, before: &str) -> Response {
        let after = self.switchboard.after_stream(live, leg).await;
        if let AfterStream::Next(_) = &after {
            live.set_answered();
        }
        match after {
            AfterStream::Connect(ticket, Break::Noticed) => {
                let words = twiml::say(&self.account.reconnect_words);
                self.connect_with(live, leg, &ticket, &format!("{words}{before}"))
            }
            AfterStream::Connect(ticket, Break::Brief | Break::Hopeless) => {
                self.connect_with(live, leg, &ticket, before)
            }
            AfterStream::Next(Next::AssistantDocument) => xml(live.facts.afterwards.clone()),
            AfterStream::Next(Next::Fallback) => xml(self.fallback.document(&self.account)),
            AfterStream::HangUp => xml(twiml::hang_up()),
        }
    }

    /// The carrier's name for a leg is in every form that it sends about it.
    fn learn_name(&self, live: &LiveCall, leg: LegId, form: &Form) {
        if let Some(name) = form.get("CallSid") {
            self.switchboard.learn_name(live, leg, CarrierCall(name.to_owned()));
        }
    }

    /// Whether the stream that started so is the one that the ticket was for.
    fn belongs(&self, live: &LiveCall, leg: LegId, start: &Start) -> Result<(), Refusal> {
        if live.carrier_call(leg).is_some_and(|named| named.0 != start.call_sid) {
            return Err(Refusal::OtherCall);
        }
        let account = live.facts.account.as_deref().unwrap_or(&self.account.sid);
        // Test programs that play the carrier may leave the account out; the carrier itself never does.
        let unsaid = start.account_sid.is_empty() && !self.account.validate;
        if !account.is_empty() && !unsaid && account != start.account_sid {
            return Err(Refusal::OtherAccount);
        }
        if !start.is_mu_law() {
            return Err(Refusal::OtherSound);
        }
        Ok(())
    }

    /// The call and leg that a webhook means: by its URL, else by the carrier's name for the prospect's call.
    fn meant(&self, uri: &Uri, form: &Form) -> Option<(Arc<LiveCall>, LegId)> {
        let query = Form::read(uri.query().unwrap_or_default().as_bytes());
        if let (Some(call), Some(leg)) =
            (query.get("call").and_then(|call| call.parse().ok()), query.get("leg"))
        {
            let (live, leg) = (self.switchboard.call(call)?, leg.parse().ok()?);
            // Two phones may ring for one try when a process was killed as it ordered the first: one has the name.
            let known = live.carrier_call(leg).filter(|_| matches!(leg, LegId::Rep(_)));
            let stray = known.is_some_and(|known| form.get("CallSid").is_some_and(|sid| sid != known.0));
            return (!stray).then_some((live, leg));
        }
        let named = CarrierCall(form.get("CallSid")?.to_owned());
        Some((self.switchboard.by_carrier(&named)?, LegId::Prospect))
    }

    /// The form of a webhook, if its signature is good.
    fn signed_form(&self, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Result<Form, Response> {
        let url = format!("{}{}", self.account.public_url, uri);
        let is_form = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let form = Form::read(if is_form { body } else { &[] });
        self.check(&url, headers, &form.0, (!is_form).then_some(body))?;
        if let Some(account) = form.get("AccountSid")
            && !self.account.sid.is_empty()
            && account != self.account.sid
        {
            metrics::counter!("baton_refused_total", "door" => "webhook", "why" => "other account")
                .increment(1);
            return Err((StatusCode::FORBIDDEN, "this is not our account\n").into_response());
        }
        Ok(form)
    }

    fn check(
        &self,
        url: &str,
        headers: &HeaderMap,
        form: &[(String, String)],
        other_body: Option<&Bytes>,
    ) -> Result<(), Response> {
        if !self.account.validate {
            return Ok(());
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let request = Request {
            url,
            form,
            other_body: other_body.map(AsRef::as_ref),
            signature: text("x-twilio-signature"),
            settings: text("x-twilio-webhooks-signature-settings"),
        };
        self.account.keys.verify(&request).map_err(|error: SignatureError| {
            metrics::counter!("baton_refused_total", "door" => "signature", "why" => error.to_string()).increment(1);
            if self.refusals_said.may() {
                tracing::warn!(%error, door = door_of(url), "a request without a good signature was refused; is server.public_url what the carrier calls? (said once a minute at most)");
            }
            (StatusCode::FORBIDDEN, format!("the signature is not good: {error}\n")).into_response()
        })
    }
}

/// The document that connects a leg's sound to us, and asks us what to do when that has ended.
pub fn connect_document(
    account: &Account,
    call: CallId,
    leg: LegId,
    ticket: &str,
    before: &str,
) -> Result<String, twiml::TwimlError> {
    twiml::connect_stream(&ConnectStream {
        action: &account.connect_ended_url(call, leg),
        stream_url: &account.media_url(ticket),
        name: &account.stream_name,
        status_callback: Some(&account.stream_url(call, leg)),
        parameters: &[("call".to_owned(), call.to_string()), ("leg".to_owned(), leg.to_string())].into(),
        before,
    })
}

/// The carrier says that this leg's call is over: it asks nothing more about it.
fn has_left(live: &LiveCall, leg: LegId) {
    match leg {
        LegId::Prospect => live.set_answered(),
        LegId::Rep(attempt) => live.rep_hung_up(attempt),
        LegId::Assistant => {}
    }
}

/// The leg's party is not on the phone any more.
fn gone(leg: LegId, why: End) -> Event {
    match leg {
        LegId::Rep(attempt) => Event::RepLeft { attempt, why },
        LegId::Prospect | LegId::Assistant => Event::ProspectLeft,
    }
}

/// The name of the door that a URL leads to, and nothing that somebody else chose.
fn door_of(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let doors = ["voice", "connect-ended", "fallback-ended", "status", "stream", "transcription"];
    doors.into_iter().find(|door| path.ends_with(&format!("/twilio/{door}"))).unwrap_or("media")
}

fn xml(document: String) -> Response {
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], document).into_response()
}

/// What somebody hears who was rung for a call that is over.
const TOO_LATE: &str = "This call is no longer waiting. Thank you.";

/// A disk that takes longer has troubles that a caller need not wait for.
const WRITTEN_WITHIN: Duration = Duration::from_millis(500);

/// The carrier's webhooks are about 2 KB.
const LARGEST_WEBHOOK: usize = 64 * 1024;

/// The carrier's messages are 400 bytes. The websocket crate writes zeros over all of it before each read.
const READ_BUFFER: usize = 1024;

/// Beyond this many legs, those of calls long over are forgotten.
const STATUSES_KEPT: usize = 4_096;
