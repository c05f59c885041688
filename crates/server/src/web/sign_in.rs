//! Coming in and going out: choosing the organization, signing in, invitations,
//! forgotten passwords.

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

use super::actor::{self, AtDoor, SignedIn};
use super::answer::{self, Answer, Failed, Said, refused, see, view, view_as, with_cookie};
use super::caller::{self, Caller, SESSION, THEME};
use super::form::{Fields, Form, FromFields, Query};
use super::local;
use super::pages::failure::Failure;
use super::pages::form::Errors;
use super::pages::shown::{Face, Way};
use super::pages::sign_in::{
    Choose, Demo, DemoOrganization, DemoPerson, Forgotten, Invitation, NewPassword, SignIn,
};
use crate::app::App;
use crate::app::sessions::Offered;
use crate::store::access_links::Purpose;
use crate::store::organizations;
use mentoring::member::Member;
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::role::{Role, Roles};

/// The longest that browsers keep a cookie (RFC 6265bis, 5.5); a session ends by the
/// server's word.
const KEPT: u32 = 400 * 24 * 60 * 60;

/// The organization that is looked for.
pub struct Wanted {
    organization: String,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            organization: fields.one("organization")?,
        })
    }
}

/// The instance's first page.
pub async fn choose(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let demo = demo(&app, None).await?;
    let mut page = Choose {
        frame: caller.frame(None),
        errors: Errors::none(),
        organization: wanted.organization.trim().to_lowercase(),
        demo,
    };
    if page.demo.is_none()
        && let Some(signed_in) = actor::resolve(&caller).await?
    {
        return see(&signed_in.to(""));
    }
    if page.organization.is_empty() {
        return view(&page);
    }
    if let Some(found) = organizations::find_by_slug(&app.store, &page.organization).await? {
        return see(&format!("/{}/sign-in", found.slug));
    }
    page.errors.push(
        "organization",
        "No organization here has that name. Look at the address that you were given.",
    );
    view_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// The people of the demo: of all organizations, or of one.
async fn demo(app: &App, only: Option<OrganizationId>) -> Result<Option<Demo>, Failed> {
    if !app.instance.offers_people {
        return Ok(None);
    }
    let offered = app.offered_people().await?;
    let places = app.instance.demo.as_ref();
    let ways = places.map_or(Vec::new(), |places| {
        vec![
            Way::new("The pretend Microsoft tenant", &places.sandbox_url),
            Way::new("Everybody's mailboxes", &places.mail_url),
        ]
    });
    Ok(Some(Demo {
        organizations: offered
            .into_iter()
            .filter(|offered| only.is_none_or(|id| offered.organization.id == id))
            .map(shown)
            .collect(),
        ways,
    }))
}

fn shown(offered: Offered) -> DemoOrganization {
    let person = |(member, roles): &(Member, Vec<(String, Roles)>)| DemoPerson {
        id: member.id.to_string(),
        face: Face::new(&member.first_name, &member.last_name),
        line: standing(member, roles),
    };
    DemoOrganization {
        people: offered.people.iter().map(person).collect(),
        slug: offered.organization.slug,
        name: offered.organization.name,
    }
}

/// "Global administrator"; "Mentor in New Managers".
fn standing(member: &Member, roles: &[(String, Roles)]) -> String {
    let administrator = member
        .global_administrator
        .then(|| "Global administrator".to_owned());
    let in_tracks = roles.iter().map(|(track, roles)| {
        let labels: Vec<&str> = roles.iter().map(Role::label).collect();
        format!("{} in {track}", labels.join(" and "))
    });
    let all: Vec<String> = administrator.into_iter().chain(in_tracks).collect();
    if all.is_empty() {
        "In no track yet".to_owned()
    } else {
        all.join(" · ")
    }
}

/// Where one wanted to go before one was asked to sign in.
pub struct ReturnTo(String);

impl FromFields for ReturnTo {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self(fields.one("return_to")?))
    }
}

/// The sign-in page.
pub async fn show(door: AtDoor, Query(ReturnTo(return_to)): Query<ReturnTo>) -> Answer {
    let slug = &door.organization.slug;
    if !door.app.instance.offers_people
        && let Some(signed_in) = actor::resolve(&door.caller).await?
        && signed_in.session.slug == *slug
    {
        return see(local::page(&return_to, slug).unwrap_or(&signed_in.to("")));
    }
    view(&sign_in_page(&door, String::new(), return_to, Errors::none()).await?)
}

