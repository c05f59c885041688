//! Program Settings, Teams accounts: for whom Teams is, for whom not and why, and the way
//! to name an account by hand.

use axum::extract::Path;
use mentoring::eligibility::{self, Question, Reason};
use mentoring::member::Member;
use mentoring::organization::MemberId;
use mentoring::track::Track;

use super::{address, administered, mark};
use crate::store::directory::{self, Lookup};
use crate::store::integrations::{self, Integration};
use crate::store::tracks;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, id, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::pages::frame::Here;
use crate::web::pages::shown::{Tag, Tone};
use crate::web::pages::tracks::{TeamsAccount, TeamsAccounts};
use crate::web::{csv, times};

/// The account that is to be somebody's; nothing for the one of their own address.
#[derive(Debug)]
pub struct Named(String);

impl FromFields for Named {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self(fields.one("account")?))
    }
}

/// Whether Teams is for somebody (S3, S10), and otherwise the most personal reason; nothing
/// while there is no connection to ask about.
fn decided(
    integration: &Integration,
    track: &Track,
    person: &Member,
    lookup: &Lookup,
) -> Option<Result<(), Reason>> {
    if !integration.state.is_connected() {
        return None;
    }
    let decided = eligibility::decide(&Question {
        integration: &integration.state,
        modes: &track.modes,
        member_state: person.state,
        finding: &lookup.finding,
    });
    match decided {
        Ok(_) => Some(Ok(())),
        Err(reasons) => reasons.last().map(|reason| Err(*reason)),
    }
}

/// The same as a mark beside a person.
pub(super) fn tag(
    integration: &Integration,
    track: &Track,
    person: &Member,
    lookup: &Lookup,
    organization: &str,
) -> Option<Tag> {
    Some(match decided(integration, track, person, lookup)? {
        Ok(()) => Tag::new(
            format!("In {organization}'s Microsoft directory"),
            Tone::Well,
        ),
        Err(reason @ Reason::BeingChecked) => Tag::new(reason.for_administrator(), Tone::Waiting),
        Err(reason) => Tag::new(reason.for_administrator(), Tone::Plain),
    })
}

/// Everybody of the track with what the directory said of them.
async fn looked_up(actor: &SignedIn, track: &Track) -> Result<Vec<(Member, Lookup)>, Failed> {
    let (store, sight) = (&actor.app.store, &actor.sight);
    let people: Vec<Member> = tracks::list_participants(store, sight, track.id)
        .await?
        .into_iter()
        .map(|participant| participant.member)
        .collect();
    let ids: Vec<MemberId> = people.iter().map(|person| person.id).collect();
    let mut lookups = directory::list(store, sight, &ids).await?;
    Ok(people
        .into_iter()
        .map(|person| {
            let lookup = lookups
                .remove(&person.id)
                .unwrap_or_else(|| Lookup::none(person.id));
            (person, lookup)
        })
        .collect())
}

/// What was typed for whom, and why it was refused.
struct Refused {
    member: MemberId,
    typed: String,
    sentence: String,
}

async fn page(
    actor: &SignedIn,
    track: &Track,
    refused: Option<&Refused>,
) -> Result<TeamsAccounts, Failed> {
    let integration = integrations::find(&actor.app.store, &actor.sight).await?;
    let people = looked_up(actor, track).await?;
    let organization = &actor.session.organization_name;
    let now = actor.app.clock.now();
    let reader = actor.member().into();
    let account = |(person, lookup): &(Member, Lookup)| {
        let refused = refused.filter(|refused| refused.member == person.id);
        TeamsAccount {
            id: person.id.to_string(),
            name: person.name(),
            email: person.email.to_string(),
            state: tag(&integration, track, person, lookup, organization),
            account: lookup
                .account
                .as_ref()
                .map(|account| account.user_principal_name.clone()),
            looked_up: lookup.looked_up_at.map(|at| times::moment(at, now, reader)),
            by_hand: lookup.mapped_address.is_some(),
            typed: refused.map_or_else(
                || lookup.mapped_address.clone().unwrap_or_default(),
                |refused| refused.typed.clone(),
            ),
            error: refused.map(|refused| refused.sentence.clone()),
        }
    };
    Ok(TeamsAccounts {
        people: people.iter().map(account).collect(),
        closed: (!integration.state.is_connected()).then(|| integration.state.why_not_offered()),
        frame: actor.frame(Here::Track(track.slug.clone())).await?,
        track: mark(track),
    })
}

/// `/tracks/{track}/settings/teams`
pub async fn show(actor: SignedIn, Path((_, slug)): Path<(String, String)>) -> Answer {
    let track = administered(&actor, &slug).await?;
    view(&page(&actor, &track, None).await?)
}

/// `POST /tracks/{track}/settings/teams/{id}`
pub async fn map(
    actor: SignedIn,
    Path((_, slug, member)): Path<(String, String, String)>,
    Form(Named(typed)): Form<Named>,
) -> Answer {
    let track = administered(&actor, &slug).await?;
    let member = MemberId(id(&member)?);
    let acting = actor.acting();
    match actor
        .app
        .map_account(acting, track.id, member, &typed)
        .await
    {
        Ok(()) => see_and_say(
            &address(&actor, &track, "teams"),
            "Ithaca is looking the account up. This takes a moment.",
        ),
        Err(error) => {
            let refused = refused(error)?;
            let sentences: Vec<String> = refused.refusals.iter().map(ToString::to_string).collect();
            let about = Refused {
                member,
                typed,
                sentence: sentences.join(" "),
            };
            view_as(refused.status, &page(&actor, &track, Some(&about)).await?)
        }
    }
}

/// `/tracks/{track}/settings/teams.csv`
pub async fn export(actor: SignedIn, Path((_, slug)): Path<(String, String)>) -> Answer {
    let track = administered(&actor, &slug).await?;
    let integration = integrations::find(&actor.app.store, &actor.sight).await?;
    let rows = looked_up(&actor, &track)
        .await?
        .into_iter()
        .map(|(person, lookup)| {
            let (may, reason) = match decided(&integration, &track, &person, &lookup) {
                Some(Ok(())) => ("yes", ""),
                Some(Err(reason)) => ("no", reason.for_administrator()),
                None => ("no", Reason::NotIntegrated.for_administrator()),
            };
            [
                person.name(),
                person.email.to_string(),
                may.to_owned(),
                reason.to_owned(),
                lookup
                    .account
                    .map(|account| account.user_principal_name)
                    .unwrap_or_default(),
                lookup.mapped_address.unwrap_or_default(),
                lookup
                    .looked_up_at
                    .map(|at| at.to_string())
                    .unwrap_or_default(),
            ]
        });
    let heads = [
        "Name",
        "E-mail",
        "May use Teams",
        "Why not",
        "Microsoft account",
        "Named by hand",
        "Looked up",
    ];
    csv::file(&format!("teams-accounts-{}", track.slug), heads, rows)
}
