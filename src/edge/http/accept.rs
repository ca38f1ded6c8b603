//! The one loop that takes connections. It lets in so many and no more, in all and from one address, drops who does not
//! come to the point, and goes on when the machine has nothing left to give.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::http::{Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::edge::http::heads::{Heads, Watch};
use crate::edge::http::sockets::{Entry, SocketLimits, Sockets, refused};
use crate::live::clock;

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
                    connections.spawn(connection(stream, Arc::new(entry), router.clone(), closed.clone()));
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
async fn connection(stream: TcpStream, entry: Arc<Entry>, router: Router, mut closed: watch::Receiver<()>) {
    // A frame that waits for the next one to fill a packet is a frame late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a socket cannot be told to send at once");
    }
    if let Err(error) = set_socket_send_buffer_size(&stream, QUEUED) {
        tracing::debug!(%error, "what the kernel queues for a socket cannot be limited");
    }
    let heads = Arc::new(Heads::default());
    let io = TokioIo::new(Socket { stream, heads: heads.clone(), _entry: entry.clone() });
    let routes = TowerToHyperService::new(router);
    let of_service = (heads.clone(), entry.clone());
    let answering = service_fn(move |request| {
        let ((heads, entry), answer) = (of_service.clone(), routes.call(request));
        heads.came();
        async move {
            let answer = answer.await;
            if answer.as_ref().is_ok_and(shows_who_they_are) {
                entry.is_known();
            }
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
            () = entry.asked_to_go() => {
                refused("made room");
                return;
            }
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

/// Marks an answer that anybody gets, and that says nothing of who asked.
#[derive(Clone, Copy, Debug)]
pub struct ToAnybody;

/// Whether only somebody who belongs here gets this answer: behind all other doors signatures, tickets and keys are checked.
fn shows_who_they_are<B>(answer: &Response<B>) -> bool {
    let granted = answer.status().is_success() || answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    granted && answer.extensions().get::<ToAnybody>().is_none()
}

/// Whether this error is about the one connection that was to be taken, so that the next may be taken at once.
fn is_about_one(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

/// A connection that is counted for as long as it is open, upgraded or not.
struct Socket {
    stream: TcpStream,
    heads: Arc<Heads>,
    _entry: Arc<Entry>,
}

impl Socket {
    fn note<T>(&self, wrote: Poll<T>) -> Poll<T> {
        match wrote {
            Poll::Ready(_) => self.heads.wrote(),
            Poll::Pending => self.heads.waits_for_reader(),
        }
        wrote
    }
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
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.note(wrote)
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

/// How often a connection is looked at for that.
const LOOK: Duration = Duration::from_secs(1);

/// How long a connection is kept between two requests: longer than proxies keep theirs (60 s is usual), so that none
/// sends a request into a connection that is being closed.
const IDLE: Duration = Duration::from_secs(75);

/// The carrier's heads have 2 KB.
const LONGEST_HEAD: usize = 64 * 1024;

/// Somebody else may give a file back by then.
const PAUSE: Duration = Duration::from_millis(100);

/// How long answers may take that were begun before the end.
const GOODBYE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::http::heads::{HEAD_WITHIN, READ_WITHIN};
    use axum::Extension;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    struct Served {
        at: std::net::SocketAddr,
        close: tokio::sync::oneshot::Sender<()>,
        serving: tokio::task::JoinHandle<()>,
    }

    async fn served(limits: SocketLimits) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (close, closing) = tokio::sync::oneshot::channel();
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/endless", get(|| async { endless() }))
            .route("/healthz", get(|| async { (Extension(ToAnybody), "alive") }));
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

    /// An answer that never ends.
    fn endless() -> axum::body::Body {
        let piece = || Ok::<_, std::convert::Infallible>(vec![b'x'; 16 * 1024]);
        axum::body::Body::from_stream(futures_util::stream::repeat_with(piece))
    }

    #[tokio::test]
    async fn who_reads_nothing_of_an_answer_is_dropped_and_who_reads_on_is_not() {
        let served = served(SocketLimits { in_all: 0, per_address: 0 }).await;
        let head = b"GET /endless HTTP/1.1\r\nhost: b.example.com\r\n\r\n";
        let mut deaf = TcpStream::connect(served.at).await.unwrap();
        let mut reads = TcpStream::connect(served.at).await.unwrap();
        for socket in [&mut deaf, &mut reads] {
            socket.write_all(head).await.unwrap();
        }
        let until = clock::now() + READ_WITHIN + Duration::from_secs(5);
        while clock::now() < until {
            assert!(reads.read(&mut [0; 4096]).await.unwrap() > 0, "one that reads on stays");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // What the kernel still had comes first, and then the end, one way or the other.
        let to_the_end = async {
            let mut read = vec![0; 65_536];
            while deaf.read(&mut read).await.is_ok_and(|read| read > 0) {}
        };
        timeout(Duration::from_secs(5), to_the_end).await.expect("one that reads nothing is dropped");
        drop(reads);
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

    #[tokio::test]
    async fn connections_that_strangers_hold_keep_nobody_out_and_who_was_let_in_by_a_door_stays() {
        let served = served(SocketLimits { in_all: 8, per_address: 0 }).await;
        let mut known = TcpStream::connect(served.at).await.unwrap();
        assert!(asks(&mut known).await.contains("here"));
        let mut strangers = Vec::new();
        for turn in 0..40 {
            let mut stranger = TcpStream::connect(served.at).await.unwrap();
            if turn % 2 == 0 {
                let head = b"GET /healthz HTTP/1.1\r\nhost: b.example.com\r\n\r\n";
                let _ = stranger.write_all(head).await;
            }
            strangers.push(stranger);
        }
        let mut carrier = TcpStream::connect(served.at).await.unwrap();
        assert!(asks(&mut carrier).await.contains("here"), "there is always a place for it");
        assert!(asks(&mut known).await.contains("here"), "and nobody was thrown out who belongs here");
        let ends = timeout(Duration::from_secs(5), strangers[0].read_to_end(&mut Vec::new())).await;
        assert!(ends.is_ok(), "the first of them had to go");
        let _ = served.close.send(());
        served.serving.await.unwrap();
    }
}
