//! The path of a frame, counted: Baton, a carrier and an assistant in one process, over real sockets, and an allocator
//! that counts for all of them.
//!
//! With `BATON_HEAP_PROFILE=FILE` each count is also written to that file, to be seen at
//! <https://nnethercote.github.io/dh_view/dh_view.html>: it names the place of each allocation.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not there")]

mod end;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton::app::App;
use baton::audio::frame::{FRAME_SAMPLES, Frame};
use baton::call::TurnHeard;
use baton::config::{Config, Rep, Secret, Span};
use baton::conversation::Speaker;
use baton::edge::carrier::twilio::signature::sign;
use baton::id::LegId;
use baton::live::clock;
use baton::live::tap::Tap;
use baton::time::MediaTime;

use end::{CarrierCall, End, head};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn promise_5_no_allocation_per_relayed_frame() {
    let trial = dhat::Profiler::builder().testing().build();
    drop(std::hint::black_box(Box::new(1_u64)));
    assert!(dhat::HeapStats::get().total_blocks >= 1, "the counter counts");
    drop(trial);
    // The counter counts the whole process: before anything else runs in it.
    assert_eq!(tapped(), Counted::default(), "promise 5: what recognisers hear costs the legs memory");
    let stage = Stage::start();
    // Assistants send what their voice gives them: here 50 ms.
    let (prospect_says, assistant_says, rep_says) = (sound(0x10, 160), sound(0x1C, 400), sound(0x21, 160));

    let document = stage.ask(
        "/twilio/voice",
        &[
            ("CallSid", PROSPECT_CALL),
            ("AccountSid", ACCOUNT),
            ("From", "+15550100142"),
            ("To", "+15550100100"),
            ("Direction", "inbound"),
            ("CallStatus", "ringing"),
        ],
    );
    let prospect =
        stage.phone(&document, PROSPECT_CALL, "MZ000000000000000000000000000000a1", &assistant_says);
    let assistant = End::lets_in(&stage.assistant, &prospect_says);
    assert_ne!(prospect.stream(), assistant.stream(), "the stream id is rewritten");

    let assisted = [(&*prospect, prospect_says.as_str()), (&*assistant, assistant_says.as_str())];
    relay(&assisted, WARM, HURRIED);
    let counted = count("prospect ↔ assistant", assisted, 2_000, HURRIED);
    assert_eq!(
        counted,
        Counted::default(),
        "promise 5: frames between the prospect and the assistant cost memory"
    );

    let (rep_document, api) = stage.hand_off(&prospect);
    let rep = stage.phone(&rep_document, REP_CALL, "MZ000000000000000000000000000000a2", &prospect_says);
    let bridged = [(&*prospect, prospect_says.as_str()), (&*rep, rep_says.as_str())];
    let offered = clock::now();
    let mut pressed = false;
    while rep.heard() < 50 {
        assert!(clock::now().duration_since(offered) < Duration::from_secs(60), "the two were never bridged");
        // The assistant goes on speaking: a mute one would be dialled again, and that is stored.
        let all = [bridged[0], bridged[1], assisted[1]];
        relay(&all, 10, LIVE);
        if !pressed && clock::now().duration_since(offered) > Duration::from_secs(2) {
            rep.press('1');
            pressed = true;
        }
    }
    prospect.now_awaits(&rep_says);
    // A tone that lasts becomes the line's floor, which is told as the end of a turn: that is behind us after this.
    relay(&bridged, WARM, HURRIED);
    // Live voices in their own time: of what comes faster most is too late.
    relay(&bridged, WARM / 10, LIVE);
    let counted = count("prospect ↔ rep", bridged, 500, LIVE);
    assert_eq!(counted, Counted::default(), "promise 5: frames between the prospect and the rep cost memory");
    drop(api);
}

/// What the legs spend on a tap for recognisers: frames and turns put in, taken out by somebody who keeps up, and then by nobody.
fn tapped() -> Counted {
    let (tap, sound) = (Tap::new(clock::now()), [0x55; 400]);
    let frame = Frame { sound: [0x55; FRAME_SAMPLES], ..Frame::silence(MediaTime(0)) };
    let turn = TurnHeard {
        leg: LegId::Prospect,
        lasted_millis: 1_000,
        ended_ago_millis: 300,
        latency_millis: None,
        pauses: 0,
        level_dbfs: None,
        barged_in: false,
    };
    let put = || {
        let now = clock::now();
        tap.prospect(now, &frame);
        tap.sent(Speaker::Assistant, now, now, &sound);
        tap.turn(now, &turn);
    };
    let mut taken = 0;
    // What is made at first use is made before it counts.
    put();
    while tap.next_of_prospect().is_some() || tap.next_of_other().is_some() || tap.next_turn().is_some() {}
    let profiler = dhat::Profiler::builder().testing().build();
    for number in 0..2_000 {
        put();
        if number % 100 == 0 {
            tap.cleared(clock::now());
        }
        taken += u64::from(tap.next_of_prospect().is_some());
        while tap.next_of_other().is_some() {}
        while tap.next_turn().is_some() {}
    }
    for _ in 0..2_000 {
        put();
    }
    let took = dhat::HeapStats::get();
    drop(profiler);
    assert_eq!(taken, 2_000, "the frames were there to be taken");
    println!("tap: {} blocks, {} bytes taken from the heap", took.total_blocks, took.total_bytes);
    Counted { blocks: took.total_blocks, bytes: took.total_bytes }
}

