//! One end of a Media Stream, written by hand: once it is connected it takes no memory, so that what is counted is Baton's.

use std::fmt::Arguments;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A connected end; a thread of its own reads what comes.
pub(crate) struct End {
    socket: TcpStream,
    is_client: bool,
    out: Mutex<Box<[u8; OUT]>>,
    stream: OnceLock<String>,
    awaits: Mutex<Vec<u8>>,
    heard: AtomicU64,
    sent: AtomicU64,
}

impl End {
    /// Connects to Baton as the carrier does, and begins the stream of this call.
    pub(crate) fn connects(to: SocketAddr, path: &str, call: &CarrierCall<'_>, awaits: &str) -> Arc<Self> {
        let socket = TcpStream::connect(to).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\nX-Twilio-Signature: {}\r\n\r\n",
            call.signature
        );
        (&socket).write_all(request.as_bytes()).unwrap();
        let answer = head(&socket);
        assert!(answer.starts_with("HTTP/1.1 101"), "the stream is let in: {answer}");
        let end = Self::over(socket, true, awaits);
        let CarrierCall { account, sid, stream, .. } = call;
        end.stream.set((*stream).to_owned()).unwrap();
        end.say(format_args!(r#"{{"event":"connected","protocol":"Call","version":"1.0.0"}}"#));
        end.say(format_args!(
            r#"{{"event":"start","sequenceNumber":"1","streamSid":"{stream}","start":{{"accountSid":"{account}","streamSid":"{stream}","callSid":"{sid}","tracks":["inbound"],"mediaFormat":{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}},"customParameters":{{}}}}}}"#
        ));
        end
    }

    /// Lets Baton in as an assistant does, and waits for the name of its stream.
    pub(crate) fn lets_in(at: &TcpListener, awaits: &str) -> Arc<Self> {
        let (socket, _) = at.accept().unwrap();
        let request = head(&socket);
        let key = request.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("sec-websocket-key").then_some(value)
        });
        let accept = derive_accept_key(key.unwrap().as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        (&socket).write_all(answer.as_bytes()).unwrap();
        let end = Self::over(socket, false, awaits);
        end.stream.wait();
        end
    }

    fn over(socket: TcpStream, is_client: bool, awaits: &str) -> Arc<Self> {
        socket.set_nodelay(true).unwrap();
        let end = Arc::new(Self {
            socket,
            is_client,
            out: Mutex::new(Box::new([0; OUT])),
            stream: OnceLock::new(),
            awaits: Mutex::new(awaits.as_bytes().to_vec()),
            heard: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        });
        let reader = Arc::clone(&end);
        thread::spawn(move || reader.read());
        end
    }

    /// Sends a frame of this sound.
    pub(crate) fn send_sound(&self, payload: &str) {
        let n = self.sent.fetch_add(1, Ordering::Relaxed);
        let stream = self.stream.get().expect("the stream has begun");
        if self.is_client {
            self.say(format_args!(
                r#"{{"event":"media","sequenceNumber":"{}","streamSid":"{stream}","media":{{"track":"inbound","chunk":"{}","timestamp":"{}","payload":"{payload}"}}}}"#,
                n + 2,
                n + 1,
                n * 20
            ));
        } else {
            self.say(format_args!(
                r#"{{"event":"media","streamSid":"{stream}","media":{{"payload":"{payload}"}}}}"#
            ));
        }
    }

    /// Presses a key on this phone.
    pub(crate) fn press(&self, key: char) {
        let stream = self.stream.get().expect("the stream has begun");
        self.say(format_args!(
            r#"{{"event":"dtmf","sequenceNumber":"1","streamSid":"{stream}","dtmf":{{"track":"inbound_track","digit":"{key}"}}}}"#
        ));
    }

    /// How many frames of the awaited sound came, in messages that name this end's own stream.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// From now on another sound is awaited.
    pub(crate) fn now_awaits(&self, payload: &str) {
        payload.as_bytes().clone_into(&mut self.awaits.lock().unwrap());
    }

    /// What this end calls its stream.
    pub(crate) fn stream(&self) -> &str {
        self.stream.get().expect("the stream has begun")
    }

    fn say(&self, text: Arguments<'_>) {
        self.frame(TEXT, text);
    }