async fn sign_in_page(
    door: &AtDoor,
    email: String,
    return_to: String,
    errors: Errors,
) -> Result<SignIn, Failed> {
    let mut frame = door.frame();
    frame.address = door.to("sign-in");
    Ok(SignIn {
        frame,
        demo: demo(&door.app, Some(door.organization.id)).await?,
        errors,
        email,
        return_to,
    })
}

/// What a sign-in says.
pub struct Credentials {
    email: String,
    password: SecretString,
    return_to: String,
    person: Option<String>,
}

impl FromFields for Credentials {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            email: fields.one("email")?,
            password: fields.one("password")?.into(),
            return_to: fields.one("return_to")?,
            person: fields.optional("person")?,
        })
    }
}

/// Signs in.
pub async fn sign_in(door: AtDoor, Form(form): Form<Credentials>) -> Answer {
    let organization = door.organization.id;
    let address = &door.caller.network_address;
    let signed_in = match &form.person {
        Some(person) => {
            let person = MemberId(answer::id(person)?);
            door.app.sign_in_as(organization, person, address).await
        }
        None => {
            door.app
                .sign_in(organization, &form.email, &form.password, address)
                .await
        }
    };
    match signed_in {
        Ok(secret) => come_in(&door, &secret, &form.return_to).await,
        Err(error) => {
            let refused = refused(error)?;
            let page = sign_in_page(&door, form.email, form.return_to, refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}

/// Ends what this browser was before, gives it its cookie, and looks whether it kept it.
async fn come_in(door: &AtDoor, secret: &SecretString, return_to: &str) -> Answer {
    if let Some(before) = actor::resolve(&door.caller).await? {
        door.app.sign_out(&before.session).await?;
    }
    let next = local::with_query(&door.to("signed-in"), &[("return_to", return_to)]);
    with_cookie(
        see(&next)?,
        caller::keep(SESSION, secret.expose_secret(), Some(KEPT)),
    )
}

/// Whether the browser kept the cookie.
pub async fn signed_in(door: AtDoor, Query(ReturnTo(return_to)): Query<ReturnTo>) -> Answer {
    let slug = &door.organization.slug;
    let came = actor::resolve(&door.caller).await?;
    if came.is_some_and(|signed_in| signed_in.session.slug == *slug) {
        return see(local::page(&return_to, slug).unwrap_or(&format!("/{slug}")));
    }
    let mut frame = door.frame();
    frame.address = door.to("sign-in");
    view_as(StatusCode::BAD_REQUEST, &Failure::cookie_refused(frame))
}

/// Signs out here.
pub async fn sign_out(signed_in: SignedIn) -> Answer {
    signed_in.app.sign_out(&signed_in.session).await?;
    go_out(&signed_in)
}

/// Signs out in all browsers.
pub async fn sign_out_everywhere(signed_in: SignedIn) -> Answer {
    signed_in
        .app
        .sign_out_everywhere(signed_in.acting())
        .await?;
    go_out(&signed_in)
}

fn go_out(signed_in: &SignedIn) -> Answer {
    let mut response: Response =
        answer::see_and_say(&signed_in.to("sign-in"), "You are signed out.")?;
    response.headers_mut().insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\", \"storage\""),
    );
    with_cookie(response, caller::forget(SESSION))
}

/// How pages are to look.
pub struct Look {
    theme: String,
    return_to: String,
}

impl FromFields for Look {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            theme: fields.one("theme")?,
            return_to: fields.one("return_to")?,
        })
    }
}

/// Light or dark.
pub async fn change_theme(caller: Caller, Form(look): Form<Look>) -> Answer {
    let theme = caller::theme(&look.theme).key();
    if let Some(signed_in) = actor::resolve(&caller).await? {
        caller.app.change_theme(signed_in.acting(), theme).await?;
    }
    with_cookie(
        see(local::path(&look.return_to).unwrap_or("/"))?,
        caller::keep(THEME, theme, Some(KEPT)),
    )
}

/// A password that is chosen. The address beside it is for the browser's own memory.
pub struct Chosen {
    password: SecretString,
}

impl FromFields for Chosen {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        fields.one("email")?;
        Ok(Self {
            password: fields.one("password")?.into(),
        })
    }
}

async fn holder(door: &AtDoor, code: &str, purpose: Purpose) -> Result<Member, Failed> {
    let found = door
        .app
        .find_access(door.organization.id, code, purpose)
        .await;
    found.map_err(|error| match Failed::from(error) {
        Failed::NotFound => used_up(door, purpose),
        other => other,
    })
}

