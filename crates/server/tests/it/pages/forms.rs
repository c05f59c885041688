//! What holds for every form: what was typed wrong comes back with a sentence and changes
//! nothing, and what was changed is in the audit log.

use http::StatusCode;
use ithaca::store::audit::{self, Entry, Filter, Part};

use mentoring::integration::IntegrationState;

use super::integrations::stands;
use super::meetings::plans;
use super::{Answer, Browser, House};

const MANAGE: &str = "/larkspur/manage";
const SETTINGS: &str = "/larkspur/tracks/new-managers/settings";

/// Everything that the audit log of Larkspur has, the newest first.
async fn log(house: &House) -> Vec<Entry> {
    let company = &house.world.larkspur;
    let sight = company
        .sight_of(&house.world.store, &company.administrator)
        .await;
    audit::list(
        &house.world.store,
        &sight,
        &Filter::default(),
        Part::Newest,
        500,
    )
    .await
    .expect("it can be read")
}

/// A form that is sent with something wrong in it, and what comes back.
struct Wrong<'a> {
    path: String,
    fields: Vec<(&'a str, &'a str)>,
    sentence: &'a str,
    /// What was typed, as the page has to show it again.
    kept: &'a [&'a str],
}

fn wrong<'a>(
    path: &str,
    fields: &[(&'a str, &'a str)],
    sentence: &'a str,
    kept: &'a [&'a str],
) -> Wrong<'a> {
    Wrong {
        path: path.to_owned(),
        fields: fields.to_vec(),
        sentence,
        kept,
    }
}

