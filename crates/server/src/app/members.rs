//! Members: invited, active, deactivated; administrators or not; and how each of them
//! sets a password.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use mentoring::event::Event;
use mentoring::member::{self, EmailAddress, Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::refusal::Refusal;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::sessions::key_of;
use super::{Acting, App, AppError, Done, record};
use crate::content::Content;
use crate::store::access_links::{self, Purpose};
use crate::store::audit::{self, Author};
use crate::store::organizations::Organization;
use crate::store::{
    StoreError, Tx, attempts, directory, integrations, members, organizations, outbox, sessions,
};
use crate::vault::Place;
use crate::wake::Reconciler;

const INVITATION: SignedDuration = SignedDuration::from_hours(24 * 14);
const RESET: SignedDuration = SignedDuration::from_hours(1);
/// Somebody who asks for more resets than this in an hour gets no more mail.
const RESETS: i64 = 5;

/// The languages that Ithaca writes (BCP 47 tags), and what they call themselves.
pub const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("en-US", "English (United States)")];

/// Where the secret address of an access link is sealed until it is sent.
pub(crate) fn sealed_place(organization: OrganizationId, message: Uuid) -> Place {
    Place {
        table: "outbox",
        column: "content",
        organization: organization.0,
        row: message,
    }
}

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

    async fn access_address(
        &self,
        tx: &Tx,
        organization: &Organization,
        member: MemberId,
        purpose: Purpose,
    ) -> Done<SecretString> {
        let code = self.randomness.code();
        let (path, lasts) = match purpose {
            Purpose::Invitation => ("invitation", INVITATION),
            Purpose::Reset => ("password", RESET),
        };
        access_links::insert(
            tx,
            &key_of(&code),
            organization.id,
            member,
            purpose,
            tx.now + lasts,
        )
        .await?;
        Ok(self
            .instance
            .address(&format!("/{}/{path}/{code}", organization.slug))
            .into())
    }

    async fn send_invitation(
        &self,
        tx: &Tx,
        organization: &Organization,
        member: &Member,
        by: &str,
    ) -> Done<()> {
        let address = self
            .access_address(tx, organization, member.id, Purpose::Invitation)
            .await?;
        let by = by.to_owned();
        let expires_at = tx.now + INVITATION;
        let name = organization.name.clone();
        self.send_sealed(tx, organization.id, member.id, &address, |sealed_address| {
            Content::Welcome {
                organization: name,
                invited_by: by,
                sealed_address,
                expires_at,
            }
        })
        .await
    }

    async fn send_sealed(
        &self,
        tx: &Tx,
        organization: OrganizationId,
        member: MemberId,
        address: &SecretString,
        content: impl FnOnce(String) -> Content,
    ) -> Done<()> {
        let id = self.randomness.uuid_v7(tx.now);
        let sealed = self.vault.seal(
            sealed_place(organization, id),
            address.expose_secret().as_bytes(),
        );
        let content = content(BASE64_STANDARD.encode(sealed));
        let message = outbox::Message {
            id,
            organization,
            member,
            meeting: None,
            topic: format!("access:{id}"),
            content: serde_json::to_string(&content)
                .map_err(|error| AppError::Broken(error.to_string()))?,
            fate: outbox::Fate::Waiting,
            attempts: 0,
            created_at: tx.now,
            reason: None,
        };
        outbox::put(tx, &message, tx.now).await?;
        Ok(())
    }

    /// Whom an access link is for, if it still works.
    pub async fn find_access(
        &self,
        organization: OrganizationId,
        code: &str,
        purpose: Purpose,
    ) -> Done<Member> {
        let id = access_links::find(&self.store, organization, &key_of(code), purpose)
            .await?
            .ok_or(AppError::NotFound)?;
        members::find_for_work(&self.store, organization, id)
            .await?
            .filter(|member| member.state != MemberState::Deactivated)
            .ok_or(AppError::NotFound)
    }

    /// Sets a password with an access link and signs its member in. Of two uses at once,
    /// one succeeds; every earlier session of the member ends.
    pub async fn set_password(
        &self,
        organization: OrganizationId,
        code: &str,
        purpose: Purpose,
        password: &SecretString,
        address: &str,
    ) -> Done<SecretString> {
        let member = self.find_access(organization, code, purpose).await?;
        member::check_password(password.expose_secret())?;
        let hash = self.passwords.hash(password).await?;
        let tx = self.store.begin(organization).await?;
        if !access_links::take(&tx, organization, &key_of(code), purpose).await? {
            return Err(AppError::NotFound);
        }
        let mut member = members::find_in(&tx, organization, member.id)
            .await?
            .ok_or(AppError::NotFound)?;
        let event = match (purpose, member.state) {
            (_, MemberState::Deactivated) => return Err(AppError::NotFound),
            (Purpose::Invitation, MemberState::Invited) => {
                member.state = MemberState::Active;
                members::update(&tx, &member).await?;
                Event::InvitationAccepted { member: member.id }
            }
            _ => Event::PasswordChanged { member: member.id },
        };
        members::set_password_hash(&tx, organization, member.id, &hash).await?;
        sessions::delete_of_member(&tx, organization, member.id).await?;
        let author = Author {
            member: Some(member.id),
            name: member.name(),
            address: address.to_owned(),
        };
        audit::append(&tx, organization, &author, &event).await?;
        self.look_up(&tx, organization, &[member.id]).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Directory);
        self.begin_session(&member, address).await
    }

    /// Mails a link for a new password, if there is such a member. The answer is the same
    /// if there is not (W-14).
    pub async fn ask_reset(&self, organization: &Organization, email: &str) -> Done<()> {
        let Ok(email) = EmailAddress::parse(email) else {
            return Err(Refusal::EmailInvalid.into());
        };
        let key = key_of(&format!("reset:{}:{}", organization.id, email.as_str()));
        let tx = self.store.begin(organization.id).await?;
        let tries = attempts::count(&tx, &key, RESET).await?;
        let found = members::find_by_email_in(&tx, organization.id, &email).await?;
        if let Some(member) =
            found.filter(|member| member.state == MemberState::Active && tries <= RESETS)
        {
            let address = self
                .access_address(&tx, organization, member.id, Purpose::Reset)
                .await?;
            let name = organization.name.clone();
            let expires_at = tx.now + RESET;
            self.send_sealed(
                &tx,
                organization.id,
                member.id,
                &address,
                |sealed_address| Content::PasswordReset {
                    organization: name,
                    sealed_address,
                    expires_at,
                },
            )
            .await?;
        }
        tx.commit().await?;
        self.wake.ring(Reconciler::Outbox);
        Ok(())
    }

    /// Ends a member's access at once: sessions, links, everything.
    pub async fn deactivate_member(&self, acting: &Acting, id: MemberId) -> Done<()> {
        self.change_member(acting, id, async |tx, target, others| {
            let event = member::deactivate(&acting.actor, target, others)?;
            sessions::delete_of_member(tx, target.organization, target.id).await?;
            access_links::delete_of_member(tx, target.organization, target.id).await?;
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