/// What a stretch of relaying took of the heap, whoever in the process took it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    blocks: u64,
    bytes: u64,
}

/// Relays so many frames each way and counts.
fn count(who: &str, ends: [(&End, &str); 2], frames: u64, every: Duration) -> Counted {
    let before = ends.map(|(end, _)| end.heard());
    let mut profiler = dhat::Profiler::builder();
    match std::env::var_os("BATON_HEAP_PROFILE") {
        Some(file) => profiler = profiler.file_name(format!("{}.{frames}-{}", file.display(), who.len())),
        None => profiler = profiler.testing(),
    }
    let profiler = profiler.build();
    relay(&ends, frames, every);
    thread::sleep(Duration::from_millis(100));
    let took = dhat::HeapStats::get();
    drop(profiler);
    let heard: Vec<u64> = ends.iter().zip(before).map(|((end, _), before)| end.heard() - before).collect();
    println!(
        "{who}: {frames} frames sent each way, {heard:?} came; {} blocks, {} bytes taken from the heap",
        took.total_blocks, took.total_bytes
    );
    assert!(heard.iter().all(|heard| heard * 10 >= frames * 9), "the frames were not relayed: {heard:?}");
    Counted { blocks: took.total_blocks, bytes: took.total_bytes }
}

/// Each of these ends sends so many frames.
fn relay(ends: &[(&End, &str)], frames: u64, every: Duration) {
    for _ in 0..frames {
        for (end, payload) in ends {
            end.send_sound(payload);
        }
        thread::sleep(every);
    }
}

/// A tone as loud as speech, of so many samples.
fn sound(level: u8, samples: usize) -> String {
    let samples: Vec<u8> = (0..samples).map(|n| if n % 16 < 8 { level } else { level | 0x80 }).collect();
    STANDARD.encode(samples)
}

/// Baton on a free port, and the doors of the assistant and of the carrier's REST API.
struct Stage {
    baton: SocketAddr,
    assistant: TcpListener,
    api: TcpListener,
    folder: std::path::PathBuf,
    _runtime: tokio::runtime::Runtime,
}

impl Stage {
    fn start() -> Self {
        let door = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (assistant, api) = (door(), door());
        let folder = std::env::temp_dir().join(format!("baton-hot-path-{}", std::process::id()));
        let mut config = Config::default();
        config.server.listen = ([127, 0, 0, 1], 0).into();
        config.store.data = folder.display().to_string();
        config.carrier.twilio.account_sid = ACCOUNT.into();
        config.carrier.twilio.auth_token = Secret::new(TOKEN);
        config.carrier.twilio.number = "+15550100100".into();
        config.carrier.twilio.api_url = format!("http://{}", api.local_addr().unwrap());
        config.assistant.stream_url = format!("ws://{}/assistant", assistant.local_addr().unwrap());
        // When the assistant is let go, that is stored: not while frames are counted.
        config.assistant.keep_after_bridge = Span::secs(600);
        config.reps = vec![Rep { name: "sam".into(), phone: "+15550100101".into() }];
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let app = runtime.block_on(App::build(&config)).unwrap();
        let baton = app.address().unwrap();
        runtime.spawn(app.run(std::future::pending(), std::future::pending()));
        Self { baton, assistant, api, folder, _runtime: runtime }
    }

    /// Asks a webhook as the carrier does, signed; the document.
    fn ask(&self, path: &str, form: &[(&str, &str)]) -> String {
        let owned: Vec<(String, String)> =
            form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let signature = sign(TOKEN, &format!("http://{}{path}", self.baton), &owned);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut socket = TcpStream::connect(self.baton).unwrap();
        write!(
            socket,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nX-Twilio-Signature: {signature}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.baton,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }

    /// Connects the stream that a document asks for.
    fn phone(&self, document: &str, call: &str, stream: &str, awaits: &str) -> Arc<End> {
        let (_, rest) = document.split_once("<Stream url=\"").unwrap_or_else(|| panic!("{document}"));
        let (url, _) = rest.split_once('"').unwrap();
        let path = &url[url.find("/twilio/").unwrap()..];
        let signature = sign(TOKEN, url, &[]);
        End::connects(
            self.baton,
            path,
            &CarrierCall { account: ACCOUNT, sid: call, stream, signature },
            awaits,
        )
    }

    /// Asks for a person; the document for the rep's phone, once the REST API was asked to ring it.
    fn hand_off(&self, prospect: &End) -> (String, TcpStream) {
        prospect.press('0');
        let (mut socket, _) = self.api.accept().unwrap();
        let request = head(&socket);
        let length = request
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap()];
        socket.read_exact(&mut body).unwrap();
        let answer = format!(r#"{{"sid":"{REP_CALL}"}}"#);
        write!(
            socket,
            "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .unwrap();
        let document = url::form_urlencoded::parse(&body).find(|(name, _)| name == "Twiml").unwrap().1;
        (document.into_owned(), socket)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Eight seconds of the clock and forty of sound: a steady tone counts as noise by then, so that no turn begins or ends in
/// what is counted (a turn is an entry of the timeline, which is stored).
const WARM: u64 = 2_000;

/// Five times as fast as sound: assistants send so. Faster, a machine that is busy with other work lets speech pile up,
/// and a pile takes memory.
const HURRIED: Duration = Duration::from_millis(4);

/// A frame's length.
const LIVE: Duration = Duration::from_millis(20);
const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PROSPECT_CALL: &str = "CA000000000000000000000000000000a1";
const REP_CALL: &str = "CA000000000000000000000000000000a2";
