//! The assistant's door: takes connections, or does not, and notes with which signature they came.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::sim::assistant::House;
use crate::sim::assistant::quiet_pong::QuietPong;
use crate::sim::assistant::script::Door;
use crate::sim::assistant::speaker::Speaker;
use crate::sim::assistant::visit::{Record, Visit};
use crate::sim::ear::Ear;

/// Takes connections, each on its own.
pub(crate) async fn open(house: Arc<House>, listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let guest = Arc::clone(&house);
        house.spawn(async move { receive(&guest, stream).await });
    }
}

async fn receive(house: &Arc<House>, stream: TcpStream) {
    let script = house.script();
    if script.door == Door::NeverAnswers {
        return std::future::pending().await;
    }
    let mut record = Record::default();
    #[expect(clippy::result_large_err, reason = "the signature is given by the websocket crate")]
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let header =
            |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        request.uri().path().clone_into(&mut record.path);
        record.signature = header("X-Twilio-Signature");
        record.user_agent = header("User-Agent");
        match script.door {
            Door::Opens | Door::NeverAnswers => Ok(response),
            Door::Refuses(status) => {
                let mut refusal = ErrorResponse::new(None);
                *refusal.status_mut() = axum::http::StatusCode::from_u16(status).unwrap_or_default();
                Err(refusal)
            }
        }
    };
    let quiet = Arc::new(AtomicBool::new(false));
    let stream = QuietPong::new(stream, Arc::clone(&quiet));
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let Ok(socket) = accept_hdr_async_with_config(stream, look, Some(config)).await else { return };
    record.ear = Ear::listening_from(house.story.elapsed());
    let (visit, wishes) = Visit::new(record);
    house.welcome(visit.clone());
    Speaker::new(house, visit, script, quiet).run(socket, wishes).await;
}

/// A media message has some 300 bytes; tungstenite would reserve 128 KiB.
const READ_BUFFER: usize = 8 * 1024;
