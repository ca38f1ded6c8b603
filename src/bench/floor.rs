//! The floor: what any gateway on this machine must cost. A bare bridge between the same sockets that reads nothing of what
//! it passes on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message as Here, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt as _;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message as There, Utf8Bytes as TheirUtf8Bytes};

struct Floor {
    listen: SocketAddr,
    assistant: String,
    calls: AtomicU64,
}

/// Runs it until the process is ended.
pub async fn run(listen: SocketAddr, assistant: String) -> anyhow::Result<()> {
    let floor = Arc::new(Floor { listen, assistant, calls: AtomicU64::new(0) });
    let router = Router::new()
        .route("/readyz", get(|| async { "ready\n" }))
        .route("/twilio/voice", post(voice))
        .route("/twilio/media/{ticket}", any(media))
        .with_state(floor);
    let listener = TcpListener::bind(listen).await.context("could not listen")?;
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, router).await.context("the doors closed")
}

async fn voice(State(floor): State<Arc<Floor>>) -> String {
    let ticket = floor.calls.fetch_add(1, Ordering::Relaxed);
    let url = format!("ws://{}/twilio/media/{ticket}", floor.listen);
    format!(r#"<Response><Connect><Stream url="{url}"/></Connect></Response>"#)
}

async fn media(
    State(floor): State<Arc<Floor>>,
    Path(_ticket): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .on_upgrade(async move |carrier| {
            // A stream that breaks is seen by the load, which counts what does not come.
            let _ = bridge(carrier, &floor.assistant).await;
        })
        .into_response()
}

async fn bridge(mut carrier: WebSocket, assistant: &str) -> anyhow::Result<()> {
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let no_nagle = true;
    let (mut assistant, _) = connect_async_with_config(assistant, Some(config), no_nagle).await?;
    loop {
        tokio::select! {
            said = carrier.recv() => match said.context("the carrier went")?? {
                Here::Text(text) => {
                    let text = TheirUtf8Bytes::try_from(Bytes::from(text))?;
                    assistant.send(There::Text(text)).await?;
                }
                Here::Close(_) => return Ok(()),
                Here::Binary(_) | Here::Ping(_) | Here::Pong(_) => {}
            },
            said = assistant.next() => match said.context("the assistant went")?? {
                There::Text(text) => {
                    let text = Utf8Bytes::try_from(Bytes::from(text))?;
                    carrier.send(Here::Text(text)).await?;
                }
                There::Close(_) => return Ok(()),
                There::Binary(_) | There::Ping(_) | There::Pong(_) | There::Frame(_) => {}
            },
        }
    }
}

/// As Baton's: with the websocket crate's own 128 KiB, the floor would need far more memory.
const READ_BUFFER: usize = 4 * 1024;
