//! The demo's organizations and their people (product, section 7). It starts not
//! integrated and without a single meeting, so that whatever shows later was done.

use mentoring::api_token::{TokenScope, Wish};
use mentoring::event::Event;
use mentoring::lobby::LobbyScope;
use mentoring::member::{EmailAddress, Member, MemberState};
use mentoring::organization::{MemberId, TrackId};
use mentoring::refusal::Refusal;
use mentoring::role::{Role, Roles};
use mentoring::track::{Mode, Modes, Track};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::app::{App, AppError, Done};
use crate::store::audit::{self, Author};
use crate::store::organizations::{self, Organization as StoredOrganization};
use crate::store::{Tx, api_tokens, members, tracks};

/// An organization for programs that drive the demo.
#[derive(Serialize)]
pub struct Organization {
    slug: &'static str,
    name: &'static str,
    people: Vec<Person>,
}

/// A person for programs that drive the demo.
#[derive(Serialize)]
pub struct Person {
    name: String,
    email: &'static str,
    roles: Vec<String>,
    /// Lets a program act as them, for as long as the demo is not started anew.
    api_token: String,
}

struct Company {
    slug: &'static str,
    name: &'static str,
    time_zone: &'static str,
    tracks: &'static [&'static str],
    people: &'static [Somebody],
}

struct Somebody {
    first_name: &'static str,
    last_name: &'static str,
    email: &'static str,
    time_zone: &'static str,
    global_administrator: bool,
    roles: &'static [(&'static str, Role)],
}

/// The name of everybody's token of the demo.
const TOKEN: &str = "Demo";

const NEW_MANAGERS: &str = "New Managers";
const WOMEN: &str = "Women in Engineering";
const FIRST_YEAR: &str = "First Year";

const COMPANIES: &[Company] = &[
    Company {
        slug: "larkspur",
        name: "Larkspur Health",
        time_zone: "Europe/Berlin",
        tracks: &[NEW_MANAGERS, WOMEN],
        people: &[
            Somebody {
                first_name: "Amara",
                last_name: "Okafor",
                email: "amara@larkspur.example",
                time_zone: "Europe/London",
                global_administrator: true,
                roles: &[],
            },
            Somebody {
                first_name: "Hanna",
                last_name: "Lindgren",
                email: "hanna@larkspur.example",
                time_zone: "Europe/Stockholm",
                global_administrator: true,
                roles: &[],
            },
            Somebody {
                first_name: "Jonas",
                last_name: "Weber",
                email: "jonas@larkspur.example",
                time_zone: "Europe/Berlin",
                global_administrator: false,
                roles: &[(NEW_MANAGERS, Role::TrackAdministrator)],
            },
            Somebody {
                first_name: "Mei",
                last_name: "Tanaka",
                email: "mei@larkspur.example",
                time_zone: "Europe/Berlin",
                global_administrator: false,
                roles: &[(NEW_MANAGERS, Role::Mentor), (WOMEN, Role::Mentor)],
            },
            Somebody {
                first_name: "Luis",
                last_name: "Ortega",
                email: "luis@larkspur.example",
                time_zone: "America/New_York",
                global_administrator: false,
                roles: &[(NEW_MANAGERS, Role::Mentee)],
            },
            Somebody {
                first_name: "Priya",
                last_name: "Nair",
                email: "priya@alumni.example",
                time_zone: "Asia/Kolkata",
                global_administrator: false,
                roles: &[(NEW_MANAGERS, Role::Mentee)],
            },
        ],
    },
    Company {
        slug: "quillfield",
        name: "Quillfield College",
        time_zone: "Europe/London",
        tracks: &[FIRST_YEAR],
        people: &[
            Somebody {
                first_name: "Edda",
                last_name: "Lindqvist",
                email: "edda@quillfield.example",
                time_zone: "Europe/London",
                global_administrator: true,
                roles: &[
                    (FIRST_YEAR, Role::Mentor),
                    (FIRST_YEAR, Role::TrackAdministrator),
                ],
            },
            Somebody {
                first_name: "Beth",
                last_name: "Collins",
                email: "beth.collins@quillfield.example",
                time_zone: "Europe/London",
                global_administrator: false,
                roles: &[(FIRST_YEAR, Role::Mentee)],
            },
            Somebody {
                first_name: "David",
                last_name: "Osei",
                email: "david.osei@quillfield.example",
                time_zone: "Africa/Accra",
                global_administrator: false,
                roles: &[(FIRST_YEAR, Role::Mentee)],
            },
        ],
    },
];

