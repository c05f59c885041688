//! Members, for global administrators: who is who, invited, deactivated, made
//! administrators.

use axum::extract::Path;
use http::StatusCode;
use mentoring::eligibility::DirectoryFinding;
use mentoring::member::{Member, MemberState};
use mentoring::organization::MemberId;

use super::actor::GlobalAdministrator;
use super::answer::{Answer, Failed, id, refused, see, see_and_say, view, view_as};
use super::form::{Fields, Form, FromFields, Query};
use super::manage::counted;
use super::pages::Errors;
use super::pages::frame::Here;
use super::pages::members::{Deactivation, Invite, MemberList, MemberRow, Standing};
use super::pages::shown::{Tag, Tone};
use super::{local, times};
use crate::app::members::NewMember;
use crate::store::{directory, integrations, meetings, members, sessions, tracks};

const A_PAGE: usize = 100;

/// What is looked for.
#[derive(Debug)]
pub struct Search {
    query: String,
    after: Option<String>,
}

impl FromFields for Search {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            query: fields.one("q")?,
            after: fields.optional("after")?,
        })
    }
}

fn tag(state: MemberState) -> Tag {
    match state {
        MemberState::Active => Tag::new("Active", Tone::Well),
        MemberState::Invited => Tag::new("Invited", Tone::Waiting),
        MemberState::Deactivated => Tag::new("Deactivated", Tone::Plain),
    }
}

async fn find(admin: &GlobalAdministrator, text: &str) -> Result<Member, Failed> {
    members::find(&admin.app.store, &admin.sight, MemberId(id(text)?))
        .await?
        .ok_or(Failed::NotFound)
}

/// `/manage/members`
pub async fn list(admin: GlobalAdministrator, Query(search): Query<Search>) -> Answer {
    let (store, sight) = (&admin.app.store, &admin.sight);
    let after = match &search.after {
        Some(after) => Some(find(&admin, after).await?),
        None => None,
    };
    let most = u64::try_from(A_PAGE + 1).unwrap_or(u64::MAX);
    let mut found = members::list_after(store, sight, &search.query, after.as_ref(), most).await?;
    let goes_on = found.len() > A_PAGE;
    found.truncate(A_PAGE);
    let next = found.last().filter(|_| goes_on).map(|last| {
        local::with_query(
            &admin.to("manage/members"),
            &[("q", &search.query), ("after", &last.id.to_string())],
        )
    });
    let ids: Vec<MemberId> = found.iter().map(|member| member.id).collect();
    let mut enrolments = tracks::enrolments_within(store, sight, &ids).await?;
    let people: Vec<&Member> = found.iter().collect();
    let faces = admin.faces(&people).await?;
    let rows = found.iter().zip(faces).map(|(member, face)| {
        let theirs = enrolments.remove(&member.id).unwrap_or_default();
        let names: Vec<String> = theirs.into_iter().map(|(track, _)| track.name).collect();
        MemberRow {
            id: member.id.to_string(),
            face,
            email: member.email.to_string(),
            role: member
                .global_administrator
                .then(|| "Global administrator".to_owned()),
            tracks: names.join(", "),
            tag: (member.state != MemberState::Active).then(|| tag(member.state)),
        }
    });
    view(&MemberList {
        frame: admin.frame(Here::Manage).await?,
        query: search.query,
        members: rows.collect(),
        next,
    })
}

impl FromFields for NewMember {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            first_name: fields.one("first_name")?,
            last_name: fields.one("last_name")?,
            email: fields.one("email")?,
            global_administrator: fields.ticked("global_administrator")?,
        })
    }
}

async fn invitation(
    admin: &GlobalAdministrator,
    new: NewMember,
    errors: Errors,
) -> Result<Invite, Failed> {
    Ok(Invite {
        frame: admin.frame(Here::Manage).await?,
        errors,
        first_name: new.first_name,
        last_name: new.last_name,
        email: new.email,
        global_administrator: new.global_administrator,
    })
}

/// `/manage/members/invitation`
pub async fn new(admin: GlobalAdministrator) -> Answer {
    view(&invitation(&admin, NewMember::default(), Errors::none()).await?)
}

/// `POST /manage/members/invitation`
pub async fn invite(admin: GlobalAdministrator, Form(new): Form<NewMember>) -> Answer {
    match admin.app.invite_member(admin.acting(), &new).await {
        Ok(id) => {
            let sentence = format!("{} {} is invited.", new.first_name, new.last_name);
            see_and_say(&admin.to(&format!("manage/members/{id}")), &sentence)
        }
        Err(error) => {
            let refused = refused(error)?;
            view_as(
                refused.status,
                &invitation(&admin, new, refused.errors).await?,
            )
        }
    }
}

/// Why a member can't be deactivated, nor be made an ordinary one.
async fn kept(admin: &GlobalAdministrator, member: &Member) -> Result<Option<String>, Failed> {
    let administrators = members::count_administrators(&admin.app.store, &admin.sight).await?;
    if member.global_administrator && administrators < 2 {
        return Ok(Some(format!(
            "{} needs one active global administrator, and {} is the only one.",
            admin.session.organization_name,
            member.name()
        )));
    }
    Ok((member.id == admin.sight.member)
        .then(|| "This is you. Another global administrator can do this for you.".to_owned()))
}

fn found(finding: &DirectoryFinding) -> Tag {
    match finding {
        DirectoryFinding::NotLookedUp => Tag::new("Not looked up yet", Tone::Waiting),
        DirectoryFinding::Found { guest: false, .. } => {
            Tag::new("Account in your organization", Tone::Well)
        }
        DirectoryFinding::Found { guest: true, .. } => {
            Tag::new("A guest in your organization", Tone::Plain)
        }
        DirectoryFinding::Missing => Tag::new(
            "No account in your organization with this address",
            Tone::Plain,
        ),
        DirectoryFinding::Ambiguous => {
            Tag::new("More than one account with this address", Tone::Wrong)
        }
    }
}

