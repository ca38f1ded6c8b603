//! The websocket under a media stream: the carrier is the client, signs the upgrade, and may vanish without a word.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::sim::carrier::account::Account;
use crate::sim::carrier::call::Call;
use crate::sim::carrier::line::Connected;
use crate::sim::carrier::signature::sign;
use crate::sim::carrier::stream::{MediaEnd, Sent, Took, Up, Wish};
use crate::sim::clock;
use crate::sim::story::What;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StreamOver {
    /// It never began; the carrier's number and text.
    NeverBegan(u32, String),
    /// The server closed it.
    ServerClosed,
    /// The server vanished without a close.
    ServerVanished,
    /// The carrier ended it: the call is over or goes elsewhere.
    Stopped,
    /// The connection was cut to order.
    Cut,
}

impl StreamOver {
    /// The error that the carrier notices, if it is one (§1.7).
    pub(crate) fn error(&self) -> Option<(u32, String)> {
        match self {
            Self::NeverBegan(code, text) => Some((*code, text.clone())),
            // §1.7: logged even for an intended close by the server.
            Self::ServerClosed => Some((31_921, "closed by the server".to_owned())),
            Self::ServerVanished => Some((31_903, "broken pipe".to_owned())),
            Self::Cut => Some((31_924, "connection lost".to_owned())),
            Self::Stopped => None,
        }
    }
}

/// Connects the person's line to this URL and stays until the stream is over; `began` is called when it is connected.
pub(crate) async fn run(
    account: &Arc<Account>,
    call: &Arc<Call>,
    end: &Arc<MediaEnd>,
    mut sending: mpsc::Receiver<Up>,
    url: &str,
    began: impl FnOnce(),
) -> StreamOver {
    let socket = match connect(account, url).await {
        Ok(socket) => socket,
        Err((code, text)) => return StreamOver::NeverBegan(code, text),
    };
    began();
    call.line.connect(Connected::Stream(Arc::clone(end)));
    let (mut sink, mut stream) = socket.split();
    let (down, arriving) = mpsc::channel(ARRIVING);
    let mut wish = end.wish();
    let mut reader = Box::pin(read(&mut stream, end, down));
    let mut apply = Box::pin(apply(account, call, end, arriving));
    let mut write = Box::pin(write(&mut sink, end, &mut sending));
    let mut reading = true;
    let over = loop {
        tokio::select! {
            biased;
            Ok(_) = wish.wait_for(|wish| *wish == Wish::Cut) => break StreamOver::Cut,
            over = &mut apply => break over,
            over = &mut write => break over,
            () = &mut reader, if reading => reading = false,
        }
    };
    drop((reader, apply, write));
    call.line.connect(Connected::Nothing);
    match over {
        StreamOver::Stopped => {
            // The server gets a moment to answer the close.
            let _ = timeout(GOODBYE, async { while let Some(Ok(_)) = stream.next().await {} }).await;
        }
        StreamOver::Cut => reset(&sink.reunite(stream).expect("both halves are of one socket")),
        StreamOver::NeverBegan(..) | StreamOver::ServerClosed | StreamOver::ServerVanished => {}
    }
    over
}

/// §1.1 and §1.8: a plain upgrade, signed over the URL as it was written, without origin, protocol or extensions.
async fn connect(account: &Arc<Account>, url: &str) -> Result<Socket, (u32, String)> {
    if url.contains('?') {
        return Err((31_920, "query string in a stream URL".to_owned()));
    }
    if !url.starts_with("ws://") && !url.starts_with("wss://") {
        return Err((31_922, "URL scheme not supported".to_owned()));
    }
    let mut request = url.into_client_request().map_err(|_| (31_923, "malformed URL".to_owned()))?;
    let signature = sign(&account.settings.auth_token, url, &[]);
    let headers = request.headers_mut();
    headers.insert("User-Agent", "Twilio.TmeWs/1.0".parse().expect("a plain word is a header value"));
    headers.insert("X-Twilio-Signature", signature.parse().expect("base64 is a header value"));
    // A connection costs two round trips: TCP, then the upgrade.
    tokio::time::sleep(account.settings.network.delay * 4).await;
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    match timeout(HANDSHAKE, connect_async_with_config(request, Some(config), true)).await {
        Err(_) => Err((31_901, "connect timeout".to_owned())),
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(Error::Io(error))) => Err((31_902, error.to_string())),
        Ok(Err(error)) => Err((31_920, error.to_string())),
    }
}

