//! Members: invited, active, deactivated; administrators or not.

use mentoring::event::Event;
use mentoring::member::{self, EmailAddress, Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::refusal::Refusal;
use secrecy::ExposeSecret;

use super::{Acting, App, AppError, Done, record};
use crate::store::access_links::{self, Purpose};
use crate::store::audit::{self, Author};
use crate::store::organizations::Organization;
use crate::store::{
    StoreError, Tx, api_tokens, calendar_feeds, directory, integrations, members, organizations,
    sessions,
};
use crate::wake::Reconciler;

/// The languages that Ithaca writes (BCP 47 tags), and what they call themselves.
pub const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("en-US", "English (United States)")];

/// What an invitation form says.
#[derive(Clone, Debug, Default)]
pub struct NewMember {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// Whether they will run the organization.
    pub global_administrator: bool,
}

impl App {
    /// Invites somebody into the actor's organization; the link goes to them by mail.
    pub async fn invite_member(&self, acting: &Acting, new: &NewMember) -> Done<MemberId> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let organization = organizations::find(&self.store, acting.actor.organization)
            .await?
            .ok_or(AppError::NotFound)?;
        let (member, event) = self.new_member(&organization, new)?;
        let tx = self.store.begin(organization.id).await?;
        add(&tx, &member).await?;
        record(&tx, acting, &event).await?;
        self.send_invitation(&tx, &organization, &member, &acting.actor.name)
            .await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Outbox);
        Ok(member.id)
    }

    /// Invites a member in the operator's name and answers the address that sets their
    /// password, for an instance whose mail is not set up yet.
    pub async fn invite_as_operator(
        &self,
        organization: &Organization,
        new: &NewMember,
    ) -> Done<String> {
        let (member, event) = self.new_member(organization, new)?;
        let tx = self.store.begin(organization.id).await?;
        add(&tx, &member).await?;
        audit::append(&tx, organization.id, &Author::operator(), &event).await?;
        let address = self
            .access_address(&tx, organization, member.id, Purpose::Invitation)
            .await?;
        tx.commit().await?;
        Ok(address.expose_secret().to_owned())
    }

    /// Sends an invited member a new link; the earlier one is void.
    pub async fn invite_again(&self, acting: &Acting, id: MemberId) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let organization = organizations::find(&self.store, acting.actor.organization)
            .await?
            .ok_or(AppError::NotFound)?;
        let tx = self.store.begin(organization.id).await?;
        let member = members::find_in(&tx, organization.id, id)
            .await?
            .ok_or(AppError::NotFound)?;
        if member.state != MemberState::Invited {
            return Err(AppError::Conflict(
                "This person has accepted their invitation already.".to_owned(),
            ));
        }
        self.send_invitation(&tx, &organization, &member, &acting.actor.name)
            .await?;
        record(
            &tx,
            acting,
            &Event::MemberInvited {
                member: id,
                name: member.name(),
                email: member.email.clone(),
                global_administrator: member.global_administrator,
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Outbox);
        Ok(())
    }

    fn new_member(&self, organization: &Organization, new: &NewMember) -> Done<(Member, Event)> {
        let mut refusals = Vec::new();
        let mut keep = |refusal| refusals.push(refusal);
        let first_name = member::check_name(&new.first_name, "first_name")
            .map_err(&mut keep)
            .ok();
        let last_name = member::check_name(&new.last_name, "last_name")
            .map_err(&mut keep)
            .ok();
        let email = EmailAddress::parse(&new.email).map_err(&mut keep).ok();
        let (Some(first_name), Some(last_name), Some(email)) = (first_name, last_name, email)
        else {
            return Err(AppError::Refused(refusals));
        };
        let member = Member {
            id: MemberId(self.randomness.uuid_v7(self.clock.now())),
            organization: organization.id,
            first_name,
            last_name,
            email,
            time_zone: organization.time_zone.clone(),
            language: organization.language.clone(),
            state: MemberState::Invited,
            global_administrator: new.global_administrator,
        };
        let event = Event::MemberInvited {
            member: member.id,
            name: member.name(),
            email: member.email.clone(),
            global_administrator: member.global_administrator,
        };
        Ok((member, event))
    }

    /// Ends a member's access at once: sessions, links, everything. They are taken
    /// out of the meetings that lie ahead.
    pub async fn deactivate_member(&self, acting: &Acting, id: MemberId) -> Done<()> {
        self.change_member(acting, id, async |tx, target, others| {
            let event = member::deactivate(&acting.actor, target, others)?;
            sessions::delete_of_member(tx, target.organization, target.id).await?;
            access_links::delete_of_member(tx, target.organization, target.id).await?;
            api_tokens::delete_of_member(tx, target.organization, target.id).await?;
            calendar_feeds::delete_of_member(tx, target.organization, target.id).await?;
            let reason = format!("{} has left the organization.", target.name());
            self.leave_meetings(tx, acting, id, None, &reason).await?;
            Ok((
                Member {
                    state: MemberState::Deactivated,
                    ..target.clone()
                },
                event,
            ))
        })
        .await
    }

    /// Lets a deactivated member in again.
    pub async fn reactivate_member(&self, acting: &Acting, id: MemberId) -> Done<()> {
        self.change_member(acting, id, async |_, target, _| {
            let event = member::reactivate(&acting.actor, target)?;
            Ok((
                Member {
                    state: MemberState::Active,
                    ..target.clone()
                },
                event,
            ))
        })
        .await
    }

    /// Makes a member a global administrator, or no longer one.
    pub async fn change_administrator(
        &self,
        acting: &Acting,
        id: MemberId,
        administrator: bool,
    ) -> Done<()> {
        self.change_member(acting, id, async |_, target, others| {
            let event = member::change_administrator(&acting.actor, target, administrator, others)?;
            Ok((
                Member {
                    global_administrator: administrator,
                    ..target.clone()
                },
                event,
            ))
        })
        .await
    }

    async fn change_member(
        &self,
        acting: &Acting,
        id: MemberId,
        decide: impl AsyncFnOnce(&Tx, &Member, usize) -> Done<(Member, Event)>,
    ) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        // The actor may have lost the right a moment ago, by the other of two
        // administrators who demote each other.
        let still = members::find_in(&tx, organization, acting.actor.member)
            .await?
            .is_some_and(|actor| actor.global_administrator && actor.state == MemberState::Active);
        if !still {
            return Err(AppError::NotFound);
        }
        let target = members::find_in(&tx, organization, id)
            .await?
            .ok_or(AppError::NotFound)?;
        let others = members::count_other_administrators(&tx, organization, id).await?;
        let (changed, event) = decide(&tx, &target, others).await?;
        members::update(&tx, &changed).await?;
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Outbox);
        Ok(())
    }

    /// Changes the actor's own time zone and language. A language that Ithaca does not
    /// write leaves things as they are.
    pub async fn change_profile(
        &self,
        acting: &Acting,
        time_zone: &str,
        language: &str,
    ) -> Done<()> {
        let time_zone = mentoring::schedule::check_time_zone(time_zone)?;
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let mut member = members::find_in(&tx, organization, acting.actor.member)
            .await?
            .ok_or(AppError::NotFound)?;
        if LANGUAGES.iter().any(|(known, _)| *known == language) {
            language.clone_into(&mut member.language);
        }
        let event = Event::ProfileChanged {
            member: member.id,
            time_zone: time_zone.clone(),
        };
        members::update(
            &tx,
            &Member {
                time_zone,
                ..member
            },
        )
        .await?;
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps how the actor wants the pages to look. Not a change that anyone audits.
    pub async fn change_theme(&self, acting: &Acting, theme: &str) -> Done<()> {
        let theme = ["system", "light", "dark"]
            .into_iter()
            .find(|known| *known == theme)
            .unwrap_or("system");
        let tx = self.store.begin_unscoped().await?;
        members::set_theme(&tx, acting.actor.organization, acting.actor.member, theme).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Asks for members to be looked up, if there is a directory to look in.
    pub(super) async fn look_up(
        &self,
        tx: &Tx,
        organization: OrganizationId,
        ids: &[MemberId],
    ) -> Done<()> {
        if integrations::find_in(tx, organization)
            .await?
            .state
            .offers_teams()
        {
            directory::want(tx, organization, ids).await?;
        }
        Ok(())
    }
}

async fn add(tx: &Tx, member: &Member) -> Done<()> {
    match members::insert(tx, member).await {
        Err(StoreError::Taken(_)) => Err(Refusal::EmailTaken.into()),
        other => Ok(other?),
    }
}