/// `/manage/members/{id}`
pub async fn show(admin: GlobalAdministrator, Path((_, id)): Path<(String, String)>) -> Answer {
    let (store, sight) = (&admin.app.store, &admin.sight);
    let member = find(&admin, &id).await?;
    let last_seen = sessions::last_seen(store, sight, member.id)
        .await?
        .map_or_else(
            || "Not signed in".to_owned(),
            |at| times::moment(at, admin.app.clock.now(), admin.member().into()),
        );
    let integration = integrations::find(store, sight).await?;
    let directory = if integration.state.may_call() {
        let looked_up = directory::list(store, sight, &[member.id]).await?;
        looked_up
            .get(&member.id)
            .map(|lookup| found(&lookup.finding))
    } else {
        None
    };
    let mut enrolments = tracks::enrolments_within(store, sight, &[member.id]).await?;
    let tracks = enrolments
        .remove(&member.id)
        .unwrap_or_default()
        .into_iter()
        .map(|(track, roles)| {
            let roles: Vec<&str> = roles.iter().map(mentoring::role::Role::label).collect();
            (track.name, roles.join(", "))
        })
        .collect();
    let standing = match member.state {
        MemberState::Active => Standing::Active {
            kept: kept(&admin, &member).await?,
        },
        MemberState::Invited => Standing::Invited,
        MemberState::Deactivated => Standing::Deactivated,
    };
    view(&super::pages::members::Member {
        frame: admin.frame(Here::Manage).await?,
        id: member.id.to_string(),
        face: admin.faces(&[&member]).await?.remove(0),
        email: member.email.to_string(),
        tag: tag(member.state),
        global_administrator: member.global_administrator,
        zone: member.time_zone.clone(),
        last_seen,
        tracks,
        directory,
        standing,
        invitation: admin.app.find_unsent_invitation(sight, &member).await?,
    })
}

/// `/manage/members/{id}/deactivation`
pub async fn ask_deactivation(
    admin: GlobalAdministrator,
    Path((_, id)): Path<(String, String)>,
) -> Answer {
    let member = find(&admin, &id).await?;
    let ahead = meetings::count_future_of(&admin.app.store, &admin.sight, member.id).await?;
    let mut touches = vec!["They are signed out everywhere within seconds.".to_owned()];
    if ahead > 0 {
        let planned = counted(ahead, "planned meeting", "planned meetings");
        touches.push(format!(
            "They are taken out of {planned}. What they organize, or what has nobody else to meet, is cancelled, and everyone in it is told."
        ));
    }
    touches.push("You can reactivate them at any time.".to_owned());
    let mut errors = Errors::none();
    errors.refusal = kept(&admin, &member).await?;
    view(&Deactivation {
        frame: admin.frame(Here::Manage).await?,
        id: member.id.to_string(),
        face: admin.faces(&[&member]).await?.remove(0),
        touches,
        errors,
    })
}

fn address(admin: &GlobalAdministrator, member: &Member) -> String {
    admin.to(&format!("manage/members/{}", member.id))
}

/// `POST /manage/members/{id}/deactivation`
pub async fn deactivate(
    admin: GlobalAdministrator,
    Path((_, id)): Path<(String, String)>,
) -> Answer {
    let member = find(&admin, &id).await?;
    let acting = admin.acting();
    admin.app.deactivate_member(acting, member.id).await?;
    let sentence = format!("{} is deactivated.", member.name());
    see_and_say(&address(&admin, &member), &sentence)
}

/// `POST /manage/members/{id}/reactivation`
pub async fn reactivate(
    admin: GlobalAdministrator,
    Path((_, id)): Path<(String, String)>,
) -> Answer {
    let member = find(&admin, &id).await?;
    let acting = admin.acting();
    admin.app.reactivate_member(acting, member.id).await?;
    let sentence = format!("{} is active again.", member.name());
    see_and_say(&address(&admin, &member), &sentence)
}

/// Whether somebody is to run the organization.
#[derive(Debug)]
pub struct Grant(bool);

impl FromFields for Grant {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        match fields.one("grant")?.as_str() {
            "yes" => Ok(Self(true)),
            "no" => Ok(Self(false)),
            _ => Err(Failed::Refused(
                StatusCode::BAD_REQUEST,
                "The form does not say whether to make them an administrator.".to_owned(),
            )),
        }
    }
}

/// `POST /manage/members/{id}/administrator`
pub async fn change_administrator(
    admin: GlobalAdministrator,
    Path((_, id)): Path<(String, String)>,
    Form(Grant(grant)): Form<Grant>,
) -> Answer {
    let member = find(&admin, &id).await?;
    let acting = admin.acting();
    admin
        .app
        .change_administrator(acting, member.id, grant)
        .await?;
    if member.id == acting.actor.member && !grant {
        return see(&admin.to(""));
    }
    let name = member.name();
    let sentence = if grant {
        format!("{name} is a global administrator now.")
    } else {
        format!("{name} is an ordinary member now.")
    };
    see_and_say(&address(&admin, &member), &sentence)
}

/// `POST /manage/members/{id}/invitation`
pub async fn invite_again(
    admin: GlobalAdministrator,
    Path((_, id)): Path<(String, String)>,
) -> Answer {
    let member = find(&admin, &id).await?;
    admin.app.invite_again(admin.acting(), member.id).await?;
    let sentence = format!(
        "A new invitation goes to {}. The earlier link no longer works.",
        member.email
    );
    see_and_say(&address(&admin, &member), &sentence)
}
