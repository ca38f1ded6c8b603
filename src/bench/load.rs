//! The load: calls that enter a gateway by the doors that real ones use, hold a conversation, and are measured.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::bench::end::{Ear, Heard, Tally, split};
use crate::bench::gateway::{ACCOUNT, Gateway, LINE, TOKEN, Which};
use crate::bench::histogram::Histogram;
use crate::bench::pace::{Pace, Speaker};
use crate::bench::wire::Side;
use crate::bench::words::{Spoken, Talk};
use crate::sim::carrier::sign;

/// How much is asked of a gateway.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many calls at once.
    pub calls: u16,
    /// How long they are measured.
    pub window: Duration,
    /// Whether Baton listens to them with its ear, and reads moods; otherwise loudness alone tells it when somebody speaks.
    pub ears: bool,
    /// Whether words are told of the calls, with a turn in each that justifies a decision.
    pub words: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What the phones heard.
    pub at_carrier: Heard,
    /// What the assistants heard.
    pub at_assistant: Heard,
    /// Frames that were sent.
    pub sent: u64,
    /// How much later than due they were sent.
    pub late: Histogram,
    /// What the gateway used of the processors.
    pub cpu: Duration,
    /// What its memory grew by for each call, in bytes.
    pub rss_per_call: f64,
    /// What came of the words that were told, where some were.
    pub spoken: Option<Spoken>,
}

impl Load {
    /// Puts this load on a new gateway; where `under` names a program, the gateway runs under it.
    pub async fn measure(self, which: Which, under: &[String]) -> anyhow::Result<Measured> {
        let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let gateway = Gateway::start(which, under, door.local_addr()?, self).await?;
        let tally = Tally::new();
        let pace = Arc::new(Pace::start(2 * self.calls, tally.clone()));
        let answered = Arc::new(Semaphore::new(0));
        let hall = Hall { tally: tally.clone(), pace: pace.clone(), answered: answered.clone() };
        let mut assistants = JoinSet::new();
        assistants.spawn(hall.clone().assistants(door));

        let mut phones = JoinSet::new();
        let first = FIRST.min(self.calls);
        let opened = self.open(0..first, &gateway, &hall, &mut phones).await;
        opened.with_context(|| gateway.last_words())?;
        tokio::time::sleep(SETTLE).await;
        let idle = gateway.used()?;
        let opened = self.open(first..self.calls, &gateway, &hall, &mut phones).await;
        opened.with_context(|| gateway.last_words())?;
        tokio::time::sleep(SETTLE).await;

        let talk = match (which, self.words) {
            (Which::Baton, true) => Some(Talk::follow(gateway.address).await?),
            (Which::Baton | Which::Floor, _) => None,
        };

        let begin = tally.now() + Duration::from_millis(20);
        tokio::time::sleep_until(tally.moment(begin)).await;
        let before = gateway.used()?;
        tally.measure(tally.now(), tally.now() + self.window);
        let talking = talk.map(|talk| talk.begin(self.window));
        tokio::time::sleep(self.window).await;
        let after = gateway.used()?;
        let spoken = match talking {
            Some(talking) => Some(talking.end().await.with_context(|| gateway.last_words())?),
            None => None,
        };
        tokio::time::sleep(ON_THE_WAY).await;
        let broke = phones.try_join_next().is_some();
        anyhow::ensure!(!broke, "a stream broke in the middle of it: {}", gateway.last_words());
        let sent = pace.stop();
        if !under.is_empty() {
            gateway.end().await?;
        }
        let (at_carrier, at_assistant) =
            (tally.heard(Side::Carrier).clone(), tally.heard(Side::Assistant).clone());
        Ok(Measured {
            at_carrier,
            at_assistant,
            sent: sent.frames,
            late: sent.late,
            cpu: after.cpu.saturating_sub(before.cpu),
            spoken,
            rss_per_call: after.rss.saturating_sub(idle.rss) as f64 / f64::from((self.calls - first).max(1)),
        })
    }

    /// Opens these calls one after the other, and waits until each assistant has answered.
    async fn open(
        self,
        calls: std::ops::Range<u16>,
        gateway: &Gateway,
        hall: &Hall,
        phones: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        let client = crate::edge::http::client()?;
        let many = calls.len() as u32;
        for call in calls {
            let phone = Phone { call, gateway: gateway.address };
            phone.dial(&client, hall, phones).await.with_context(|| format!("call {call} did not get in"))?;
        }
        let all = tokio::time::timeout(ANSWER_WITHIN, hall.answered.acquire_many(many)).await;
        all.context("not all assistants were dialled")??.forget();
        Ok(())
    }
}

