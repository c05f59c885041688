//! Two organizations with their people, tenants and hosts.

use ithaca::app::Acting;
use ithaca::clock::Randomness;
use ithaca::store::organizations::Organization;
use ithaca::store::{Store, members, organizations, tracks};
use mentoring::lobby::LobbyScope;
use mentoring::member::{EmailAddress, Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId, TrackId};
use mentoring::role::{Actor, Role, Roles};
use mentoring::track::{Mode, Modes, Track};

/// Ithaca's app registration in the sandbox.
pub const CLIENT_ID: &str = "1b7e52f0-6f0f-4c5d-8d62-0b6f3a7c1e21";
pub const CLIENT_SECRET: &str = "a secret that everybody knows";
pub const ITHACA: &str = "http://localhost:8080";

/// The accounts of a tenant that may host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    Scheduler,
    Deputy,
}

impl Host {
    pub const ALL: [Self; 2] = [Self::Scheduler, Self::Deputy];

    pub fn upn(self, domain: &str) -> String {
        let name = match self {
            Self::Scheduler => "scheduler",
            Self::Deputy => "deputy",
        };
        format!("{name}@{domain}")
    }
}

/// The tenants, their people, and the app registration.
pub fn seed() -> String {
    let mut text = Vec::new();
    for (name, domain, people) in [
        (
            "Larkspur Health",
            "larkspur.example",
            &["Mei Tanaka", "Luis Ortega", "Jonas Weber", "Amara Okafor"][..],
        ),
        (
            "Quillfield College",
            "quillfield.example",
            &["Edda Lindqvist", "Beth Collins"][..],
        ),
    ] {
        text.push(format!(
            "[[tenants]]\nname = \"{name}\"\ndomains = [\"{domain}\"]\nconsent_policy = \"allow\"\n\
             people = [\n{{ name = \"Teams Scheduler\", upn = \"{}\", role = \"global_administrator\" }},\n\
             {{ name = \"Teams Deputy\", upn = \"{}\", role = \"global_administrator\" }},\n",
            Host::Scheduler.upn(domain),
            Host::Deputy.upn(domain),
        ));
        for person in people {
            let first = person.split(' ').next().unwrap_or_default().to_lowercase();
            text.push(format!(
                "{{ name = \"{person}\", upn = \"{first}@{domain}\" }},\n"
            ));
        }
        text.push("]\n".to_owned());
    }
    text.push(format!(
        "[[apps]]\nname = \"Ithaca\"\npublisher = \"Ithaca\"\nclient_id = \"{CLIENT_ID}\"\n\
         sign_in_audience = \"AzureADMultipleOrgs\"\n\
         delegated = [\"openid\", \"profile\", \"offline_access\", \"User.Read\", \"User.ReadBasic.All\", \"OnlineMeetings.ReadWrite\"]\n\
         [[apps.redirects]]\ntype = \"web\"\nuri = \"{ITHACA}/integrations/microsoft/callback\"\n\
         [[apps.secrets]]\nvalue = \"{CLIENT_SECRET}\"\nexpires = \"2999-01-01T00:00:00Z\"\n"
    ));
    text.concat()
}

/// An organization.
#[derive(Clone, Debug)]
pub struct Company {
    pub id: OrganizationId,
    pub domain: &'static str,
    pub track: TrackId,
    /// The first is its global administrator, who is in no track.
    pub people: Vec<MemberId>,
}

impl Company {
    /// Founds an organization whose first track has everyone but its administrator.
    pub async fn founded(
        store: &Store,
        randomness: &Randomness,
        domain: &'static str,
        names: &[&str],
    ) -> Self {
        let now = store.clock().now();
        let id = OrganizationId(randomness.uuid_v7(now));
        let slug = domain.split('.').next().unwrap_or_default().to_owned();
        let tx = store.begin_unscoped().await.expect("a change can begin");
        let organization = Organization {
            id,
            slug: slug.clone(),
            name: slug,
            time_zone: "Europe/Berlin".to_owned(),
            language: "en".to_owned(),
            changes: 0,
        };
        organizations::insert(&tx, &organization)
            .await
            .expect("it is new");
        let track = Track {
            id: TrackId(randomness.uuid_v7(now)),
            organization: id,
            slug: "new-managers".to_owned(),
            name: "New Managers".to_owned(),
            modes: Modes::from_iter([Mode::Phone, Mode::InPerson]).expect("two modes"),
            lobby: LobbyScope::Organization,
        };
        tracks::insert(&tx, &track).await.expect("it is new");
        let mut people = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let (first_name, last_name) = name.split_once(' ').expect("two names");
            let member = Member {
                id: MemberId(randomness.uuid_v7(now)),
                organization: id,
                first_name: first_name.to_owned(),
                last_name: last_name.to_owned(),
                email: EmailAddress::parse(&format!("{}@{domain}", first_name.to_lowercase()))
                    .expect("it is one"),
                time_zone: "Europe/Berlin".to_owned(),
                language: "en".to_owned(),
                state: MemberState::Active,
                global_administrator: place == 0,
            };
            members::insert(&tx, &member).await.expect("they are new");
            if place > 0 {
                let role =
                    [Role::TrackAdministrator, Role::Mentor, Role::Mentee][(place - 1).min(2)];
                let roles: Roles = [role, Role::Mentor].into_iter().collect();
                tracks::enrol(&tx, id, track.id, member.id, &roles)
                    .await
                    .expect("they can be enrolled");
            }
            people.push(member.id);
        }
        tx.commit().await.expect("a change can end");
        Self {
            id,
            domain,
            track: track.id,
            people,
        }
    }

    pub fn administrator(&self) -> MemberId {
        self.people[0]
    }
}

/// A member with what they may do, as a request would find them; nobody if they are not active.
pub async fn acting(store: &Store, organization: OrganizationId, id: MemberId) -> Option<Acting> {
    let member = members::find_for_work(store, organization, id)
        .await
        .expect("members can be read")?;
    if member.state != MemberState::Active {
        return None;
    }
    let enrolments = tracks::enrolments_of(store, organization, id)
        .await
        .expect("enrolments can be read");
    Some(Acting {
        actor: Actor {
            organization,
            member: id,
            name: member.name(),
            global_administrator: member.global_administrator,
            enrolments,
        },
        address: "192.0.2.1".to_owned(),
    })
}
