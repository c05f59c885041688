//! `Prefer: wait=10` (RFC 7240): how long a program would wait for a link.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use mentoring::link::{LinkState, WaitingReason};
use mentoring::organization::MeetingId;

use super::{Api, Bearer};
use crate::store::{Stored, links};

/// Nobody waits longer than this in one request.
const LONGEST: u64 = 20;
/// How often the row is looked at.
const GLANCE: Duration = Duration::from_millis(100);

const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// How long a program would wait. What cannot be understood is no preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(Option<u64>);

impl FromRequestParts<Api> for Wait {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Infallible> {
        let values = parts.headers.get_all(PREFER).iter();
        Ok(Self(wish(values.filter_map(|value| value.to_str().ok()))))
    }
}

fn wish<'a>(values: impl Iterator<Item = &'a str>) -> Option<u64> {
    values
        .flat_map(|value| value.split(','))
        .filter_map(|preference| preference.split(';').next()?.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, seconds)| seconds.trim().trim_matches('"').parse::<u64>().ok())
        .map(|seconds| seconds.min(LONGEST))
}

impl Wait {
    /// Waits until the link of a meeting is what it will be, or the time is over. Nothing
    /// is held meanwhile: the row is looked at now and then.
    pub async fn for_link(self, bearer: &Bearer, id: MeetingId) -> Stored<()> {
        let Self(Some(seconds)) = self else {
            return Ok(());
        };
        let settled = async {
            loop {
                let link =
                    links::find_for_work(bearer.store(), bearer.sight.organization, id).await?;
                if !link.is_some_and(|link| comes(link.state)) {
                    return Ok(());
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(seconds), settled)
            .await
            .unwrap_or(Ok(()))
    }

    /// Says that the preference was honoured.
    pub fn applied(self, mut response: Response) -> Response {
        if let Self(Some(seconds)) = self
            && let Ok(value) = HeaderValue::try_from(format!("wait={seconds}"))
        {
            response.headers_mut().insert(APPLIED, value);
        }
        response
    }
}

/// Whether a link may come in a moment.
fn comes(state: LinkState) -> bool {
    match state {
        LinkState::Waiting(WaitingReason::BeingMade) => true,
        LinkState::Waiting(WaitingReason::Because(cause)) => cause.heals_by_itself(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_read_as_rfc_7240_writes_it() {
        for (header, expected) in [
            ("wait=10", Some(10)),
            ("respond-async, WAIT=5", Some(5)),
            ("wait=\"7\"; foo=1", Some(7)),
            ("wait=86400", Some(LONGEST)),
            ("wait", None),
            ("wait=soon", None),
            ("wait=-1", None),
            ("return=minimal", None),
        ] {
            assert_eq!(wish([header].into_iter()), expected, "{header}");
        }
    }
}
