//! HTTP in and out: the router of all doors, health, numbers, and the one way to make a client.

pub mod accept;
mod heads;
pub mod sockets;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use url::{Host, Url};

use crate::edge::admission::Admission;
use crate::edge::api::{self, Api};
use crate::edge::assistant::hosted::{self, Hosted};
use crate::edge::carrier::twilio::door::{self, Door};
use crate::edge::http::accept::ToAnybody;

/// Everything that has a door.
pub struct Doors {
    /// The carrier's.
    pub twilio: Arc<Door>,
    /// The little of the carrier's REST API that assistants use.
    pub hosted: Arc<Hosted>,
    /// The control API.
    pub api: Arc<Api>,
    /// The numbers.
    pub numbers: PrometheusHandle,
    /// Whether new calls are taken.
    pub admission: Arc<Admission>,
}

/// The router of all doors.
pub fn router(doors: Doors) -> Router {
    let state = Arc::new((doors.numbers, doors.admission));
    Router::new()
        .route("/healthz", get(|| async { (Extension(ToAnybody), "alive\n") }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(state)
        .merge(door::routes(doors.twilio))
        .merge(hosted::routes(doors.hosted))
        .merge(api::routes(doors.api))
        .layer(middleware::from_fn(in_time))
}

/// Who takes too long to send a request, or asks for something that takes too long, is not waited for.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_too_slow) => {
            metrics::counter!("baton_refused_total", "door" => "http", "why" => "too slow").increment(1);
            (StatusCode::REQUEST_TIMEOUT, "this took too long\n").into_response()
        }
    }
}

/// A client with time limits; each request may set shorter ones.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    client_that(reqwest::redirect::Policy::limited(5))
}

/// The same for what must not be led elsewhere.
pub fn client_that_stays() -> Result<reqwest::Client, reqwest::Error> {
    client_that(reqwest::redirect::Policy::none())
}

fn client_that(redirect: reqwest::redirect::Policy) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .redirect(redirect)
        .no_proxy()
        .user_agent(concat!("baton/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Whether this leads to this machine only.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

async fn readyz(State(state): State<Arc<(PrometheusHandle, Arc<Admission>)>>) -> Response {
    if state.1.is_closed() {
        (StatusCode::SERVICE_UNAVAILABLE, "no new calls are taken\n").into_response()
    } else {
        (Extension(ToAnybody), "ready\n").into_response()
    }
}

async fn metrics(State(state): State<Arc<(PrometheusHandle, Arc<Admission>)>>) -> Response {
    (Extension(ToAnybody), state.0.render()).into_response()
}

/// Across an ocean and back, five times.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// The carrier waits as long for an answer; nothing that a call waits for may take longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_this_machine() {
        for (url, here) in [
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost", true),
            ("http://127.0.0.1.example.com", false),
            ("https://baton.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), here, "{url}");
        }
    }
}
