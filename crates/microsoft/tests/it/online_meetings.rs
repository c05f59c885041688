use http::Method;
use jiff::Timestamp;
use microsoft::online_meetings::{
    AllowedLobbyAdmitters, AllowedPresenters, Attendee, LobbyScope, Role, subject_as_sent,
};
use microsoft::{Changes, Created, Deleted, Failure, Kind, NewOnlineMeeting, OnlineMeeting};
use serde_json::{Value, json};

use crate::fake::{Fake, MEI, SCHEDULER, answer, empty, graph_error, meeting, token};

const ID: &str = "MSo0*0**19:meeting_X@thread.v2=";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn mei(role: Role) -> Attendee {
    Attendee {
        upn: "mei.tanaka@larkspur.example".into(),
        role,
        object_id: Some(MEI),
    }
}

fn wanted() -> NewOnlineMeeting {
    NewOnlineMeeting {
        external_id: "meeting-1:0".into(),
        subject: "First conversation".into(),
        start: at("2026-03-09T15:00:00+01:00"),
        end: at("2026-03-09T14:30:00Z"),
        attendees: vec![mei(Role::CoOrganizer)],
    }
}

async fn create(fake: &Fake) -> Result<(OnlineMeeting, Created), Failure> {
    let token = token();
    fake.client
        .online_meetings(&token)
        .create_or_get(&wanted())
        .await
}

async fn read(body: Value) -> Result<OnlineMeeting, Failure> {
    let fake = Fake::new(move |_| answer(200, &body));
    let token = token();
    let meeting = fake.client.online_meetings(&token).get(ID).await?;
    Ok(meeting.expect("there is one"))
}

fn with(pointer: &str, value: impl Into<Value>) -> Value {
    let mut body = meeting(ID);
    *body.pointer_mut(pointer).unwrap() = value.into();
    body
}

/// What is stored is what was asked, in UTC.
#[tokio::test]
async fn g19_a_meeting_is_made_with_its_people_and_times() {
    let fake = Fake::new(|_| answer(201, &meeting(ID)));
    let (made, created) = create(&fake).await.unwrap();
    assert_eq!(created, Created::Made);
    let request = &fake.seen()[0];
    assert_eq!(request.path(), "/v1.0/me/onlineMeetings/createOrGet");
    assert_eq!(request.header("prefer"), "include-unknown-enum-members");
    assert_eq!(
        request.json(),
        json!({
            "externalId": "meeting-1:0", "subject": "First conversation",
            "startDateTime": "2026-03-09T14:00:00Z", "endDateTime": "2026-03-09T14:30:00Z",
            "participants": { "attendees": [{ "upn": "mei.tanaka@larkspur.example", "role": "coorganizer" }] },
        })
    );
    assert_eq!(made.id, ID);
    assert_eq!(made.start, wanted().start);
    assert_eq!(made.end, wanted().end);
    assert_eq!(made.organizer, Some(SCHEDULER));
    assert_eq!(made.attendees[0].role, Some(Role::CoOrganizer));
    assert_eq!(made.attendees[0].object_id, Some(MEI));
    assert_eq!(made.attendees[1].role, None);
    assert_eq!(made.lobby_scope, Some(LobbyScope::Organization));
    assert_eq!(made.dial_in_bypass, Some(false));
    assert_eq!(
        made.allowed_presenters,
        Some(AllowedPresenters::Organization)
    );
    let later = AllowedLobbyAdmitters::Unknown("somethingNew".into());
    assert_eq!(made.allowed_lobby_admitters, Some(later));
    assert!(!made.roles_refused);
}

#[tokio::test]
async fn g08_a_meeting_that_was_there_already_is_found() {
    let fake = Fake::new(|_| answer(200, &meeting(ID)));
    assert_eq!(create(&fake).await.unwrap().1, Created::Found);
}

