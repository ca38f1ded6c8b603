//! A bounded pipe of frames from one leg to another, without locks and, after its first frame, without allocating.
//!
//! When it is full the oldest frame is dropped: live sound may be dropped, never delayed. The pipe also has a bell:
//! whoever changed something that the reader should look at rings it.

use std::future::poll_fn;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use crossbeam_queue::ArrayQueue;
use futures_util::task::AtomicWaker;

use crate::audio::frame::Frame;

/// A bounded pipe of frames with one reader.
#[derive(Debug)]
pub struct Pipe {
    /// Made when the first frame comes: most pipes of most calls carry none.
    frames: OnceLock<ArrayQueue<Frame>>,
    capacity: usize,
    rung: AtomicBool,
    reader: AtomicWaker,
}

impl Pipe {
    /// A pipe that holds so many frames.
    pub fn new(capacity: usize) -> Self {
        Self { frames: OnceLock::new(), capacity, rung: AtomicBool::new(false), reader: AtomicWaker::new() }
    }

    /// Puts a frame in; true when the oldest had to go for it.
    pub fn push(&self, frame: Frame) -> bool {
        let frames = self.frames.get_or_init(|| ArrayQueue::new(self.capacity));
        let dropped = frames.force_push(frame).is_some();
        self.reader.wake();
        dropped
    }

    /// Takes the oldest frame out, if there is one.
    pub fn pop(&self) -> Option<Frame> {
        self.frames.get()?.pop()
    }

    /// How many frames wait.
    pub fn len(&self) -> usize {
        self.frames.get().map_or(0, ArrayQueue::len)
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the reader has fallen so far behind that a writer should let it run.
    pub fn is_crowded(&self) -> bool {
        self.len() * 2 > self.capacity
    }

    /// Wakes the reader without a frame.
    pub fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.reader.wake();
    }

    /// Waits for the bell or, where `listens`, for the next frame.
    pub async fn next(&self, listens: bool) -> Option<Frame> {
        poll_fn(|context| {
            if let Poll::Ready(frame) = self.look(listens) {
                return Poll::Ready(frame);
            }
            self.reader.register(context.waker());
            // Something may have come between the look and the registration.
            self.look(listens)
        })
        .await
    }

    fn look(&self, listens: bool) -> Poll<Option<Frame>> {
        if self.rung.swap(false, Ordering::AcqRel) {
            return Poll::Ready(None);
        }
        match if listens { self.pop() } else { None } {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MediaTime;

    #[tokio::test]
    async fn the_oldest_frame_goes_when_the_reader_is_late() {
        let pipe = Pipe::new(2);
        let dropped: Vec<bool> = (0..4).map(|n| pipe.push(Frame::silence(MediaTime(n)))).collect();
        assert_eq!(dropped, [false, false, true, true]);
        let places = [pipe.next(true).await, pipe.next(true).await, pipe.pop()].map(|f| f.map(|f| f.at.0));
        assert_eq!(places, [Some(2), Some(3), None]);
    }

    #[tokio::test]
    async fn a_waiting_reader_wakes() {
        let pipe = std::sync::Arc::new(Pipe::new(2));
        let reader = tokio::spawn({
            let pipe = pipe.clone();
            async move { (pipe.next(true).await.map(|f| f.at), pipe.next(false).await) }
        });
        tokio::task::yield_now().await;
        pipe.push(Frame::silence(MediaTime(7)));
        tokio::task::yield_now().await;
        pipe.push(Frame::silence(MediaTime(8)));
        pipe.ring();
        assert_eq!(reader.await.unwrap(), (Some(MediaTime(7)), None));
        assert_eq!(pipe.len(), 1, "who does not listen takes no frame");
    }
}
