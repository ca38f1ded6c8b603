//! A call to a prospect is announced before it is placed: what is known of them, and why they are called.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::conversation::{Account, Context, Direction};
use crate::edge::api::told::{Wrong, part, text};
use crate::edge::api::{Api, read, unauthorized, unavailable, wrong};
use crate::live::clock;
use crate::phone_number::PhoneNumber;
use crate::ports::Announcement;
use crate::time::Timestamp;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Announced {
    prospect: String,
    #[serde(default)]
    campaign: String,
    #[serde(default)]
    account: AccountTold,
    #[serde(default)]
    outreach: Vec<String>,
    #[serde(default)]
    permission: String,
    #[serde(default)]
    language: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AccountTold {
    tier: String,
    seats: Option<u32>,
    owner: bool,
    customer: bool,
    reason: String,
}

/// Announces a call; announced again, the later word counts.
pub(super) async fn announce(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if !api.is_operator(&headers) {
        return unauthorized();
    }
    let body = match read(body) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let until = clock::wall() + api.announced;
    let announcement = match announcement(body, until) {
        Ok(announcement) => announcement,
        Err(Wrong(why)) => return wrong(&why),
    };
    match api.announcements.announce(announcement).await {
        Ok(()) => (StatusCode::CREATED, Json(json!({ "until_ms": until }))).into_response(),
        Err(fault) => unavailable(&fault),
    }
}

fn announcement(body: Value, until: Timestamp) -> Result<Announcement, Wrong> {
    let told: Announced = part(body)?;
    let digits = told.prospect.strip_prefix('+').unwrap_or_default();
    if !(8..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Wrong("prospect must be their number as the carrier writes it: +15550100123".to_owned()));
    }
    if told.outreach.len() > MOST_OUTREACH {
        return Err(Wrong(format!(
            "outreach has {} entries; {MOST_OUTREACH} are the most",
            told.outreach.len()
        )));
    }
    let account = Account {
        tier: given(&told.account.tier, "account.tier")?,
        seats: told.account.seats,
        owner: told.account.owner,
        customer: told.account.customer,
        campaign: given(&told.campaign, "campaign")?,
        reason: given(&told.account.reason, "account.reason")?,
        outreach: told
            .outreach
            .iter()
            .map(|entry| text(entry, "outreach", LONGEST))
            .collect::<Result<_, _>>()?,
        permission: given(&told.permission, "permission")?,
    };
    let context =
        Context { direction: Direction::Outbound, account, language: given(&told.language, "language")? };
    Ok(Announcement { prospect: PhoneNumber::new(told.prospect), context, until })
}

/// A text that may be left empty.
fn given(told: &str, name: &str) -> Result<String, Wrong> {
    if told.trim().is_empty() { Ok(String::new()) } else { text(told, name, LONGEST) }
}

/// A sentence or two.
const LONGEST: usize = 300;

/// What somebody who rings would still read.
const MOST_OUTREACH: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_read_with_all_that_is_known() {
        let told = announcement(
            json!({
                "prospect": "+15550100142", "campaign": "renewals", "permission": "existing-customer", "language": "de",
                "account": {"tier": "enterprise", "seats": 400, "reason": "their contract ends in May", "owner": true},
                "outreach": ["mail on Monday", "no answer on Tuesday"],
            }),
            Timestamp(5),
        )
        .unwrap();
        let account = &told.context.account;
        assert_eq!((&*account.campaign, account.seats, account.owner), ("renewals", Some(400), true));
        assert_eq!((account.outreach.len(), &*account.permission), (2, "existing-customer"));
        assert_eq!((told.context.direction, told.until), (Direction::Outbound, Timestamp(5)));
        let least = announcement(json!({"prospect": "+15550100142"}), Timestamp(5)).unwrap();
        assert_eq!(least.context.account, Account::default());
    }

    #[test]
    fn what_is_wrong_with_an_announcement_is_said() {
        let number = "+15550100142";
        for (told, said) in [
            (json!({}), "missing field `prospect`"),
            (json!({"prospect": "555 0100"}), "+15550100123"),
            (json!({"prospect": number, "account": {"size": 3}}), "unknown field `size`"),
            (json!({"prospect": number, "campaign": "x".repeat(301)}), "campaign has 301 characters"),
            (json!({"prospect": number, "outreach": vec!["x"; 21]}), "outreach has 21 entries"),
            (json!({"prospect": number, "outreach": [" "]}), "outreach is empty"),
        ] {
            let why = announcement(told, Timestamp(0)).unwrap_err().0;
            assert!(why.contains(said), "{why:?} does not say {said:?}");
        }
    }
}