fn used_up(door: &AtDoor, purpose: Purpose) -> Failed {
    let (sentence, way) = match purpose {
        Purpose::Invitation => (
            "It works once and for two weeks. If you have chosen a password, sign in with it; otherwise ask whoever invited you for another one.",
            Way::new("Sign in", door.to("sign-in")),
        ),
        Purpose::Reset => (
            "It works once and for one hour, and only the newest one counts.",
            Way::new("Ask for another link", door.to("sign-in/forgotten")),
        ),
    };
    Failed::Said(Box::new(Said {
        status: StatusCode::NOT_FOUND,
        heading: "This link no longer works".to_owned(),
        sentences: vec![sentence.to_owned()],
        ways: vec![way],
    }))
}

fn invitation_page(door: &AtDoor, code: &str, member: &Member, errors: Errors) -> Invitation {
    Invitation {
        frame: door.frame(),
        action: door.to(&format!("invitation/{code}")),
        organization: door.organization.name.clone(),
        first_name: member.first_name.clone(),
        email: member.email.to_string(),
        errors,
    }
}

/// An invitation.
pub async fn invitation(door: AtDoor, Path((_, code)): Path<(String, String)>) -> Answer {
    let member = holder(&door, &code, Purpose::Invitation).await?;
    view(&invitation_page(&door, &code, &member, Errors::none()))
}

/// Accepts an invitation.
pub async fn accept_invitation(
    door: AtDoor,
    Path((_, code)): Path<(String, String)>,
    Form(chosen): Form<Chosen>,
) -> Answer {
    let member = holder(&door, &code, Purpose::Invitation).await?;
    match set_password(&door, &code, Purpose::Invitation, &chosen).await? {
        Ok(secret) => come_in(&door, &secret, "").await,
        Err(refused) => view_as(
            refused.status,
            &invitation_page(&door, &code, &member, refused.errors),
        ),
    }
}

async fn set_password(
    door: &AtDoor,
    code: &str,
    purpose: Purpose,
    chosen: &Chosen,
) -> Result<Result<SecretString, answer::Refused>, Failed> {
    let address = &door.caller.network_address;
    let set = door
        .app
        .set_password(
            door.organization.id,
            code,
            purpose,
            &chosen.password,
            address,
        )
        .await;
    match set {
        Ok(secret) => Ok(Ok(secret)),
        Err(error) => match refused(error) {
            Ok(refused) => Ok(Err(refused)),
            // Of two uses at once, the other one won.
            Err(Failed::NotFound) => Err(used_up(door, purpose)),
            Err(failed) => Err(failed),
        },
    }
}

/// Where a new password is asked for.
pub async fn forgotten(door: AtDoor) -> Answer {
    view(&Forgotten {
        frame: door.frame(),
        email: String::new(),
        errors: Errors::none(),
        sent: None,
    })
}

/// Whose password was forgotten.
pub struct Whose {
    email: String,
}

impl FromFields for Whose {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            email: fields.one("email")?,
        })
    }
}

/// Sends a link for a new password, if there is anybody to send it to.
pub async fn ask_reset(door: AtDoor, Form(Whose { email }): Form<Whose>) -> Answer {
    let mut page = Forgotten {
        frame: door.frame(),
        email,
        errors: Errors::none(),
        sent: None,
    };
    match door.app.ask_reset(&door.organization, &page.email).await {
        Ok(()) => {
            page.sent = Some(page.email.trim().to_owned());
            view(&page)
        }
        Err(error) => {
            let refused = refused(error)?;
            page.errors = refused.errors;
            view_as(refused.status, &page)
        }
    }
}

fn password_page(door: &AtDoor, code: &str, member: &Member, errors: Errors) -> NewPassword {
    NewPassword {
        frame: door.frame(),
        action: door.to(&format!("password/{code}")),
        email: member.email.to_string(),
        errors,
    }
}

/// The link from the mail.
pub async fn password(door: AtDoor, Path((_, code)): Path<(String, String)>) -> Answer {
    let member = holder(&door, &code, Purpose::Reset).await?;
    view(&password_page(&door, &code, &member, Errors::none()))
}

/// Sets another password.
pub async fn change_password(
    door: AtDoor,
    Path((_, code)): Path<(String, String)>,
    Form(chosen): Form<Chosen>,
) -> Answer {
    let member = holder(&door, &code, Purpose::Reset).await?;
    match set_password(&door, &code, Purpose::Reset, &chosen).await? {
        Ok(secret) => come_in(&door, &secret, "").await,
        Err(refused) => view_as(
            refused.status,
            &password_page(&door, &code, &member, refused.errors),
        ),
    }
}
