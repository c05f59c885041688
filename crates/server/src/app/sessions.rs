//! Signing in and out, and who a browser's cookie is.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mentoring::event::Event;
use mentoring::member::{EmailAddress, Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId, TrackId};
use mentoring::refusal::Refusal;
use mentoring::role::{Actor, Roles, Sight};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{Acting, App, AppError, Done};
use crate::store::audit::{self, Author};
use crate::store::organizations::Organization;
use crate::store::sessions::Session;
use crate::store::{Stored, attempts, members, organizations, sessions, tracks};

/// W-15: so many failures in a quarter of an hour, by account and by network address.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// An address is shared by a whole office, so it may fail more often than an account.
const TRIES_OF_AN_ADDRESS: i64 = 100;
/// A browser stays signed in for so long after it was last seen.
const IDLE: SignedDuration = SignedDuration::from_hours(24 * 14);
/// How exactly `seen_at` is kept; a write per page would be a price for nothing.
const SEEN_STEP: SignedDuration = SignedDuration::from_mins(10);

/// SHA-256 of a secret that is only ever compared.
pub fn key_of(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// An organization whose people one may choose to be.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The organization.
    pub organization: Organization,
    /// Its active people, with their roles by the track's name.
    pub people: Vec<(Member, Vec<(String, Roles)>)>,
}

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who acts.
    pub acting: Acting,
    /// The member.
    pub member: Member,
    /// The slug of their organization.
    pub slug: String,
    /// The name of their organization.
    pub organization_name: String,
    /// How often anything in their organization had been changed when this was read.
    pub changes: i64,
    /// How they want pages to look.
    pub theme: String,
    /// Whether the directory has a photo of them.
    pub has_photo: bool,
    /// The session's key.
    pub key: Vec<u8>,
}

fn acting(member: &Member, enrolments: BTreeMap<TrackId, Roles>, address: &str) -> Acting {
    Acting {
        actor: Actor {
            organization: member.organization,
            member: member.id,
            name: member.name(),
            global_administrator: member.global_administrator,
            enrolments,
        },
        address: address.to_owned(),
    }
}

impl App {
    /// Signs a member in with e-mail and password; answers the value of the session's
    /// cookie. The refusal is the same whatever was wrong (W-14).
    pub async fn sign_in(
        &self,
        organization: OrganizationId,
        email: &str,
        password: &SecretString,
        address: &str,
    ) -> Done<SecretString> {
        let account_key = key_of(&format!(
            "account:{organization}:{}",
            email.trim().to_lowercase()
        ));
        let address_key = key_of(&format!("address:{address}"));
        let tx = self.store.begin_unscoped().await?;
        let of_account = attempts::count(&tx, &account_key, WINDOW).await?;
        let of_address = attempts::count(&tx, &address_key, WINDOW).await?;
        tx.commit().await?;
        if of_account > i64::from(self.sign_in_failures) || of_address > TRIES_OF_AN_ADDRESS {
            return Err(AppError::TooMany(WINDOW.unsigned_abs().as_secs()));
        }

        let found = match EmailAddress::parse(email) {
            Ok(email) => members::find_for_sign_in(&self.store, organization, &email).await?,
            Err(_) => None,
        };
        let too_long = password.expose_secret().len() > 512;
        let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
        let matches = !too_long && self.passwords.matches(password, hash.as_deref()).await?;
        let Some((member, _)) =
            found.filter(|(member, _)| matches && member.state == MemberState::Active)
        else {
            return Err(Refusal::SignInFailed.into());
        };
        let tx = self.store.begin_unscoped().await?;
        attempts::forget(&tx, &account_key).await?;
        tx.commit().await?;
        self.begin_session(&member, address).await
    }

    /// Signs somebody in by name alone. Only where the instance offers its people.
    pub async fn sign_in_as(
        &self,
        organization: OrganizationId,
        id: MemberId,
        address: &str,
    ) -> Done<SecretString> {
        if !self.instance.offers_people {
            return Err(AppError::NotFound);
        }
        let member = members::find_for_work(&self.store, organization, id)
            .await?
            .filter(|member| member.state == MemberState::Active)
            .ok_or(AppError::NotFound)?;
        self.begin_session(&member, address).await
    }