async fn comes_back(house: &House, browser: &Browser<'_>, wrong: &Wrong<'_>) {
    let before = log(house).await.len();
    let answer = browser.posts(&wrong.path, &wrong.fields).await;
    let path = &wrong.path;
    assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    for words in [wrong.sentence].iter().chain(wrong.kept) {
        assert!(
            answer.body.contains(words),
            "{path}: no {words:?} in {}",
            answer.body
        );
    }
    assert_eq!(log(house).await.len(), before, "{path} changed something");
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one form after the other, nothing between them"
)]
async fn what_is_typed_wrong_comes_back_in_every_form_and_changes_nothing() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let luis = company.mentee.id.to_string();
    let meeting = plans(&mei, company, "phone").await.location().to_owned();
    let long = "x".repeat(501);
    let new_meeting = |title, time, zone, duration| {
        [
            ("title", title),
            ("agenda", "Kept as it is"),
            ("people", luis.as_str()),
            ("date", "2027-11-24"),
            ("time", time),
            ("zone", zone),
            ("duration", duration),
            ("mode", "phone"),
            ("location", "At the pier"),
        ]
    };
    let meetings = "/larkspur/tracks/new-managers/meetings";
    for wrong in [
        wrong(
            meetings,
            &new_meeting(" ", "15:00", "UTC", "45"),
            "Give the meeting a title",
            &["Kept as it is", "value=\"15:00\"", "checked"],
        ),
        wrong(
            meetings,
            &new_meeting("Talk", "25:99", "UTC", "45"),
            "Enter a time",
            &["value=\"Talk\"", "At the pier"],
        ),
        wrong(
            meetings,
            &new_meeting("Talk", "15:00", "Mars", "45"),
            "There is no time zone called “Mars”",
            &["value=\"Talk\""],
        ),
        wrong(
            meetings,
            &new_meeting("Talk", "15:00", "UTC", "4"),
            "between 5 minutes and 24 hours",
            &["value=\"4\""],
        ),
        wrong(
            &format!("{meeting}/schedule"),
            &[
                ("revision", "1"),
                ("date", "2027-02-30"),
                ("time", "15:00"),
                ("zone", "UTC"),
                ("duration", "45"),
            ],
            "Enter a date",
            &["value=\"15:00\""],
        ),
        wrong(
            &format!("{meeting}/cancellation"),
            &[("revision", "1"), ("reason", &long)],
            "The reason is too long",
            &[&long],
        ),
        wrong(
            "/larkspur/profile",
            &[("zone", "Mars"), ("language", "en")],
            "There is no time zone called “Mars”",
            &[],
        ),
    ] {
        comes_back(&house, &mei, &wrong).await;
    }
    for wrong in [
        wrong(
            &format!("{meeting}/schedule"),
            &[
                ("revision", "1"),
                ("date", "2027-11-24"),
                ("time", "16:00"),
                ("zone", "UTC"),
                ("duration", "45"),
                ("reason", " "),
            ],
            "Say why in a sentence",
            &["value=\"16:00\""],
        ),
        wrong(
            &format!("{MANAGE}/members/invitation"),
            &[
                ("first_name", " "),
                ("last_name", "Nair"),
                ("email", "priya"),
            ],
            "Enter one e-mail address",
            &[
                "value=\"Nair\"",
                "value=\"priya\"",
                "Enter 1 to 80 characters.",
            ],
        ),
        wrong(
            &format!("{MANAGE}/tracks"),
            &[("name", "Women in Engineering")],
            "Choose at least one meeting mode.",
            &["value=\"Women in Engineering\""],
        ),
        wrong(
            &format!("{MANAGE}/tracks"),
            &[("name", "New Managers"), ("modes", "phone")],
            "There is a track with that name already.",
            &["value=\"New Managers\"", "checked"],
        ),
        wrong(
            &format!("{MANAGE}/organization"),
            &[("name", ""), ("zone", "Europe/Berlin"), ("language", "en")],
            "Give it a name",
            &[],
        ),
        wrong(
            &format!("{MANAGE}/organization"),
            &[("name", "Larkspur"), ("zone", "Mars"), ("language", "en")],
            "There is no time zone called “Mars”",
            &["value=\"Larkspur\""],
        ),
        wrong(
            &format!("{SETTINGS}/general"),
            &[("name", &long)],
            "Give it a name",
            &[&long],
        ),
        wrong(
            &format!("{SETTINGS}/permissions"),
            &[("lobby", "everyone")],
            "Choose at least one meeting mode.",
            &["value=\"everyone\" checked"],
        ),
        wrong(
            &format!("{SETTINGS}/participants"),
            &[("member", "nobody"), ("roles", "mentor")],
            "Choose somebody who is not in this track yet.",
            &["checked"],
        ),
    ] {
        comes_back(&house, &amara, &wrong).await;
    }
    let stranger = house.stranger();
    for wrong in [
        wrong(
            "/larkspur/sign-in",
            &[("email", "mei@larkspur.example"), ("password", "no")],
            "do not belong together",
            &[],
        ),
        wrong(
            "/larkspur/sign-in/forgotten",
            &[("email", "mei at larkspur")],
            "Enter one e-mail address",
            &["value=\"mei at larkspur\""],
        ),
    ] {
        comes_back(&house, &stranger, &wrong).await;
    }
}

