//! The one loop that takes connections. It lets in so many and no more, in all and from one address, drops who does not
//! come to the point, and goes on when the machine has nothing left to give.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::live::clock;

/// How many connections may be open; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketLimits {
    /// In all.
    pub in_all: usize,
    /// From one address.
    pub per_address: usize,
}

/// Takes connections until told to close; then each may finish its answer, and upgraded ones are left alone.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: SocketLimits,
    closing: impl Future<Output = ()>,
) {
    let sockets = Arc::new(Sockets::new(limits));
    let (close, closed) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut closing = pin!(closing);
    loop {
        tokio::select! {
            biased;
            () = &mut closing => break,
            Some(ended) = connections.join_next() => if ended.is_err() {
                tracing::error!("a request failed and took its connection along");
                refused("panic");
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => if let Some(entry) = sockets.let_in(from.ip()) {
                    connections.spawn(connection(stream, entry, router.clone(), closed.clone()));
                },
                Err(error) if is_about_one(&error) => {}
                Err(error) => {
                    refused("accept");
                    sockets.warn(&format!("no connection can be taken: {error}"));
                    // It will not be better at once, and asking again and again takes the time of those who are in.
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop((listener, close));
    // Whatever is still open after this is cut off with the set.
    let _ = timeout(GOODBYE, async { while connections.join_next().await.is_some() {} }).await;
}

/// One connection, until it ends or is upgraded.
async fn connection(stream: TcpStream, entry: Entry, router: Router, mut closed: watch::Receiver<()>) {
    // A frame that waits for the next one to fill a packet is a frame late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a socket cannot be told to send at once");
    }
    if let Err(error) = set_socket_send_buffer_size(&stream, QUEUED) {
        tracing::debug!(%error, "what the kernel queues for a socket cannot be limited");
    }
    let heads = Arc::new(Heads::default());
    let io = TokioIo::new(Socket { stream, heads: heads.clone(), _entry: entry });
    let routes = TowerToHyperService::new(router);
    let of_service = heads.clone();
    let answering = service_fn(move |request| {
        let (heads, answer) = (of_service.clone(), routes.call(request));
        heads.came();
        async move {
            let answer = answer.await;
            heads.answered();
            answer
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(io, answering)
        .with_upgrades();
    let mut served = pin!(served);
    let mut stays = true;
    let mut watch = Watch::new(clock::now());
    loop {
        tokio::select! {
            // Who breaks off has no need of us.
            _ended = served.as_mut() => return,
            _closed = closed.changed(), if stays => {
                stays = false;
                served.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep(LOOK) => if watch.is_late(&heads, clock::now()) {
                refused("slow");
                return;
            },
        }
    }
}

/// Whether this error is about the one connection that was to be taken, so that the next may be taken at once.
fn is_about_one(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

fn refused(why: &'static str) {
    metrics::counter!("baton_refused_total", "door" => "socket", "why" => why).increment(1);
}

// ── how many ──

/// All open connections.
struct Sockets {
    limits: SocketLimits,
    open: Mutex<Open>,
    warned: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The place of one connection among them, until it is dropped.
struct Entry {
    sockets: Arc<Sockets>,
    address: IpAddr,
}

impl Sockets {
    fn new(limits: SocketLimits) -> Self {
        Self { limits, open: Mutex::default(), warned: Mutex::default() }
    }

    /// A place for one from this address, if there is one; who gets none is closed by being dropped.
    fn let_in(self: &Arc<Self>, from: IpAddr) -> Option<Entry> {
        let address = household(from);
        let mut open = self.open();
        let here = open.by_address.get(&address).copied().unwrap_or_default();
        let full = |limit: usize, open: usize| limit > 0 && open >= limit;
        let why = if full(self.limits.in_all, open.all) {
            "full"
        } else if full(self.limits.per_address, here) {
            "full for its address"
        } else {
            open.all += 1;
            open.by_address.insert(address, here + 1);
            metrics::gauge!("baton_sockets_open").set(open.all as f64);
            return Some(Entry { sockets: self.clone(), address });
        };
        let all = open.all;
        drop(open);
        refused(why);
        self.warn(&format!("a connection was refused: {why}, {all} are open"));
        None
    }

    /// Says it the first time, and then at most once a minute: who floods us must not flood the log as well.
    fn warn(&self, words: &str) {
        let now = clock::now();
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|at| now.saturating_duration_since(at) >= QUIET) {
            *warned = Some(now);
            tracing::warn!("{words}");
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.sockets.open();
        open.all -= 1;
        metrics::gauge!("baton_sockets_open").set(open.all as f64);
        if let Some(here) = open.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// Who counts as one: of IPv6 a household has a whole /64 of addresses.
fn household(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(four) => IpAddr::V4(four),
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64))),
    }
}

// ── how slow ──

/// The heads of a connection's requests: how many began, and how many came whole.
#[derive(Default)]
struct Heads {
    begun: AtomicU32,
    whole: AtomicU32,
    answering: AtomicBool,
}

impl Heads {
    /// Bytes came in.
    fn read(&self) {
        if !self.answering.load(Ordering::Relaxed)
            && self.begun.load(Ordering::Relaxed) == self.whole.load(Ordering::Relaxed)
        {
            self.begun.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A head came whole: what is read from now on is its body.
    fn came(&self) {
        self.answering.store(true, Ordering::Relaxed);
        self.whole.store(self.begun.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn answered(&self) {
        self.answering.store(false, Ordering::Relaxed);
    }
}

/// Watches that each head comes in time. The time between two requests is another's: hyper's, see [`IDLE`].
struct Watch {
    begun: u32,
    since: Instant,
    first: bool,
}

impl Watch {
    fn new(now: Instant) -> Self {
        Self { begun: 0, since: now, first: true }
    }

    fn is_late(&mut self, heads: &Heads, now: Instant) -> bool {
        let begun = heads.begun.load(Ordering::Relaxed);
        self.first &= heads.whole.load(Ordering::Relaxed) == 0;
        if begun != self.begun {
            self.begun = begun;
            // Who connects is to say at once why.
            self.since = if self.first { self.since } else { now };
        }
        let waits = self.first || begun != heads.whole.load(Ordering::Relaxed);
        waits && now.saturating_duration_since(self.since) >= HEAD_WITHIN
    }
}

/// A connection that is counted for as long as it is open, upgraded or not.
struct Socket {
    stream: TcpStream,
    heads: Arc<Heads>,
    _entry: Entry,
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.heads.read();
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What the kernel may queue for one that does not read, in bytes: 18 s of a call's sound (the kernel takes it twofold).
/// Left alone it queues up to 4 MB a socket, in which a slow reader goes unnoticed for minutes.
const QUEUED: usize = 256 * 1024;

/// How long a request's head may take: the carrier's comes in one packet.
const HEAD_WITHIN: Duration = Duration::from_secs(8);

/// How often a connection is looked at for that.
const LOOK: Duration = Duration::from_secs(1);

/// How long a connection is kept between two requests: longer than proxies keep theirs (60 s is usual), so that none
/// sends a request into a connection that is being closed.
const IDLE: Duration = Duration::from_secs(75);

/// The carrier's heads have 2 KB.
const LONGEST_HEAD: usize = 64 * 1024;

/// Somebody else may give a file back by then.
const PAUSE: Duration = Duration::from_millis(100);

/// How often refusals are logged.
const QUIET: Duration = Duration::from_secs(60);

/// How long answers may take that were begun before the end.
const GOODBYE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn sockets(in_all: usize, per_address: usize) -> Arc<Sockets> {
        Arc::new(Sockets::new(SocketLimits { in_all, per_address }))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_its_connection_is_gone() {
        let sockets = sockets(3, 2);
        let (one, two) = (address("192.0.2.1"), address("192.0.2.2"));
        let first = sockets.let_in(one).unwrap();
        let _second = sockets.let_in(one).unwrap();
        assert!(sockets.let_in(address("::ffff:192.0.2.1")).is_none(), "two from one address");
        let _third = sockets.let_in(two).unwrap();
        assert!(sockets.let_in(two).is_none(), "three in all");
        drop(first);
        assert!(sockets.let_in(one).is_some());
        assert_eq!(sockets.open().all, 2);
        assert_eq!(sockets.open().by_address.len(), 2, "who is gone is forgotten");
    }

    #[tokio::test]
    async fn a_household_counts_as_one_and_no_limit_is_none() {
        let narrow = sockets(0, 1);
        let _one = narrow.let_in(address("2001:db8::1")).unwrap();
        assert!(narrow.let_in(address("2001:db8::2")).is_none());
        assert!(narrow.let_in(address("2001:db8:0:1::1")).is_some());
        let wide = sockets(0, 0);
        let all: Vec<_> = (0..100).filter_map(|_| wide.let_in(address("192.0.2.1"))).collect();
        assert_eq!(all.len(), 100);
    }

    struct Served {
        at: std::net::SocketAddr,
        close: tokio::sync::oneshot::Sender<()>,
        serving: tokio::task::JoinHandle<()>,
    }

    async fn served(limits: SocketLimits) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (close, closing) = tokio::sync::oneshot::channel();
        let router = Router::new().route("/", get(|| async { "here" }));
        let serving = tokio::spawn(serve(listener, router, limits, async {
            let _ = closing.await;
        }));
        Served { at, close, serving }
    }

    async fn asks(socket: &mut TcpStream) -> String {
        socket.write_all(b"GET / HTTP/1.1\r\nhost: b.example.com\r\n\r\n").await.unwrap();
        let mut answer = [0; 512];
        let read = socket.read(&mut answer).await.unwrap_or_default();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    #[tokio::test]
    async fn who_does_not_come_to_the_point_is_dropped_and_who_keeps_a_connection_is_not() {
        let served = served(SocketLimits { in_all: 0, per_address: 0 }).await;
        let connect = || TcpStream::connect(served.at);
        let (mut silent, mut slow, mut kept) =
            (connect().await.unwrap(), connect().await.unwrap(), connect().await.unwrap());
        assert!(asks(&mut kept).await.contains("here"));
        let began = clock::now();
        let dribbles = async {
            while slow.write_all(b"G").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        timeout(HEAD_WITHIN * 3, dribbles).await.expect("the slow one is dropped");
        assert!(began.elapsed() >= HEAD_WITHIN, "{:?}", began.elapsed());
        assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or_default(), 0, "so is who says nothing");
        assert!(asks(&mut kept).await.contains("here"), "one that rests between requests stays");
        let _ = served.close.send(());
        served.serving.await.unwrap();
    }

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_is_closed_at_once_and_a_kept_connection_holds_no_exit() {
        let served = served(SocketLimits { in_all: 2, per_address: 0 }).await;
        let mut first = TcpStream::connect(served.at).await.unwrap();
        let mut second = TcpStream::connect(served.at).await.unwrap();
        assert!(asks(&mut first).await.contains("here") && asks(&mut second).await.contains("here"));
        let mut third = TcpStream::connect(served.at).await.unwrap();
        assert_eq!(asks(&mut third).await, "", "no place for a third");
        drop(second);
        let mut let_in = false;
        for _ in 0..50 {
            let mut again = TcpStream::connect(served.at).await.unwrap();
            let_in = asks(&mut again).await.contains("here");
            if let_in {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(let_in, "its place is free");
        let _ = served.close.send(());
        timeout(Duration::from_millis(900), served.serving).await.unwrap().unwrap();
        assert_eq!(first.read(&mut [0; 8]).await.unwrap_or_default(), 0);
    }
}