    /// Whom one may choose to be: nobody, unless the instance offers its people.
    pub async fn offered_people(&self) -> Done<Vec<Offered>> {
        let mut offered = Vec::new();
        if !self.instance.offers_people {
            return Ok(offered);
        }
        for organization in organizations::list(&self.store).await? {
            let nobody = MemberId(uuid::Uuid::nil());
            let sight = Sight {
                organization: organization.id,
                member: nobody,
                everything: true,
                administers: Vec::new(),
                enrolled: Vec::new(),
            };
            let tracks = tracks::list(&self.store, &sight).await?;
            let mut people = Vec::new();
            for member in members::list(&self.store, &sight, "").await? {
                if member.state != MemberState::Active {
                    continue;
                }
                let roles = tracks::enrolments_of(&self.store, organization.id, member.id).await?;
                let by_name = tracks
                    .iter()
                    .filter_map(|track| Some((track.name.clone(), roles.get(&track.id)?.clone())))
                    .collect();
                people.push((member, by_name));
            }
            offered.push(Offered {
                organization,
                people,
            });
        }
        Ok(offered)
    }

    pub(super) async fn begin_session(&self, member: &Member, address: &str) -> Done<SecretString> {
        let secret = SecretString::from(format!(
            "{}{}",
            self.randomness.code(),
            self.randomness.code()
        ));
        let tx = self.store.begin_at_the_door(member.organization).await?;
        let session = Session {
            key: key_of(secret.expose_secret()),
            organization: member.organization,
            member: member.id,
            seen_at: tx.now,
            expires_at: tx.now + IDLE,
        };
        sessions::insert(&tx, &session).await?;
        let author = Author {
            member: Some(member.id),
            name: member.name(),
            address: address.to_owned(),
        };
        audit::append(
            &tx,
            member.organization,
            &author,
            &Event::SignedIn { member: member.id },
        )
        .await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Who the browser with this cookie is: nobody once the session ended or the member
    /// is no longer active, from the next request on.
    pub async fn resolve(&self, cookie: &str, address: &str) -> Done<Option<SignedIn>> {
        let key = key_of(cookie);
        let Some(known) = sessions::find_known(&self.store, &key).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let unseen = now.duration_since(known.session.seen_at);
        if known.member.state != MemberState::Active || unseen > IDLE {
            return Ok(None);
        }
        if unseen > SEEN_STEP {
            // Who comes to read may, even where nothing can be saved just now.
            if let Err(error) = self.note_seen(&key, now + IDLE).await {
                tracing::warn!(%error, "a session could not be prolonged");
            }
        }
        let (member, organization) = (known.member, known.organization);
        let enrolments = tracks::enrolments_of(&self.store, organization.id, member.id).await?;
        Ok(Some(SignedIn {
            acting: acting(&member, enrolments, address),
            slug: organization.slug,
            organization_name: organization.name,
            changes: organization.changes,
            theme: known.theme,
            has_photo: known.has_photo,
            member,
            key,
        }))
    }

    async fn note_seen(&self, key: &[u8], until: Timestamp) -> Stored<()> {
        let tx = self.store.begin_unscoped().await?;
        sessions::touch(&tx, key, until).await?;
        tx.commit().await
    }

    /// A member with what they may do, while they are active.
    pub(crate) async fn active(
        &self,
        organization: OrganizationId,
        id: MemberId,
        address: &str,
    ) -> Done<Option<(Acting, Member, Organization)>> {
        let Some(member) = members::find_for_work(&self.store, organization, id)
            .await?
            .filter(|member| member.state == MemberState::Active)
        else {
            return Ok(None);
        };
        let Some(organization) = organizations::find(&self.store, organization).await? else {
            return Ok(None);
        };
        let enrolments = tracks::enrolments_of(&self.store, member.organization, member.id).await?;
        let acting = acting(&member, enrolments, address);
        Ok(Some((acting, member, organization)))
    }

    /// Ends this browser's session.
    pub async fn sign_out(&self, signed_in: &SignedIn) -> Done<()> {
        let acting = &signed_in.acting;
        let tx = self
            .store
            .begin_at_the_door(acting.actor.organization)
            .await?;
        sessions::delete(&tx, &signed_in.key).await?;
        super::record(
            &tx,
            acting,
            &Event::SignedOut {
                member: acting.actor.member,
            },
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends all sessions of the actor, this one too.
    pub async fn sign_out_everywhere(&self, acting: &Acting) -> Done<()> {
        let tx = self
            .store
            .begin_at_the_door(acting.actor.organization)
            .await?;
        sessions::delete_of_member(&tx, acting.actor.organization, acting.actor.member).await?;
        super::record(
            &tx,
            acting,
            &Event::SignedOutEverywhere {
                member: acting.actor.member,
            },
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
