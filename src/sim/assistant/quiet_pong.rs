//! A socket that can swallow pongs: the websocket crate answers pings by itself, a hung assistant does not.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP stream whose pongs may get lost.
#[derive(Debug)]
pub(crate) struct QuietPong {
    stream: TcpStream,
    quiet: Arc<AtomicBool>,
    pending: Vec<u8>,
}

impl QuietPong {
    /// Passes everything, until the flag is set.
    pub(crate) fn new(stream: TcpStream, quiet: Arc<AtomicBool>) -> Self {
        Self { stream, quiet, pending: Vec::new() }
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.pending))?;
            self.pending.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for QuietPong {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for QuietPong {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_drain(cx))?;
        // All of `bytes` is always taken, so that each call begins at the beginning of a frame.
        if self.quiet.load(Ordering::Relaxed) {
            let kept = without_pongs(bytes);
            self.pending.extend_from_slice(&kept);
        } else {
            self.pending.extend_from_slice(bytes);
        }
        match self.poll_drain(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Whole, unmasked frames (RFC 6455 §5.2) without those of opcode 0xA.
fn without_pongs(frames: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(frames.len());
    let mut rest = frames;
    while rest.len() >= 2 {
        let (header, length) = match rest[1] & 0x7f {
            126 if rest.len() >= 4 => (4, u64::from(u16::from_be_bytes([rest[2], rest[3]]))),
            127 if rest.len() >= 10 => {
                let mut length = [0; 8];
                length.copy_from_slice(&rest[2..10]);
                (10, u64::from_be_bytes(length))
            }
            short => (2, u64::from(short)),
        };
        let (frame, later) = rest.split_at((header + length as usize).min(rest.len()));
        if frame[0] & 0x0f != 0xa {
            kept.extend_from_slice(frame);
        }
        rest = later;
    }
    kept.extend_from_slice(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pongs_are_swallowed() {
        let mut frames = vec![0x81, 2, b'h', b'i', 0x8a, 1, 9, 0x82, 126, 0, 200];
        frames.extend([7; 200]);
        frames.extend([0x8a, 0]);
        let kept = without_pongs(&frames);
        assert_eq!(kept[..4], [0x81, 2, b'h', b'i']);
        assert_eq!(kept[4..8], [0x82, 126, 0, 200]);
        assert_eq!(kept.len(), 4 + 4 + 200);
    }
}