/// Plants the organizations that are not there yet, and answers all of them.
pub async fn plant(app: &App) -> Done<Vec<Organization>> {
    let mut all = Vec::new();
    for company in COMPANIES {
        if organizations::find_by_slug(&app.store, company.slug)
            .await?
            .is_none()
        {
            plant_one(app, company).await?;
        }
        let mut people = Vec::new();
        for somebody in company.people {
            let api_token = token(app, company, somebody).await?;
            people.push(shown(somebody, api_token));
        }
        all.push(Organization {
            slug: company.slug,
            name: company.name,
            people,
        });
    }
    Ok(all)
}

/// A token of this start. Only hashes are kept, so the one before can't be told again and
/// is ended.
async fn token(app: &App, company: &Company, somebody: &Somebody) -> Done<String> {
    let organization = organizations::find_by_slug(&app.store, company.slug)
        .await?
        .ok_or(AppError::NotFound)?;
    let email = EmailAddress::parse(somebody.email).map_err(|_| Refusal::EmailInvalid)?;
    let member = members::find_for_sign_in(&app.store, organization.id, &email)
        .await?
        .map(|(member, _)| member);
    // Whoever was deactivated has no use for one.
    let Some((acting, ..)) = (match member {
        Some(member) => app.active(organization.id, member.id, "demo").await?,
        None => None,
    }) else {
        return Ok(String::new());
    };
    for old in api_tokens::list_mine(&app.store, &acting.sight()).await? {
        if old.name == TOKEN {
            app.revoke_api_token(&acting, old.id).await?;
        }
    }
    let wish = Wish {
        name: TOKEN.to_owned(),
        scope: TokenScope::Write,
        days: 365,
    };
    let (secret, _) = app.create_api_token(&acting, &wish).await?;
    Ok(secret.expose_secret().to_owned())
}

fn shown(somebody: &Somebody, api_token: String) -> Person {
    let mut roles: Vec<String> = Vec::new();
    if somebody.global_administrator {
        roles.push("global administrator".to_owned());
    }
    for (track, role) in somebody.roles {
        roles.push(format!("{} in {track}", role.label().to_lowercase()));
    }
    Person {
        name: format!("{} {}", somebody.first_name, somebody.last_name),
        email: somebody.email,
        roles,
        api_token,
    }
}

async fn plant_one(app: &App, company: &Company) -> Done<()> {
    let made = app
        .create_organization(company.name, company.slug, company.time_zone)
        .await?;
    let tx = app.store.begin(made.id).await?;
    let mut planted = Vec::new();
    for name in company.tracks {
        planted.push((*name, plant_track(app, &tx, &made, name).await?));
    }
    for somebody in company.people {
        let member = plant_member(app, &tx, &made, somebody).await?;
        for (name, track) in &planted {
            let roles: Roles = somebody
                .roles
                .iter()
                .filter(|(of, _)| of == name)
                .map(|(_, role)| *role)
                .collect();
            tracks::enrol(&tx, made.id, *track, member, &roles).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn plant_track(
    app: &App,
    tx: &Tx,
    organization: &StoredOrganization,
    name: &str,
) -> Done<TrackId> {
    let id = TrackId(app.randomness.uuid_v7(tx.now));
    let track = Track {
        id,
        organization: organization.id,
        slug: mentoring::organization::Slug::of_name(name, "track")
            .as_str()
            .to_owned(),
        name: name.to_owned(),
        modes: Modes::from_iter([Mode::InPerson, Mode::Phone])?,
        lobby: LobbyScope::Organization,
    };
    tracks::insert(tx, &track).await?;
    let event = Event::TrackCreated {
        track: id,
        name: name.to_owned(),
    };
    audit::append(tx, organization.id, &Author::operator(), &event).await?;
    Ok(id)
}

async fn plant_member(
    app: &App,
    tx: &Tx,
    organization: &StoredOrganization,
    somebody: &Somebody,
) -> Done<MemberId> {
    let member = Member {
        id: MemberId(app.randomness.uuid_v7(tx.now)),
        organization: organization.id,
        first_name: somebody.first_name.to_owned(),
        last_name: somebody.last_name.to_owned(),
        email: EmailAddress::parse(somebody.email).map_err(|_| Refusal::EmailInvalid)?,
        time_zone: somebody.time_zone.to_owned(),
        language: organization.language.clone(),
        state: MemberState::Active,
        global_administrator: somebody.global_administrator,
    };
    members::insert(tx, &member).await?;
    let event = Event::MemberInvited {
        member: member.id,
        name: member.name(),
        email: member.email.clone(),
        global_administrator: member.global_administrator,
    };
    audit::append(tx, organization.id, &Author::operator(), &event).await?;
    Ok(member.id)
}