/// Sends a form that changes something, and looks who the log says did what.
async fn is_logged(
    house: &House,
    browser: &Browser<'_>,
    (path, fields, action): (&str, &[(&str, &str)], &str),
) -> Answer {
    let before = log(house).await.len();
    let answer = browser.posts(path, fields).await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "{path}: {}",
        answer.body
    );
    let after = log(house).await;
    let added = &after[..after.len() - before];
    assert!(
        added.iter().any(|entry| entry.action == action
            && !entry.author.is_empty()
            && !entry.sentence.is_empty()),
        "{path} is not in the log as {action}: {added:?}"
    );
    answer
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one form after the other, nothing between them"
)]
async fn every_change_is_in_the_audit_log() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    assert_eq!(log(&house).await[0].action, "session.begun");
    let luis = company.mentee.id.to_string();
    let meeting = plans(&mei, company, "phone").await.location().to_owned();
    assert_eq!(log(&house).await[0].action, "meeting.created");
    let moved = [
        ("revision", "1"),
        ("date", "2027-11-25"),
        ("time", "16:00"),
        ("zone", "UTC"),
        ("duration", "45"),
        ("reason", ""),
    ];
    for change in [
        (
            &*format!("{meeting}/schedule"),
            &moved[..],
            "meeting.rescheduled",
        ),
        (
            &format!("{meeting}/cancellation"),
            &[("revision", "2"), ("reason", "")],
            "meeting.cancelled",
        ),
        (
            "/larkspur/profile",
            &[("zone", "Europe/Berlin"), ("language", "en")],
            "member.profile_changed",
        ),
        ("/larkspur/sign-out/everywhere", &[], "session.all_ended"),
    ] {
        is_logged(&house, &mei, change).await;
    }
    let again = house.signs_in("larkspur", &company.mentor).await;
    is_logged(&house, &again, ("/larkspur/sign-out", &[], "session.ended")).await;

    let new = [
        ("first_name", "Priya"),
        ("last_name", "Nair"),
        ("email", "priya@alumni.example"),
    ];
    let invited = is_logged(
        &house,
        &amara,
        (
            &format!("{MANAGE}/members/invitation"),
            &new,
            "member.invited",
        ),
    )
    .await;
    let theirs = format!("{MANAGE}/members/{luis}");
    for change in [
        (
            &*format!("{}/invitation", invited.location()),
            &[][..],
            "member.invited",
        ),
        (
            &format!("{theirs}/administrator"),
            &[("grant", "yes")],
            "member.administrator_changed",
        ),
        (&format!("{theirs}/deactivation"), &[], "member.deactivated"),
        (&format!("{theirs}/reactivation"), &[], "member.reactivated"),
        (
            &format!("{MANAGE}/organization"),
            &[
                ("name", "Larkspur Health"),
                ("zone", "Europe/Berlin"),
                ("language", "en"),
            ],
            "organization.described",
        ),
        (
            &format!("{MANAGE}/tracks"),
            &[("name", "Women in Engineering"), ("modes", "phone")],
            "track.created",
        ),
        (
            &format!("{SETTINGS}/general"),
            &[("name", "Managers")],
            "track.renamed",
        ),
        (
            &format!("{SETTINGS}/permissions"),
            &[
                ("modes", "in_person"),
                ("modes", "phone"),
                ("lobby", "invited"),
            ],
            "track.modes_changed",
        ),
        (
            &format!("{SETTINGS}/permissions"),
            &[
                ("modes", "in_person"),
                ("modes", "phone"),
                ("lobby", "everyone"),
            ],
            "track.lobby_changed",
        ),
        (
            &format!("{SETTINGS}/participants/{luis}"),
            &[("roles", "mentor")],
            "track.enrolment_changed",
        ),
        (
            &format!("{SETTINGS}/participants/{luis}/removal"),
            &[],
            "track.enrolment_changed",
        ),
        (
            &format!("{SETTINGS}/participants"),
            &[("member", luis.as_str()), ("roles", "mentee")],
            "track.enrolment_changed",
        ),
    ] {
        is_logged(&house, &amara, change).await;
    }
    let teams = format!("{MANAGE}/integrations/teams");
    let page = amara.opens(&teams).await;
    let begun = [("attempt", page.hidden("attempt")), ("window", "page")];
    is_logged(
        &house,
        &amara,
        (
            &format!("{teams}/consent"),
            &begun,
            "integration.consent_begun",
        ),
    )
    .await;
    stands(&house, IntegrationState::Integrated).await;
    let account = [("account", "luis.ortega@larkspur.example")];
    let his = format!("{SETTINGS}/teams/{luis}");
    is_logged(&house, &amara, (&his, &account, "member.account_mapped")).await;
    for (state, path, fields, action) in [
        (
            IntegrationState::AwaitingConfirmation,
            "host",
            [("answer", "yes")],
            "integration.host_confirmed",
        ),
        (
            IntegrationState::AwaitingConfirmation,
            "host",
            [("answer", "no")],
            "integration.host_declined",
        ),
        (
            IntegrationState::Integrated,
            "removal",
            [("confirmation", "remove")],
            "integration.removal_begun",
        ),
    ] {
        stands(&house, state).await;
        is_logged(
            &house,
            &amara,
            (&format!("{teams}/{path}"), &fields, action),
        )
        .await;
    }
    let page = amara.opens(&format!("{MANAGE}/audit")).await;
    for words in ["Amara Okafor", "Mei Tanaka", "Deactivated Luis Ortega."] {
        assert!(page.body.contains(words), "{words}");
    }
}