#[tokio::test]
async fn g11_somebody_elses_meeting_is_not_taken() {
    let theirs = with("/participants/organizer/identity/user/id", json!(MEI));
    let fake = Fake::new(move |_| answer(200, &theirs));
    assert_eq!(create(&fake).await.unwrap_err().kind, Kind::OtherOrganizer);

    let fake = Fake::new(|_| answer(200, &with("/externalId", "meeting-2:0")));
    assert_eq!(create(&fake).await.unwrap_err().kind, Kind::Garbage);

    let failure = read(meeting("another")).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Garbage);
}

#[tokio::test]
async fn g02_g09_a_meeting_without_a_join_address_at_teams_is_no_meeting() {
    for url in [
        json!("javascript:alert(1)"),
        json!("http://teams.microsoft.com/l/meetup-join/x"),
        json!("https://teams.microsoft.com.evil/l/meetup-join/x"),
        json!(""),
        json!(null),
    ] {
        let failure = read(with("/joinWebUrl", url.clone())).await.unwrap_err();
        assert_eq!(failure.kind, Kind::JoinAddressRefused, "{url}");
    }
}

#[tokio::test]
async fn g19_a_time_that_could_mean_several_instants_is_refused() {
    for time in [
        "2026-03-09T14:00:00",
        "2026-03-09T14:00:00[W. Europe Standard Time]",
        "2026-03-09",
        "W. Europe Standard Time",
        "2026-13-09T14:00:00Z",
        "",
    ] {
        let failure = read(with("/startDateTime", time)).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Garbage, "{time}");
    }
    let backwards = read(with("/endDateTime", "2026-03-09T13:59:59Z")).await;
    assert_eq!(backwards.unwrap_err().kind, Kind::Garbage);
    let elsewhere = read(with("/startDateTime", "2026-03-09T16:00:00.0000000+02:00"))
        .await
        .unwrap();
    assert_eq!(elsewhere.start, at("2026-03-09T14:00:00Z"));
    assert!(
        read(with("/startDateTime", "1999-01-01T00:00:00Z"))
            .await
            .is_ok()
    );
}

/// C2 of the contract: whose roles are refused is not settled.
#[tokio::test]
async fn where_roles_are_refused_everybody_is_listed_as_attendee_once() {
    let fake = Fake::new(|seen| {
        let role = seen.json()["participants"]["attendees"][0]["role"].clone();
        if role == "attendee" {
            answer(201, &meeting(ID))
        } else {
            graph_error(400, "BadRequest", "Invalid role")
        }
    });
    let (made, _) = create(&fake).await.unwrap();
    assert!(made.roles_refused);
    assert_eq!(fake.seen().len(), 2);

    let fake = Fake::new(|_| graph_error(400, "BadRequest", "1026: An error has occurred."));
    assert_eq!(create(&fake).await.unwrap_err().kind, Kind::Refused);
    assert_eq!(fake.seen().len(), 2, "not a third time");

    let fake = Fake::new(|_| graph_error(400, "BadRequest", "end before start"));
    let plain = NewOnlineMeeting {
        attendees: vec![mei(Role::Attendee)],
        ..wanted()
    };
    let token = token();
    let refused = fake
        .client
        .online_meetings(&token)
        .create_or_get(&plain)
        .await;
    assert_eq!(refused.unwrap_err().kind, Kind::Refused);
    assert_eq!(fake.seen().len(), 1, "there is nothing to leave out");
}

#[tokio::test]
async fn a_host_that_may_not_meet_is_told_from_a_missing_meeting() {
    for status in [403, 404] {
        let fake = Fake::new(move |_| graph_error(status, "Forbidden", ""));
        assert_eq!(create(&fake).await.unwrap_err().kind, Kind::HostMayNotMeet);
    }
    let fake = Fake::new(|_| graph_error(404, "UnknownError", ""));
    let token = token();
    assert_eq!(
        fake.client.online_meetings(&token).get(ID).await.unwrap(),
        None
    );
}

