//! `<Connect><Stream>`: the person's sound goes to a media server until that ends, then `action` is asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::sim::carrier::account::Account;
use crate::sim::carrier::call::{Call, CallStatus, Order, Source};
use crate::sim::carrier::connection::{self, StreamOver};
use crate::sim::carrier::follow::{Follower, Next, after, resolve};
use crate::sim::carrier::line::Connected;
use crate::sim::carrier::ring;
use crate::sim::carrier::stream::MediaEnd;
use crate::sim::carrier::twiml::{StreamNoun, Target};
use crate::sim::carrier::web::Question;
use crate::sim::clock;
use crate::sim::story::What;

/// Connects the call to a stream and says what comes after it (PROTOCOLS.md §1.4).
pub(crate) async fn connect(
    follower: &mut Follower,
    noun: StreamNoun,
    base: Option<&url::Url>,
    action: Option<Target>,
) -> Next {
    let (account, call) = (Arc::clone(&follower.account), Arc::clone(&follower.call));
    let network = account.settings.network.clone();
    let (end, sending) = MediaEnd::new(account.sid("MZ"), network, account.dice());
    let end = Arc::new(end);
    call.attach(Arc::clone(&end));
    let url = websocket_url(base, &noun.url);
    let tell = Teller { account: &account, call: &call, sid: &end.sid, noun: &noun };
    let began = || {
        end.begin(&account.settings.account_sid, &call.sid, &noun.parameters);
        connection::tell_began(&account, &call);
        tell.callback("stream-started", None);
    };

    let mut order = None;
    let over = {
        let mut running = Box::pin(connection::run(&account, &call, &end, sending, &url, began));
        tokio::select! {
            biased;
            // A channel that closed orders the end of the call.
            ordered = follower.orders.recv() => {
                order = Some(ordered.unwrap_or(Order::Complete));
                end.stop(&account.settings.account_sid, &call.sid);
                timeout(LAST_WORDS, &mut running).await.unwrap_or(StreamOver::Cut)
            }
            over = &mut running => over,
        }
    };
    call.line.connect(Connected::Nothing);
    tell.over(&end, &over);

    match order {
        None => match action {
            Some(action) => Next::Document(Source::Web(action, Vec::new())),
            None => Next::Verb,
        },
        Some(Order::PersonHungUp) => {
            ring::over(&account, &call, CallStatus::Completed);
            if let Some(action) = action.filter(|_| account.settings.action_after_hang_up) {
                let form = call.form(&account.settings.account_sid);
                let idempotency_token = account.sid("IT");
                let question = Question { url: action.url, get: action.get, form, idempotency_token };
                // Whatever it answers, there is nobody left to do it for.
                let _ = account.ask(&call.sid, &question).await;
            }
            Next::Over
        }
        Some(order) => after(Some(order)),
    }
}

/// §1.5: relative URLs are allowed; then the scheme follows the document's.
fn websocket_url(base: Option<&url::Url>, url: &str) -> String {
    let absolute = resolve(base, url).unwrap_or_else(|| url.to_owned());
    match absolute.strip_prefix("http") {
        Some(rest) if !url.starts_with("http") => format!("ws{rest}"),
        _ => absolute,
    }
}

struct Teller<'a> {
    account: &'a Arc<Account>,
    call: &'a Arc<Call>,
    sid: &'a str,
    noun: &'a StreamNoun,
}

impl Teller<'_> {
    fn over(&self, end: &MediaEnd, over: &StreamOver) {
        let error = over.error();
        let how =
            error.as_ref().map_or_else(|| "stopped".to_owned(), |(code, text)| format!("{code} {text}"));
        end.ended(&how);
        self.account.story.tell(&self.call.person.name, What::StreamEnded(how));
        if let Some((code, text)) = &error {
            self.account.notice(&self.call.sid, *code, text);
        }
        match over {
            StreamOver::Stopped | StreamOver::ServerClosed => self.callback("stream-stopped", None),
            StreamOver::NeverBegan(..) | StreamOver::ServerVanished | StreamOver::Cut => {
                self.callback("stream-error", error.map(|(_, text)| text));
            }
        }
        self.call.changed();
    }

    /// §1.6.
    fn callback(&self, event: &str, error: Option<String>) {
        let Some(target) = self.noun.status_callback.clone() else { return };
        let mut form = vec![
            ("AccountSid".to_owned(), self.account.settings.account_sid.clone()),
            ("CallSid".to_owned(), self.call.sid.clone()),
            ("StreamSid".to_owned(), self.sid.to_owned()),
            ("StreamName".to_owned(), self.noun.name.clone().unwrap_or_else(|| self.sid.to_owned())),
            ("StreamEvent".to_owned(), event.to_owned()),
            ("Timestamp".to_owned(), clock::wall().to_string()),
        ];
        form.extend(error.map(|error| ("StreamError".to_owned(), error)));
        let idempotency_token = self.account.sid("IT");
        let question = Question { url: target.url, get: target.get, form, idempotency_token };
        let (account, sid) = (Arc::clone(self.account), self.call.sid.clone());
        let late = account.dice().span(&account.settings.callback_delay);
        account.clone().spawn(async move {
            tokio::time::sleep(late).await;
            // A failed one is on the debugger already.
            let _ = account.ask(&sid, &question).await;
        });
    }
}

/// The network trip, a stall, and a server that answers the close.
const LAST_WORDS: Duration = Duration::from_secs(5);
