//! When the host's sign-in is tried and an integration tested without anybody asking, and
//! how many Teams meetings a month holds.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::organization::OrganizationId;

/// Meetings that Microsoft documents for one user and month, ambiguously ("Microsoft Graph
/// service-specific throttling limits", meeting information): warned of, never enforced.
pub const MEETINGS_A_MONTH: u64 = 2_000;

/// How often the sign-in is tried while a Teams meeting is near, so that an administrator
/// can mend what is refused before people stand before a closed door.
const WHILE_NEAR: SignedDuration = SignedDuration::from_mins(5);
/// How near a Teams meeting is near.
const NEAR: SignedDuration = SignedDuration::from_hours(24);

/// When a token that lasts so long is to be refreshed.
///
/// Well before its end, at least daily, so that ninety idle days never pass (F09), and every
/// five minutes while a Teams meeting starts within a day. `next_start` is the next start of
/// any.
pub fn refresh_due(
    now: Timestamp,
    expires_in: SignedDuration,
    next_start: Option<Timestamp>,
) -> Timestamp {
    let margin = SignedDuration::from_mins(10);
    let ahead = (expires_in - margin).max(expires_in / 2);
    let due = now + ahead.min(SignedDuration::from_hours(24));
    next_start.map_or(due, |start| due.min(try_by(now, start)))
}

/// By when the sign-in is tried next because a Teams meeting starts then.
pub fn try_by(now: Timestamp, start: Timestamp) -> Timestamp {
    (start - NEAR).max(now + WHILE_NEAR)
}

/// The next night's hour of an organization: between one and five on its own clocks, at a
/// minute that is its own, so that organizations do not all ask at once.
pub fn next_night(now: Timestamp, time_zone: &str, organization: OrganizationId) -> Timestamp {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let minute = i64::try_from(organization.0.as_u128() % 240).unwrap_or(0);
    let today = zone.to_datetime(now).date();
    (0..3)
        .filter_map(|days| {
            let date = today.checked_add(days.days()).ok()?;
            let at = date.at(1, 0, 0, 0).checked_add(minute.minutes()).ok()?;
            // Where the clock skips that hour, the one after it does as well.
            zone.to_timestamp(at).ok()
        })
        .find(|at| *at > now)
        .unwrap_or(now + SignedDuration::from_hours(24))
}

/// The month that a Teams meeting made now is counted in: `2026-11`, in UTC.
pub fn month(now: Timestamp) -> String {
    now.strftime("%Y-%m").to_string()
}

/// Whether so many made in a month are worth a warning: four in five of what is documented.
pub fn is_near_the_ceiling(made: u64) -> bool {
    made.saturating_mul(5) >= MEETINGS_A_MONTH * 4
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    #[test]
    fn a_token_is_refreshed_before_its_end_and_at_least_daily() {
        let now = at("2026-11-23T08:00:00Z");
        let due = |lasts, next| refresh_due(now, lasts, next).to_string();
        assert_eq!(due(HOUR, None), "2026-11-23T08:50:00Z");
        assert_eq!(due(HOUR * 28, None), "2026-11-24T08:00:00Z");
        assert_eq!(due(HOUR / 6, None), "2026-11-23T08:05:00Z");
        assert_eq!(due(SignedDuration::ZERO, None), "2026-11-23T08:00:00Z");
    }

    #[test]
    fn it_is_tried_every_five_minutes_once_a_meeting_is_a_day_away() {
        let now = at("2026-11-23T08:00:00Z");
        let due = |next: &str| refresh_due(now, HOUR * 28, Some(at(next))).to_string();
        assert_eq!(due("2026-11-23T08:01:00Z"), "2026-11-23T08:05:00Z");
        assert_eq!(due("2026-11-24T08:00:00Z"), "2026-11-23T08:05:00Z");
        assert_eq!(due("2026-11-24T10:00:00Z"), "2026-11-23T10:00:00Z");
        assert_eq!(due("2026-12-24T10:00:00Z"), "2026-11-24T08:00:00Z");
    }

    #[test]
    fn every_organization_has_a_minute_of_its_own_in_its_own_night() {
        let organization = OrganizationId(Uuid::from_u128(90));
        let night = |now, zone| next_night(at(now), zone, organization).to_string();
        assert_eq!(
            night("2026-11-23T08:00:00Z", "Europe/Berlin"),
            "2026-11-24T01:30:00Z"
        );
        assert_eq!(
            night("2026-11-23T01:00:00Z", "Europe/Berlin"),
            "2026-11-23T01:30:00Z"
        );
        assert_eq!(
            night("2026-11-23T08:00:00Z", "Asia/Tokyo"),
            "2026-11-23T17:30:00Z"
        );
        // Half past two does not exist in this night, and the next one is a day later.
        assert_eq!(
            night("2027-03-27T20:00:00Z", "Europe/Berlin"),
            "2027-03-28T01:30:00Z"
        );
        assert_eq!(
            night("2026-11-23T08:00:00Z", "Nowhere/Else"),
            "2026-11-24T02:30:00Z"
        );
    }

    #[test]
    fn nights_are_spread_over_four_hours() {
        let now = at("2026-11-23T08:00:00Z");
        let nights: std::collections::BTreeSet<Timestamp> = (0..1_000)
            .map(|id| next_night(now, "Europe/Berlin", OrganizationId(Uuid::from_u128(id))))
            .collect();
        assert_eq!(nights.len(), 240);
        assert_eq!(nights.first().unwrap().to_string(), "2026-11-24T00:00:00Z");
        assert_eq!(nights.last().unwrap().to_string(), "2026-11-24T03:59:00Z");
    }

    #[test]
    fn one_is_warned_at_four_fifths_of_a_month() {
        assert_eq!(month(at("2026-11-30T23:59:59Z")), "2026-11");
        assert!(!is_near_the_ceiling(1_599));
        assert!(is_near_the_ceiling(1_600));
        assert!(is_near_the_ceiling(u64::MAX));
    }
}