/// Sends what is due; ends when the close was sent or the server is gone.
async fn write(
    sink: &mut SplitSink<Socket, Message>,
    end: &MediaEnd,
    sending: &mut mpsc::Receiver<Up>,
) -> StreamOver {
    let mut stalled = end.stalled_until();
    while let Some(up) = sending.recv().await {
        sleep_until(up.due).await;
        wait_out(&mut stalled).await;
        let (message, last) = match up.what {
            Sent::Text(text) => (Message::text(text), false),
            Sent::Close => (Message::Close(None), true),
        };
        if sink.send(message).await.is_err() {
            // The reader sees it too, and knows whether it was a close.
            break;
        }
        if last {
            return StreamOver::Stopped;
        }
    }
    std::future::pending().await
}

/// Reads what comes and lets it travel; a message that says nothing ends it.
async fn read(stream: &mut SplitStream<Socket>, end: &MediaEnd, down: mpsc::Sender<(Instant, Arrived)>) {
    let mut stalled = end.stalled_until();
    loop {
        wait_out(&mut stalled).await;
        let message = tokio::select! {
            message = stream.next() => message,
            _ = stalled.changed() => continue,
        };
        let arrived = match message {
            Some(Ok(Message::Text(text))) => Arrived::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(_))) => Arrived::Binary,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) => Arrived::Close,
            Some(Err(_)) | None => Arrived::Nothing,
        };
        let last = matches!(arrived, Arrived::Close | Arrived::Nothing);
        if down.send((end.arrival(), arrived)).await.is_err() || last {
            return;
        }
    }
}

enum Arrived {
    Text(String),
    Binary,
    Close,
    Nothing,
}

/// Does what arrived, once it has travelled.
async fn apply(
    account: &Arc<Account>,
    call: &Arc<Call>,
    end: &MediaEnd,
    mut arriving: mpsc::Receiver<(Instant, Arrived)>,
) -> StreamOver {
    let mut stalled = end.stalled_until();
    let mut warned = Warned::default();
    while let Some((due, arrived)) = arriving.recv().await {
        sleep_until(due).await;
        wait_out(&mut stalled).await;
        match arrived {
            Arrived::Text(text) => match end.take(&text) {
                Ok(Took::Sound | Took::Mark) => {}
                Ok(Took::Clear) => call.changed(),
                Ok(Took::Discarded) => warned.once(account, call, 31_931, "media discarded"),
                Err(complaint) => warned.once(account, call, 31_951, &complaint),
            },
            Arrived::Binary => {
                end.take_binary();
                warned.once(account, call, 31_950, "binary message");
            }
            Arrived::Close => return StreamOver::ServerClosed,
            Arrived::Nothing => return StreamOver::ServerVanished,
        }
    }
    StreamOver::ServerVanished
}

/// §1.3: each warning is logged once per stream.
#[derive(Default)]
struct Warned(Vec<u32>);

impl Warned {
    fn once(&mut self, account: &Account, call: &Call, code: u32, text: &str) {
        if !self.0.contains(&code) {
            self.0.push(code);
            account.notice(&call.sid, code, text);
        }
    }
}

/// Waits while the connection stands still.
async fn wait_out(stalled: &mut watch::Receiver<Instant>) {
    loop {
        let until = *stalled.borrow_and_update();
        if until <= clock::now() {
            return;
        }
        sleep_until(until).await;
    }
}

/// Drops the connection as a dead host does: a TCP reset, no close.
fn reset(socket: &Socket) {
    if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
        // Where it fails, dropping the socket is abrupt enough.
        let _ = stream.set_zero_linger();
    }
}

/// Tells the story that the stream began.
pub(crate) fn tell_began(account: &Account, call: &Call) {
    account.story.tell(&call.person.name, What::StreamBegan);
    call.changed();
}

/// Nobody documents it (PROTOCOLS.md §1.1); a server that takes longer has lost the caller anyway.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// One round trip and a little.
const GOODBYE: Duration = Duration::from_secs(1);
/// A media message has some 300 bytes; tungstenite would reserve 128 KiB.
const READ_BUFFER: usize = 8 * 1024;
/// Some seconds of messages on their way; behind them the server feels back-pressure.
const ARRIVING: usize = 1_024;
