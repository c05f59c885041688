//! The links by which somebody sets a password: an invitation, or a forgotten password.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use mentoring::event::Event;
use mentoring::member::{self, EmailAddress, Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::refusal::Refusal;
use mentoring::role::Sight;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::sessions::key_of;
use super::{App, AppError, Done};
use crate::content::Content;
use crate::store::access_links::{self, Purpose};
use crate::store::audit::{self, Author};
use crate::store::organizations::Organization;
use crate::store::{Tx, attempts, members, outbox, sessions};
use crate::vault::Place;
use crate::wake::Reconciler;

const INVITATION: SignedDuration = SignedDuration::from_hours(24 * 14);
const RESET: SignedDuration = SignedDuration::from_hours(1);
/// Somebody who asks for more resets than this in an hour gets no more mail.
const RESETS: i64 = 5;

/// Where the secret address of an access link is sealed until it is sent.
pub(crate) fn sealed_place(organization: OrganizationId, message: Uuid) -> Place {
    Place {
        table: "outbox",
        column: "content",
        organization: organization.0,
        row: message,
    }
}

impl App {
    pub(super) async fn access_address(
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

    pub(super) async fn send_invitation(
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

    /// The link of an invitation that nobody can mail, to be handed on by an administrator.
    pub async fn find_unsent_invitation(
        &self,
        sight: &Sight,
        member: &Member,
    ) -> Done<Option<String>> {
        if self.instance.sends_mail || member.state != MemberState::Invited {
            return Ok(None);
        }
        let Some(message) = outbox::find_waiting(&self.store, sight, member.id).await? else {
            return Ok(None);
        };
        let Content::Welcome {
            sealed_address,
            expires_at,
            ..
        } = outbox::content(&message)?
        else {
            return Ok(None);
        };
        if expires_at <= self.clock.now() {
            return Ok(None);
        }
        let broken = |error: &dyn std::fmt::Display| AppError::Broken(error.to_string());
        let sealed = BASE64_STANDARD
            .decode(sealed_address)
            .map_err(|error| broken(&error))?;
        let address = self
            .vault
            .open_text(sealed_place(message.organization, message.id), &sealed)
            .map_err(|error| broken(&error))?;
        Ok(Some(address.expose_secret().to_owned()))
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
}