/// Trap 9 of the contract: whatever is sent needlessly may be refused.
#[tokio::test]
async fn a_change_sends_what_changes_and_nothing_else() {
    let sent = async |changes: Changes| {
        let fake = Fake::new(|_| answer(200, &meeting(ID)));
        let token = token();
        fake.client
            .online_meetings(&token)
            .update(ID, &changes)
            .await
            .unwrap();
        let request = fake.seen().remove(0);
        assert_eq!(request.method, Method::PATCH);
        assert_eq!(request.header("prefer"), "include-unknown-enum-members");
        assert_eq!(
            request.path(),
            "/v1.0/me/onlineMeetings/MSo0%2A0%2A%2A19%3Ameeting_X@thread.v2%3D"
        );
        request.json()
    };
    let subject = Changes {
        subject: Some("Second\r\nconversation".into()),
        ..Changes::default()
    };
    assert_eq!(
        sent(subject).await,
        json!({ "subject": "Second  conversation" })
    );
    let times = Changes {
        times: Some((at("2026-03-10T09:00:00Z"), at("2026-03-10T10:00:00Z"))),
        ..Changes::default()
    };
    assert_eq!(
        sent(times).await,
        json!({ "startDateTime": "2026-03-10T09:00:00Z", "endDateTime": "2026-03-10T10:00:00Z" })
    );
    let lobby = Changes {
        attendees: Some(vec![mei(Role::CoOrganizer)]),
        lobby_scope: Some(LobbyScope::Organization),
        allowed_presenters: Some(AllowedPresenters::Organization),
        allowed_lobby_admitters: Some(AllowedLobbyAdmitters::OrganizerAndCoOrganizersAndPresenters),
        ..Changes::default()
    };
    assert_eq!(
        sent(lobby).await,
        json!({
            "participants": { "attendees": [{ "upn": "mei.tanaka@larkspur.example", "role": "coorganizer" }] },
            "lobbyBypassSettings": { "scope": "organization" },
            "allowedPresenters": "organization",
            "allowedLobbyAdmitters": "organizerAndCoOrganizersAndPresenters",
        })
    );
    let nobody = Changes {
        attendees: Some(Vec::new()),
        lobby_scope: Some(LobbyScope::Organizer),
        dial_in_bypass: Some(false),
        ..Changes::default()
    };
    assert_eq!(
        sent(nobody).await,
        json!({
            "participants": { "attendees": [] },
            "lobbyBypassSettings": { "scope": "organizer", "isDialInBypassEnabled": false },
        })
    );
    assert!(Changes::default().is_empty());
}

#[tokio::test]
async fn g13_a_meeting_is_gone_when_microsoft_says_so_and_not_before() {
    let delete = async |response: fn() -> http::Response<bytes::Bytes>| {
        let fake = Fake::new(move |_| response());
        let token = token();
        fake.client.online_meetings(&token).delete(ID).await
    };
    assert_eq!(delete(|| empty(204)).await.unwrap(), Deleted::Gone);
    assert_eq!(
        delete(|| graph_error(404, "NotFound", "")).await.unwrap(),
        Deleted::WasGone
    );
    assert_eq!(
        delete(|| graph_error(403, "Forbidden", ""))
            .await
            .unwrap_err()
            .kind,
        Kind::HostMayNotMeet
    );
    assert_eq!(
        delete(|| empty(503)).await.unwrap_err().kind,
        Kind::Unavailable
    );
    assert_eq!(delete(|| empty(200)).await.unwrap_err().kind, Kind::Garbage);
}

#[test]
fn a_subject_is_one_line_of_at_most_250_characters() {
    assert_eq!(subject_as_sent("  Mei\u{0}\tand Luis\n"), "Mei  and Luis");
    assert_eq!(subject_as_sent(&"ü".repeat(300)).chars().count(), 250);
}
