//! What Ithaca says about the door of a Teams meeting, and what the sandbox's door does.

use mentoring::lobby::{Entry, Forecast, LobbyScope, Person, coorganizers, forecast};
use mentoring::organization::MemberId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::reader::CLIENT;
use crate::runtime::wait_for;
use crate::standalone::Standalone;

/// More colleagues than Microsoft lets be co-organizers.
const COLLEAGUES: usize = 12;

/// Somebody at the door: as the forecast knows them, and as the sandbox does.
struct Visitor {
    person: Person,
    upn: Option<String>,
    name: String,
}

/// The sandbox with a token of its approved application.
struct Door {
    sandbox: Standalone,
    token: String,
}

fn asked(request: reqwest::RequestBuilder) -> String {
    wait_for(async { request.send().await?.error_for_status()?.text().await })
        .unwrap_or_else(|error| panic!("the sandbox refused: {error}"))
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("Graph answers in JSON")
}

impl Door {
    fn opens() -> Self {
        let sandbox = Standalone::starts("lobby");
        let tenant = &sandbox.first_line.tenants[0];
        let app = &tenant.apps[0];
        let url = format!("{}/{}/oauth2/v2.0/token", sandbox.first_line.url, tenant.id);
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=https://graph.microsoft.com/.default",
            app.client_id,
            url::form_urlencoded::byte_serialize(app.client_secret.as_bytes()).collect::<String>(),
        );
        let request = CLIENT
            .post(&url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let token = parsed(&asked(request));
        let token = token["access_token"].as_str().expect("a token").to_owned();
        Self { sandbox, token }
    }

    fn account(&self, upn: &str) -> Uuid {
        let people = &self.sandbox.first_line.tenants[0].people;
        let found = people.iter().find(|account| account.upn == upn);
        let found = found.unwrap_or_else(|| panic!("the sandbox has no {upn}"));
        found.object_id.parse().expect("an object id")
    }

    fn colleagues(&self) -> Vec<(String, Uuid)> {
        let people = self.sandbox.first_line.tenants[0].people.iter();
        people
            .filter(|account| account.upn.ends_with("@larkspur.example"))
            .filter(|account| account.upn != "scheduler@larkspur.example")
            .take(COLLEAGUES)
            .map(|account| (account.upn.clone(), account.object_id.parse().unwrap()))
            .collect()
    }

    fn guest(&self) -> (String, Uuid) {
        let people = &self.sandbox.first_line.tenants[0].people;
        let guest = people.iter().find(|account| account.upn.contains("#EXT#"));
        let guest = guest.expect("the sandbox has a guest");
        (guest.upn.clone(), guest.object_id.parse().unwrap())
    }

    /// Makes a Teams meeting of these people, its door as Ithaca sets it; answers its link.
    fn meeting(&self, scope: LobbyScope, visitors: &[Visitor], number: usize) -> String {
        let host = self.account("scheduler@larkspur.example");
        let people: Vec<Person> = visitors.iter().map(|one| one.person.clone()).collect();
        let chosen = coorganizers(&people);
        let attendees: Vec<Value> = visitors
            .iter()
            .filter_map(|visitor| {
                let role = if chosen.contains(&visitor.person.member) {
                    "coorganizer"
                } else {
                    "attendee"
                };
                Some(json!({ "upn": visitor.upn.as_ref()?, "role": role }))
            })
            .collect();
        let at = format!(
            "{}/v1.0/users/{host}/onlineMeetings",
            self.sandbox.first_line.url
        );
        let made = self.call(
            CLIENT.post(format!("{at}/createOrGet")),
            &json!({
                "externalId": format!("{}:{number}", scope.as_str()),
                "subject": "First steps",
                "participants": { "attendees": attendees },
            }),
        );
        let id = made["id"].as_str().expect("an id");
        let set = self.call(
            CLIENT.patch(format!("{at}/{id}")),
            &json!({
                "lobbyBypassSettings": { "scope": scope.as_str(), "isDialInBypassEnabled": false },
                "allowedPresenters": "organization",
                "allowedLobbyAdmitters": "organizerAndCoOrganizersAndPresenters",
            }),
        );
        set["joinWebUrl"].as_str().expect("a link").to_owned()
    }

    fn call(&self, request: reqwest::RequestBuilder, body: &Value) -> Value {
        let request = request
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .header("prefer", "include-unknown-enum-members")
            .body(body.to_string());
        parsed(&asked(request))
    }

    /// What the page behind the link says of somebody, in the forecast's words.
    fn lets_in(link: &str, visitor: &Visitor) -> Entry {
        let mut url: reqwest::Url = link.parse().unwrap();
        match &visitor.upn {
            Some(upn) => url.query_pairs_mut().append_pair("address", upn),
            None => url.query_pairs_mut().append_pair("name", &visitor.name),
        };
        let page = asked(CLIENT.get(url));
        let (_, told) = page.split_once("role=\"status\"").expect("it answers");
        let (told, _) = told.split_once("</p>").unwrap();
        if told.contains("walks in") {
            Entry::WalksIn
        } else if told.contains("until somebody with an account has joined") {
            Entry::WaitsForColleague
        } else if told.contains("waits in the lobby until") {
            Entry::Waits
        } else {
            panic!("{told}")
        }
    }
}

fn visitor(number: u128, name: &str, account: Option<(String, Uuid)>, guest: bool) -> Visitor {
    Visitor {
        person: Person {
            member: MemberId(Uuid::from_u128(number)),
            organizer: number == 1,
            mentor: number.is_multiple_of(3),
            object_id: account.as_ref().map(|(_, id)| *id),
            guest,
        },
        upn: account.map(|(upn, _)| upn),
        name: name.to_owned(),
    }
}

/// Meetings of every kind of company: a pair, one with somebody from outside, one with a
/// guest, and one with more colleagues than can be co-organizers.
fn companies(door: &Door) -> Vec<Vec<Visitor>> {
    let colleague = |number: u128| {
        let account = door.colleagues()[usize::try_from(number).unwrap() - 1].clone();
        visitor(number, "A colleague", Some(account), false)
    };
    let outsider = || visitor(90, "Priya Nair", None, false);
    let guest = || visitor(91, "A guest", Some(door.guest()), true);
    vec![
        vec![colleague(1), colleague(2)],
        vec![colleague(1), outsider()],
        vec![colleague(1), guest()],
        vec![guest(), outsider()],
        vec![outsider()],
        (1..=12)
            .map(colleague)
            .chain([guest(), outsider()])
            .collect(),
    ]
}

#[test]
fn the_forecast_says_of_everyone_what_the_door_does_under_every_scope() {
    let door = Door::opens();
    assert_eq!(door.colleagues().len(), COLLEAGUES);
    let mut seen = Vec::new();
    for scope in LobbyScope::ALL.iter().copied() {
        for (number, company) in companies(&door).iter().enumerate() {
            let people: Vec<Person> = company.iter().map(|one| one.person.clone()).collect();
            let Forecast { people, .. } = forecast(scope, &people);
            let link = door.meeting(scope, company, number);
            for (visitor, (member, promised)) in company.iter().zip(people) {
                assert_eq!(member, visitor.person.member);
                assert_eq!(
                    Door::lets_in(&link, visitor),
                    promised,
                    "{scope:?}, company {number}: {} ({:?})",
                    visitor.name,
                    visitor.upn
                );
                seen.push(promised);
            }
        }
    }
    for entry in [Entry::WalksIn, Entry::Waits, Entry::WaitsForColleague] {
        assert!(seen.contains(&entry), "nobody met {entry:?}");
    }
}
