//! An operator's server that is posted what becomes of calls.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton::config::{Config, Secret};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use tokio::net::TcpListener;

/// What it is signed with.
const KEY: [u8; 32] = [7; 32];

/// Settings by which Baton posts there.
pub(crate) fn posts_to(url: String) -> impl FnOnce(&mut Config) {
    |config| {
        config.api.webhook_url = url;
        config.api.webhook_secret = Secret::new(format!("whsec_{}", STANDARD.encode(KEY)));
    }
}

/// What a header says.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}

/// The post's body, whose signature must be right.
pub(crate) fn signed((headers, body): &(HeaderMap, String)) -> Value {
    let (id, at) = (header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&KEY).unwrap();
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(header(headers, "webhook-signature"), expected);
    serde_json::from_str(body).unwrap()
}

/// A server that notes what is posted to it, and refuses the first.
#[derive(Clone, Default)]
pub(crate) struct Crm(Arc<Mutex<Vec<(HeaderMap, String)>>>);

impl Crm {
    pub(crate) async fn start() -> (Self, String) {
        let crm = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/baton", listener.local_addr().unwrap());
        let posted =
            async |State(crm): State<Self>, headers: HeaderMap, body: Bytes| crm.posted(headers, &body);
        let router = Router::new().route("/baton", post(posted)).with_state(crm.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (crm, url)
    }

    pub(crate) fn posted(&self, headers: HeaderMap, body: &Bytes) -> StatusCode {
        let mut posts = self.0.lock().unwrap();
        posts.push((headers, String::from_utf8(body.to_vec()).unwrap()));
        if posts.len() == 1 { StatusCode::BAD_GATEWAY } else { StatusCode::NO_CONTENT }
    }

    pub(crate) fn posts(&self) -> Vec<(HeaderMap, String)> {
        self.0.lock().unwrap().clone()
    }

    /// All posts, once it was told that the call is over.
    pub(crate) async fn posts_to_the_end(&self) -> Vec<(HeaderMap, String)> {
        for _ in 0..100 {
            let posts = self.posts();
            if posts.last().is_some_and(|(_, body)| body.contains("\"ended\"")) {
                return posts;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("nobody said that the call is over: {:#?}", self.posts())
    }
}
