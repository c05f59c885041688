//! Who acts. A handler that asks for one of these cannot be entered by anybody else
//! the refusal is the extractor's.

use std::ops::Deref;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use mentoring::integration::IntegrationState;
use mentoring::member::Member;
use mentoring::organization::MemberId;
use mentoring::role::Sight;
use mentoring::track::Track;

use super::answer::Failed;
use super::caller::{self, Caller, SESSION};
use super::local;
use super::pages::frame::{Banner, Frame, Here, MemberMark, OrganizationMark, TrackMark};
use super::pages::shown::{Face, Way};
use crate::app::{Acting, App, ReadOnly, sessions};
use crate::request;
use crate::store::fence::{self, Fence};
use crate::store::organizations::{self, Organization};
use crate::store::{directory, integrations, meetings, tracks};

/// Somebody in an organization whose address this is, signed in there.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// What this instance knows and can do.
    pub app: App,
    /// Their request.
    pub caller: Caller,
    /// Their session, with who they are and what they may do.
    pub session: sessions::SignedIn,
    /// What they may see: the first thing that every read asks for.
    pub sight: Sight,
}

impl SignedIn {
    /// Who acts, and from where.
    pub fn acting(&self) -> &Acting {
        &self.session.acting
    }

    /// The member.
    pub fn member(&self) -> &Member {
        &self.session.member
    }

    /// The address of a page of their organization.
    pub fn to(&self, page: &str) -> String {
        if page.is_empty() {
            format!("/{}", self.session.slug)
        } else {
            format!("/{}/{page}", self.session.slug)
        }
    }

    /// What a page that is shown now is made of: it stays as it is until something in the
    /// organization changes, or a minute has passed.
    fn stamp(&self) -> String {
        let minute = self.app.clock.now().as_second().div_euclid(60);
        format!("{}.{minute}", self.session.changes)
    }

    /// What surrounds a page that they see.
    pub async fn frame(&self, here: Here) -> Result<Frame, Failed> {
        let tracks = tracks::list(&self.app.store, &self.sight).await?;
        self.frame_with(here, &tracks).await
    }

    /// The same where the tracks within their sight are at hand already.
    pub async fn frame_with(&self, here: Here, tracks: &[Track]) -> Result<Frame, Failed> {
        let manages = self.acting().actor.may_manage_organization();
        let banner = match fence::find(self.app.store.read()).await? {
            Some(fence) => Some(fenced(&fence, manages)),
            None => self.banner().await?,
        };
        let me = self.member();
        let photo = self.session.has_photo;
        Ok(Frame {
            organization: Some(OrganizationMark {
                slug: self.session.slug.clone(),
                name: self.session.organization_name.clone(),
            }),
            member: Some(MemberMark {
                face: self.face(me.id, &me.first_name, &me.last_name, photo),
                email: me.email.to_string(),
            }),
            tracks: tracks
                .iter()
                .map(|track| TrackMark {
                    slug: track.slug.clone(),
                    name: track.name.clone(),
                })
                .collect(),
            manages,
            here,
            theme: caller::theme(&self.session.theme),
            address: self.caller.address.clone(),
            stamp: Some(self.stamp()),
            flash: self.caller.flash(),
            banner,
        })
    }

    /// That Teams needs attention, for those who have to do with it: global administrators,
    /// and track administrators for the meetings of their own tracks.
    async fn banner(&self) -> Result<Option<Banner>, Failed> {
        let store = &self.app.store;
        let manages = self.acting().actor.may_manage_organization();
        if !manages && self.sight.administers.is_empty() {
            return Ok(None);
        }
        let integration = integrations::find(store, &self.sight).await?;
        let IntegrationState::NeedsAttention(cause) = integration.state else {
            return Ok(None);
        };
        if manages {
            return Ok(Some(Banner {
                text: cause.sentence_for_administrator().to_owned(),
                way: Some(Way::new(
                    "Look at the integration",
                    self.to("manage/integrations/teams"),
                )),
            }));
        }
        if cause.heals_by_itself() {
            return Ok(None);
        }
        let planned = meetings::count_future_teams(store, &self.sight).await?;
        let planned: u64 = planned.values().sum();
        let affected = match planned {
            0 => "No planned meeting of your tracks is affected yet.".to_owned(),
            1 => "One planned meeting of your tracks is affected.".to_owned(),
            many => format!("{many} planned meetings of your tracks are affected."),
        };
        Ok(Some(Banner {
            text: format!(
                "Microsoft Teams needs attention, and your global administrators know. {affected} Links that work go on working."
            ),
            way: None,
        }))
    }

