//! Program Settings, Participants: who is in a track, as what, and whether Teams is for
//! them.

use axum::extract::Path;
use http::StatusCode;
use mentoring::member::Member;
use mentoring::organization::MemberId;
use mentoring::role::{Role, Roles};
use mentoring::track::Track;

use super::{address, administered, mark, teams};
use crate::store::members;
use crate::store::tracks::{self, Participant};
use crate::store::{directory, integrations};
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, id, refused, see, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::pages::frame::Here;
use crate::web::pages::tracks::{Enrolled, Participants};
use crate::web::pages::{Choice, Errors};

/// Who is to be enrolled, as what.
#[derive(Debug, Default)]
pub struct Enrolment {
    member: String,
    roles: Vec<Role>,
}

impl FromFields for Enrolment {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            member: fields.one("member")?,
            roles: roles(fields)?,
        })
    }
}

/// As what somebody is in the track from now on.
#[derive(Debug)]
pub struct Change(Vec<Role>);

impl FromFields for Change {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self(roles(fields)?))
    }
}

fn roles(fields: &mut Fields) -> Result<Vec<Role>, Failed> {
    let given = fields.several("roles");
    let parsed: Option<Vec<Role>> = given.iter().map(|word| Role::parse(word)).collect();
    parsed.ok_or_else(|| {
        Failed::Refused(StatusCode::BAD_REQUEST, "There is no such role.".to_owned())
    })
}

fn choices(is_chosen: impl Fn(Role) -> bool) -> Vec<Choice> {
    Role::ALL
        .iter()
        .map(|role| Choice::new(role.as_str(), role.label(), is_chosen(*role)))
        .collect()
}

fn words(roles: &Roles) -> String {
    let labels: Vec<&str> = roles.iter().map(Role::label).collect();
    labels.join(", ")
}

async fn page(
    actor: &SignedIn,
    track: &Track,
    typed: &Enrolment,
    changed: Option<(MemberId, &[Role])>,
    errors: Errors,
) -> Result<Participants, Failed> {
    let (store, sight) = (&actor.app.store, &actor.sight);
    let enrolled = tracks::list_participants(store, sight, track.id).await?;
    let integration = integrations::find(store, sight).await?;
    let ids: Vec<MemberId> = enrolled.iter().map(|one| one.member.id).collect();
    let lookups = directory::list(store, sight, &ids).await?;
    let members: Vec<&Member> = enrolled.iter().map(|one| &one.member).collect();
    let faces = actor.faces(&members).await?;
    let organization = &actor.session.organization_name;
    let person = |(one, face): (&Participant, _)| Enrolled {
        id: one.member.id.to_string(),
        face,
        email: one.member.email.to_string(),
        roles: words(&one.roles),
        directory: lookups
            .get(&one.member.id)
            .and_then(|lookup| teams::tag(&integration, track, &one.member, lookup, organization)),
        choices: choices(|role| match changed {
            Some((member, typed)) if member == one.member.id => typed.contains(&role),
            _ => one.roles.contains(role),
        }),
    };
    let people = enrolled.iter().zip(faces).map(person).collect();
    let members = members::list_enrollable(store, sight, track.id).await?;
    Ok(Participants {
        frame: actor.frame(Here::Track(track.slug.clone())).await?,
        track: mark(track),
        errors,
        people,
        members: members
            .iter()
            .map(|member| {
                let id = member.id.to_string();
                let chosen = id == typed.member;
                Choice::new(id, format!("{} ({})", member.name(), member.email), chosen)
            })
            .collect(),
        roles: choices(|role| typed.roles.contains(&role)),
    })
}

/// `/tracks/{track}/settings/participants`
pub async fn show(actor: SignedIn, Path((_, slug)): Path<(String, String)>) -> Answer {
    let track = administered(&actor, &slug).await?;
    let nobody = Enrolment::default();
    view(&page(&actor, &track, &nobody, None, Errors::none()).await?)
}

/// `POST /tracks/{track}/settings/participants`
pub async fn enrol(
    actor: SignedIn,
    Path((_, slug)): Path<(String, String)>,
    Form(typed): Form<Enrolment>,
) -> Answer {
    let track = administered(&actor, &slug).await?;
    let enrollable = members::list_enrollable(&actor.app.store, &actor.sight, track.id).await?;
    let chosen = enrollable
        .iter()
        .find(|member| member.id.to_string() == typed.member);
    let mut errors = Errors::none();
    if chosen.is_none() {
        errors.push("member", "Choose somebody who is not in this track yet.");
    }
    if typed.roles.is_empty() {
        errors.push("roles", "Choose at least one role.");
    }
    let Some(member) = chosen.filter(|_| errors.is_empty()) else {
        let page = page(&actor, &track, &typed, None, errors).await?;
        return view_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let roles: Roles = typed.roles.iter().copied().collect();
    let acting = actor.acting();
    match actor.app.enrol(acting, track.id, member.id, roles).await {
        Ok(()) => see_and_say(
            &address(&actor, &track, "participants"),
            &format!("{} is in {} now.", member.name(), track.name),
        ),
        Err(error) => {
            let refused = refused(error)?;
            let page = page(&actor, &track, &typed, None, refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}

async fn participant(actor: &SignedIn, track: &Track, text: &str) -> Result<Member, Failed> {
    let id = MemberId(id(text)?);
    tracks::list_participants(&actor.app.store, &actor.sight, track.id)
        .await?
        .into_iter()
        .map(|one| one.member)
        .find(|member| member.id == id)
        .ok_or(Failed::NotFound)
}

/// `POST /tracks/{track}/settings/participants/{id}`
pub async fn change(
    actor: SignedIn,
    Path((_, slug, id)): Path<(String, String, String)>,
    Form(Change(typed)): Form<Change>,
) -> Answer {
    let track = administered(&actor, &slug).await?;
    let member = participant(&actor, &track, &id).await?;
    if typed.is_empty() {
        let mut errors = Errors::none();
        let name = member.name();
        errors.refusal = Some(format!(
            "Choose at least one role for {name}, or take them out of this track."
        ));
        let nobody = Enrolment::default();
        let page = page(&actor, &track, &nobody, Some((member.id, &typed)), errors).await?;
        return view_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let roles: Roles = typed.into_iter().collect();
    let sentence = format!("{} is now: {}.", member.name(), words(&roles));
    actor
        .app
        .enrol(actor.acting(), track.id, member.id, roles.clone())
        .await?;
    leave(&actor, &track, &member, &roles, &sentence)
}

/// `POST /tracks/{track}/settings/participants/{id}/removal`
pub async fn remove(
    actor: SignedIn,
    Path((_, slug, id)): Path<(String, String, String)>,
) -> Answer {
    let track = administered(&actor, &slug).await?;
    let member = participant(&actor, &track, &id).await?;
    actor
        .app
        .enrol(actor.acting(), track.id, member.id, Roles::default())
        .await?;
    let sentence = format!("{} is no longer in {}.", member.name(), track.name);
    leave(&actor, &track, &member, &Roles::default(), &sentence)
}

/// Whoever took the track from themselves can't go back to its settings.
fn leave(actor: &SignedIn, track: &Track, member: &Member, roles: &Roles, said: &str) -> Answer {
    let is_oneself = member.id == actor.sight.member;
    if is_oneself && !actor.sight.everything && !roles.contains(Role::TrackAdministrator) {
        return see(&actor.to(""));
    }
    see_and_say(&address(actor, track, "participants"), said)
}
