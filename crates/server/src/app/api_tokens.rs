//! API tokens: made and revoked by their member, and whom a token lets act.

use jiff::{SignedDuration, Timestamp};
use mentoring::api_token::{self, ApiToken, Wish};
use mentoring::member::Member;
use mentoring::organization::OrganizationId;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::sessions::key_of;
use super::{Acting, App, AppError, Done, record};
use crate::store::organizations::Organization;
use crate::store::{Stored, api_tokens};

/// Every token begins so, for people and for programs that search for lost secrets.
const MARK: &str = "ith_";
/// How exactly the last use is kept; a write per request would be a price for nothing.
const USED_STEP: SignedDuration = SignedDuration::from_mins(1);

/// A program that acts as a member.
#[derive(Clone, Debug)]
pub struct TokenHolder {
    /// Who acts.
    pub acting: Acting,
    /// The member.
    pub member: Member,
    /// Their organization.
    pub organization: Organization,
    /// The token that says so.
    pub token: ApiToken,
}

impl App {
    /// Makes a token for the actor. The secret is shown now and never again.
    pub async fn create_api_token(
        &self,
        acting: &Acting,
        wish: &Wish,
    ) -> Done<(SecretString, ApiToken)> {
        let organization = acting.actor.organization;
        let secret = SecretString::from(format!(
            "{MARK}{}{}",
            self.randomness.code(),
            self.randomness.code()
        ));
        let tx = self.store.begin_at_the_door(organization).await?;
        let had = api_tokens::count_in(&tx, organization, acting.actor.member).await?;
        let id = self.randomness.uuid_v7(tx.now);
        let (token, event) =
            api_token::create(&acting.actor, wish, id, had, tx.now).map_err(AppError::Refused)?;
        let hash = key_of(secret.expose_secret());
        api_tokens::insert(&tx, organization, &token, &hash).await?;
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        Ok((secret, token))
    }

    /// Ends a token of the actor's own, from the next request on.
    pub async fn revoke_api_token(&self, acting: &Acting, id: Uuid) -> Done<()> {
        let organization = acting.actor.organization;
        let tx = self.store.begin_at_the_door(organization).await?;
        let token = api_tokens::find_in(&tx, organization, acting.actor.member, id)
            .await?
            .ok_or(AppError::NotFound)?;
        api_tokens::delete(&tx, organization, id).await?;
        record(&tx, acting, &api_token::revoke(&token)).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn note_used(
        &self,
        organization: OrganizationId,
        id: Uuid,
        now: Timestamp,
    ) -> Stored<()> {
        let tx = self.store.begin_unscoped().await?;
        api_tokens::touch(&tx, organization, id, now).await?;
        tx.commit().await
    }

    /// Whom a token lets act: nobody once it was revoked or has expired, or once its member
    /// is no longer active, from the next request on.
    pub async fn resolve_api_token(
        &self,
        secret: &str,
        address: &str,
    ) -> Done<Option<TokenHolder>> {
        if !secret.starts_with(MARK) {
            return Ok(None);
        }
        let Some((organization, token)) = api_tokens::find(&self.store, &key_of(secret)).await?
        else {
            return Ok(None);
        };
        let Some(active) = self.active(organization, token.member, address).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let is_old = |at| now.duration_since(at) >= USED_STEP;
        if token.last_used_at.is_none_or(is_old) {
            // Who comes to read may, even where nothing can be saved just now.
            if let Err(error) = self.note_used(organization, token.id, now).await {
                tracing::warn!(%error, "the use of an API token could not be noted");
            }
        }
        let (acting, member, organization) = active;
        Ok(Some(TokenHolder {
            acting,
            member,
            organization,
            token,
        }))
    }
}