    /// How these people look, in their order.
    pub async fn faces(&self, people: &[&Member]) -> Result<Vec<Face>, Failed> {
        let ids: Vec<_> = people.iter().map(|person| person.id).collect();
        let with_photo = directory::with_photo(&self.app.store, &self.sight, &ids).await?;
        let face = |person: &&Member| {
            let has_photo = with_photo.contains(&person.id);
            self.face(person.id, &person.first_name, &person.last_name, has_photo)
        };
        Ok(people.iter().map(face).collect())
    }

    /// How somebody looks of whom it is known whether there is a photo.
    pub fn face(&self, id: MemberId, first_name: &str, last_name: &str, has_photo: bool) -> Face {
        let photo = has_photo.then(|| self.to(&format!("people/{id}/photo")));
        Face::new(first_name, last_name).with_photo(photo)
    }
}

/// Administrators learn what to do; everybody else what it means for them.
fn fenced(fence: &Fence, manages: bool) -> Banner {
    let text = if manages {
        format!(
            "{} Nothing is sent, nothing is asked of Microsoft and nothing can be changed until whoever runs Ithaca confirms with `ithaca unfence` that no other one is in use.",
            fence.because
        )
    } else {
        ReadOnly::Fenced.sentence().to_owned()
    };
    Banner { text, way: None }
}

async fn slug(parts: &mut Parts, app: &App) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, app).await.ok()?;
    params
        .iter()
        .find(|(name, _)| *name == "slug")
        .map(|(_, value)| value.to_owned())
}

/// Who the browser is, in whichever organization.
pub async fn resolve(caller: &Caller) -> Result<Option<SignedIn>, Failed> {
    let Some(cookie) = caller.cookies.get(SESSION) else {
        return Ok(None);
    };
    let session = caller.app.resolve(cookie, &caller.network_address).await?;
    if let Some(session) = &session {
        request::belongs_to(session.acting.actor.organization);
    }
    Ok(session.map(|session| SignedIn {
        app: caller.app.clone(),
        sight: session.acting.sight(),
        caller: caller.clone(),
        session,
    }))
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Failed;

    /// Another organization than one's own is answered like one that does not exist.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let slug = slug(parts, app).await.ok_or(Failed::NotFound)?;
        let caller = Caller::of(app, parts);
        if let Some(signed_in) = resolve(&caller).await? {
            return if signed_in.session.slug != slug {
                Err(Failed::NotFound)
            } else if caller.shown.is_some_and(|shown| shown == signed_in.stamp()) {
                Err(Failed::Unchanged)
            } else {
                Ok(signed_in)
            };
        }
        let organization = organizations::find_by_slug(&app.store, &slug)
            .await?
            .ok_or(Failed::NotFound)?;
        if caller.wants_fragment {
            return Err(Failed::Stale);
        }
        Err(Failed::SignIn(local::with_query(
            &format!("/{}/sign-in", organization.slug),
            &[("return_to", &caller.address)],
        )))
    }
}

/// A global administrator. For everybody else there is nothing here.
#[derive(Clone, Debug)]
pub struct GlobalAdministrator(pub SignedIn);

impl Deref for GlobalAdministrator {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

impl FromRequestParts<App> for GlobalAdministrator {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let signed_in = SignedIn::from_request_parts(parts, app).await?;
        if signed_in.acting().actor.may_manage_organization() {
            Ok(Self(signed_in))
        } else {
            Err(Failed::NotFound)
        }
    }
}

/// Somebody at the door of an organization, signed in or not.
#[derive(Clone, Debug)]
pub struct AtDoor {
    /// What this instance knows and can do.
    pub app: App,
    /// Their request.
    pub caller: Caller,
    /// Whose door.
    pub organization: Organization,
}

impl AtDoor {
    /// What surrounds the pages in front of the door.
    pub fn frame(&self) -> Frame {
        self.caller.frame(Some(&self.organization))
    }

    /// The address of a page of the organization.
    pub fn to(&self, page: &str) -> String {
        format!("/{}/{page}", self.organization.slug)
    }
}

impl FromRequestParts<App> for AtDoor {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let slug = slug(parts, app).await.ok_or(Failed::NotFound)?;
        let organization = organizations::find_by_slug(&app.store, &slug)
            .await?
            .ok_or(Failed::NotFound)?;
        Ok(Self {
            app: app.clone(),
            caller: Caller::of(app, parts),
            organization,
        })
    }
}