/// Where the ends of all calls meet.
#[derive(Clone, Debug)]
struct Hall {
    tally: Arc<Tally>,
    pace: Arc<Pace>,
    answered: Arc<Semaphore>,
}

impl Hall {
    /// Answers as the assistant, every time the gateway dials.
    async fn assistants(self, door: TcpListener) {
        let mut lines = JoinSet::new();
        for number in 0.. {
            let Ok((socket, _)) = door.accept().await else { return };
            lines.spawn(self.clone().assistant(socket, 2 * number + 1));
        }
    }

    async fn assistant(self, socket: TcpStream, place: u16) {
        let spoken = async {
            socket.set_nodelay(true)?;
            let (mouth, mut ear) = split(socket, Side::Assistant);
            let request = ear.head().await?;
            let key = request.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("sec-websocket-key").then_some(value)
            });
            let accept = derive_accept_key(key.context("no websocket")?.as_bytes());
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            mouth.put(answer.as_bytes());
            let stream = ear.start().await?;
            self.pace.join(Speaker { mouth, stream, place });
            self.answered.add_permits(1);
            ear.listen(self.tally).await;
            anyhow::Ok(())
        };
        // One that does not come about is missed by who waits for all to answer.
        let _ = spoken.await;
    }
}

/// A prospect's phone.
#[derive(Clone, Copy, Debug)]
struct Phone {
    call: u16,
    gateway: SocketAddr,
}

impl Phone {
    async fn dial(
        self,
        client: &reqwest::Client,
        hall: &Hall,
        phones: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        let url = self.asks(client).await?;
        let ear = self.connects(&url, hall).await?;
        phones.spawn(ear.listen(hall.tally.clone()));
        Ok(())
    }

    /// Asks the voice webhook, signed, where the stream goes.
    async fn asks(self, client: &reqwest::Client) -> anyhow::Result<String> {
        let form: Vec<(String, String)> = [
            ("AccountSid", ACCOUNT.to_owned()),
            ("CallSid", self.sid("CA")),
            ("CallStatus", "ringing".to_owned()),
            ("Direction", "inbound".to_owned()),
            ("From", format!("+155501001{:02}", self.call % 100)),
            ("To", LINE.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let url = format!("http://{}/twilio/voice", self.gateway);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        let answer = client
            .post(&url)
            .header("X-Twilio-Signature", sign(TOKEN, &url, &form))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await?
            .error_for_status()?
            .text()
            .await?;
        let document = roxmltree::Document::parse(&answer)?;
        let stream = document.descendants().find(|node| node.has_tag_name("Stream"));
        let url = stream.and_then(|stream| stream.attribute("url"));
        Ok(url.with_context(|| format!("no stream in {answer}"))?.to_owned())
    }

    /// Connects the stream and begins it.
    async fn connects(self, url: &str, hall: &Hall) -> anyhow::Result<Ear> {
        let path = url::Url::parse(url)?.path().to_owned();
        let mut socket = TcpStream::connect(self.gateway).await?;
        socket.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\nX-Twilio-Signature: {}\r\n\r\n",
            self.gateway,
            sign(TOKEN, url, &[])
        );
        socket.write_all(request.as_bytes()).await?;
        let (mouth, mut ear) = split(socket, Side::Carrier);
        let answer = ear.head().await?;
        anyhow::ensure!(answer.starts_with("HTTP/1.1 101"), "the stream was not let in: {answer}");
        let (call, stream) = (self.sid("CA"), self.sid("MZ"));
        mouth.say(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#);
        mouth.say(&format!(
            r#"{{"event":"start","sequenceNumber":"1","start":{{"accountSid":"{ACCOUNT}","streamSid":"{stream}","callSid":"{call}","tracks":["inbound"],"mediaFormat":{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}},"customParameters":{{}}}},"streamSid":"{stream}"}}"#
        ));
        hall.pace.join(Speaker { mouth, stream, place: 2 * self.call });
        Ok(ear)
    }

    fn sid(self, kind: &str) -> String {
        format!("{kind}{:032x}", u32::from(self.call) + 1)
    }
}

/// So many calls run when the memory before the load is read: what the first calls touch, all share.
const FIRST: u16 = 4;

/// Everybody has spoken once by then.
const SETTLE: Duration = Duration::from_secs(2);

/// Frames that take longer are lost.
const ON_THE_WAY: Duration = Duration::from_millis(500);

/// Hundreds of calls are opened meanwhile.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Any key will do (RFC 6455 §1.3 has this one).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