    /// Writes one frame; a client's is masked with zeros, which changes nothing.
    fn frame(&self, kind: u8, text: Arguments<'_>) {
        let mut out = self.out.lock().unwrap();
        let mut rest = &mut out[TEXT_AT..];
        let room = rest.len();
        rest.write_fmt(text).expect("the message is short");
        let length = room - rest.len();
        let mask = if self.is_client { 0x80 } else { 0 };
        let mask_length = if self.is_client { 4 } else { 0 };
        let begin = if length < 126 {
            let begin = TEXT_AT - mask_length - 2;
            out[begin + 1] = mask | length as u8;
            begin
        } else {
            let begin = TEXT_AT - mask_length - 4;
            out[begin + 1] = mask | 0x7e;
            out[begin + 2..begin + 4].copy_from_slice(&(length as u16).to_be_bytes());
            begin
        };
        out[begin] = 0x80 | kind;
        out[TEXT_AT - mask_length..TEXT_AT].fill(0);
        (&self.socket).write_all(&out[begin..TEXT_AT + length]).unwrap();
    }

    fn read(&self) {
        let mut buffer = vec![0_u8; IN];
        let mut filled = 0;
        while let Ok(read @ 1..) = (&self.socket).read(&mut buffer[filled..]) {
            filled += read;
            let mut begin = 0;
            while let Some(whole) = self.take_one(&mut buffer[begin..filled]) {
                begin += whole;
            }
            buffer.copy_within(begin..filled, 0);
            filled -= begin;
        }
    }

    /// Takes in the first frame of these bytes, if it is whole; how long it is.
    fn take_one(&self, bytes: &mut [u8]) -> Option<usize> {
        let (kind, second) = (*bytes.first()? & 0x0F, *bytes.get(1)?);
        let (mut at, length) = match second & 0x7F {
            126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
            127 => panic!("no message of a call is this long"),
            short => (2, usize::from(short)),
        };
        let mut mask = [0; 4];
        if second & 0x80 != 0 {
            mask.copy_from_slice(bytes.get(at..at + 4)?);
            at += 4;
        }
        let payload = bytes.get_mut(at..at + length)?;
        for (n, byte) in payload.iter_mut().enumerate() {
            *byte ^= mask[n % 4];
        }
        match kind {
            TEXT => self.take_text(std::str::from_utf8(payload).unwrap()),
            PING => self.frame(PONG, format_args!("")),
            _ => {}
        }
        Some(at + length)
    }

    fn take_text(&self, text: &str) {
        if text.starts_with(r#"{"event":"media""#) {
            let ours = self.stream.get().is_some_and(|stream| text.contains(stream.as_str()));
            let payload = text.split_once(r#""payload":""#).and_then(|(_, rest)| rest.split_once('"'));
            if ours && payload.is_some_and(|(payload, _)| payload.as_bytes() == *self.awaits.lock().unwrap())
            {
                self.heard.fetch_add(1, Ordering::Relaxed);
            }
        } else if text.starts_with(r#"{"event":"mark""#) && self.is_client {
            // Played at once: nobody listens.
            let name = text.rsplit_once(r#""name":""#).and_then(|(_, rest)| rest.split_once('"'));
            let (name, _) = name.expect("a mark has a name");
            let stream = self.stream.get().expect("the stream has begun");
            self.say(format_args!(
                r#"{{"event":"mark","sequenceNumber":"1","streamSid":"{stream}","mark":{{"name":"{name}"}}}}"#
            ));
        } else if text.starts_with(r#"{"event":"start""#) {
            let (_, rest) = text.split_once(r#""streamSid":""#).expect("a start names its stream");
            let (stream, _) = rest.split_once('"').expect("a name ends");
            self.stream.set(stream.to_owned()).expect("a stream starts once");
        }
    }
}

/// A call as the carrier knows it.
pub(crate) struct CarrierCall<'a> {
    pub(crate) account: &'a str,
    pub(crate) sid: &'a str,
    pub(crate) stream: &'a str,
    pub(crate) signature: String,
}

/// The head of a request or an answer, and not a byte more.
pub(crate) fn head(mut socket: &TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        assert_eq!(socket.read(&mut byte).unwrap(), 1, "it broke off: {}", String::from_utf8_lossy(&head));
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const TEXT: u8 = 1;
const PING: u8 = 9;
const PONG: u8 = 10;
/// The longest head of a frame.
const TEXT_AT: usize = 8;
const OUT: usize = 4 * 1024;
const IN: usize = 64 * 1024;
