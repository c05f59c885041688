//! What the browser brings back from Microsoft, and what is bound by it.

use jiff::SignedDuration;
use mentoring::event::Event;
use mentoring::health::refresh_due;
use mentoring::integration::IntegrationState;
use mentoring::member::EmailAddress;
use mentoring::refusal::Refusal;
use microsoft::{Callback, Grant, Identity, Kind, Tenant};
use secrecy::{ExposeSecret, SecretString};

use super::reconnect::is_a_change_of_host;
use super::{Arrival, LASTS, RECONNECTING, consent_place};
use crate::app::sessions::{SignedIn, key_of};
use crate::app::{Acting, App, AppError, Done, record, sentences};
use crate::store::consents::{self, Consent};
use crate::store::credentials::{self, Credentials, token_place};
use crate::store::integrations::{self, Host, Integration};
use crate::store::{meetings, members, reconnections};
use crate::wake::Reconciler;

impl App {
    /// Takes what the browser brought back from Microsoft. `query` is the callback's
    /// query, `cookie` the browser's consent cookie.
    pub async fn finish_consent(
        &self,
        signed_in: Option<&SignedIn>,
        cookie: Option<&str>,
        query: &str,
    ) -> Done<Arrival> {
        let callback = Callback::parse(self.microsoft.cloud(), query).map_err(|error| {
            AppError::Refused(vec![Refusal::ConsentBroken {
                why: error.to_string(),
            }])
        })?;
        let unknown = || AppError::Refused(vec![Refusal::ConsentUnknown]);
        let state_key = key_of(callback.state().expose_secret());
        let Some(consent) = consents::find_by_state(&self.store, &state_key).await? else {
            // The link for a tenant's administrator carries a state that nobody keeps.
            return match callback {
                Callback::AdminConsent { .. } => Ok(Arrival::Approval),
                _ => Err(unknown()),
            };
        };
        let signed_in = signed_in.ok_or_else(unknown)?;
        let browser = cookie.map(key_of).unwrap_or_default();
        let same_browser = bool::from(subtle::ConstantTimeEq::ct_eq(
            &browser[..],
            &consent.browser_key[..],
        ));
        let same_session = bool::from(subtle::ConstantTimeEq::ct_eq(
            &signed_in.key[..],
            &consent.session_key[..],
        ));
        if !same_browser
            || !same_session
            || consent.organization != signed_in.acting.actor.organization
        {
            return Err(unknown());
        }
        if !signed_in.acting.actor.may_manage_organization() {
            return Err(Refusal::NotGlobalAdministrator.into());
        }
        let tx = self.store.begin(consent.organization).await?;
        let in_time = tx.now.duration_since(consent.started_at) <= LASTS;
        let first = consents::take(&tx, consent.organization, consent.id).await?;
        tx.commit().await?;
        if !first {
            return Err(AppError::Conflict(
                "This answer was taken already. The page behind shows how it ended.".to_owned(),
            ));
        }
        let outcome = if in_time {
            self.connect(&signed_in.acting, &consent, callback).await
        } else {
            Err(AppError::Conflict(
                "That took more than ten minutes. Press Integrate again.".to_owned(),
            ))
        };
        let problem = match outcome {
            Ok(()) => None,
            Err(AppError::Broken(cause)) => {
                tracing::error!(organization.id = %consent.organization, cause, "a consent could not be finished");
                Some("Something went wrong on our side. Nothing was connected. Press Integrate again.".to_owned())
            }
            Err(AppError::Refused(refusals)) => Some(sentences(&refusals)),
            Err(other) => Some(other.to_string()),
        };
        if let Some(problem) = &problem {
            let tx = self.store.begin(consent.organization).await?;
            consents::finish(&tx, consent.organization, consent.id, problem).await?;
            record(
                &tx,
                &signed_in.acting,
                &Event::ConsentFailed {
                    reason: problem.clone(),
                },
            )
            .await?;
            tx.commit().await?;
        }
        match problem {
            // C-04: the page behind says so too, but nothing of it was accepted.
            Some(problem) if !in_time => Err(AppError::Conflict(problem)),
            problem => Ok(Arrival::Flow {
                slug: signed_in.slug.clone(),
                attempt: consent.id,
                problem,
            }),
        }
    }

    async fn connect(&self, acting: &Acting, consent: &Consent, callback: Callback) -> Done<()> {
        let code = match callback {
            Callback::Code { code, .. } => code,
            Callback::AdminConsent { .. } => {
                return Err(AppError::Conflict(
                    "Microsoft approved Ithaca. Press Integrate to choose the account that hosts."
                        .to_owned(),
                ));
            }
            Callback::Refused(refusal) => {
                return Err(AppError::Conflict(refused_sentence(&refusal)));
            }
        };
        let secrets = self.vault.open_text(
            consent_place(consent.organization, consent.id),
            &consent.sealed,
        )?;
        let (nonce, verifier) = secrets
            .expose_secret()
            .split_once(' ')
            .map(|(nonce, verifier)| (SecretString::from(nonce), SecretString::from(verifier)))
            .ok_or_else(|| AppError::Broken("a consent flow without its secrets".to_owned()))?;
        let failed = |failure: microsoft::Failure| {
            tracing::warn!(organization.id = %consent.organization, ?failure, "Microsoft refused a consent's code");
            AppError::Conflict(for_administrator(&failure))
        };
        let grant = self
            .microsoft
            .redeem(Tenant::Organizations, &code, &verifier)
            .await
            .map_err(failed)?;
        let missing = microsoft::missing_scopes(&grant.scopes);
        if !missing.is_empty() {
            return Err(AppError::Conflict(format!(
                "Microsoft did not grant everything that is needed: {} is missing. Press Integrate again and accept the whole list.",
                missing.join(", ")
            )));
        }
        let Some(id_token) = &grant.id_token else {
            return Err(AppError::Conflict(
                "Microsoft did not say which account signed in. Press Integrate again.".to_owned(),
            ));
        };
        let identity = self
            .microsoft
            .identify(id_token, &nonce, None)
            .await
            .map_err(failed)?;
        self.bind(acting, consent, &grant, &identity).await
    }

    /// Binds the tenant and the host of a verified identity.
    async fn bind(
        &self,
        acting: &Acting,
        consent: &Consent,
        grant: &Grant,
        identity: &Identity,
    ) -> Done<()> {
        let organization = consent.organization;
        if identity.is_guest {
            return Err(AppError::Conflict(format!(
                "{} is a guest in that directory, and guests cannot host Teams meetings. Choose an account that belongs to the directory.",
                identity.name
            )));
        }
        let Some(refresh_token) = &grant.refresh_token else {
            return Err(AppError::Conflict(
                "Microsoft did not allow Ithaca to stay connected. Press Integrate again; if it repeats, ask your Microsoft administrator about the permission to maintain access.".to_owned(),
            ));
        };
        let lasts = SignedDuration::try_from(grant.expires_in).unwrap_or(SignedDuration::ZERO);
        let tx = self.store.begin(organization).await?;
        let before = integrations::find_in(&tx, organization).await?;
        if consents::newest_in(&tx, organization, consent.member).await? != Some(consent.id) {
            return Err(AppError::Conflict(
                "Another attempt was begun after this one. Only the newest counts.".to_owned(),
            ));
        }
        not_while_ending(before.state)?;
        // In the same commit, or after a crash the page would wait for what is there.
        consents::finish(&tx, organization, consent.id, "").await?;
        if is_a_change_of_host(&tx, &before, identity).await? {
            return self
                .propose_host(tx, acting, grant, refresh_token, identity)
                .await;
        }
        reconnections::delete(&tx, organization).await?;
        let generation = before.generation + 1;
        let host = Host {
            tenant_id: identity.tenant.0,
            tenant_name: String::new(),
            object_id: identity.object_id.0,
            name: identity.name.clone(),
            user_principal_name: identity.preferred_username.clone(),
        };
        let ordinary = match EmailAddress::parse(&identity.preferred_username) {
            Ok(email) => members::find_by_email_in(&tx, organization, &email)
                .await?
                .is_some(),
            Err(_) => false,
        };
        let state = if ordinary {
            IntegrationState::AwaitingConfirmation
        } else {
            IntegrationState::Checking
        };
        let due_at = (state == IntegrationState::Checking).then_some(tx.now);
        let integration = Integration {
            organization,
            state,
            generation,
            host: Some(host),
            scopes: grant.scopes.iter().cloned().collect(),
            connected_by: Some((acting.actor.member, acting.actor.name.clone())),
            connected_at: Some(tx.now),
            checked_at: None,
            checks: Vec::new(),
            diagnosis: None,
            removal: None,
        };
        integrations::save(&tx, &integration, due_at).await?;
        let access_token = self.vault.seal(
            token_place(organization, "access_token"),
            grant.access_token.expose_secret().as_bytes(),
        );
        let credentials = Credentials {
            organization,
            tenant_id: identity.tenant.0,
            host_object_id: identity.object_id.0,
            refresh_token: self.vault.seal(
                token_place(organization, "refresh_token"),
                refresh_token.expose_secret().as_bytes(),
            ),
            access_token: Some((access_token, tx.now + lasts)),
            version: generation << 32,
            refreshed_at: tx.now,
            attempts: 0,
            challenge: None,
        };
        let next_start = meetings::next_teams_start_in(&tx, organization).await?;
        credentials::put(&tx, &credentials, refresh_due(tx.now, lasts, next_start)).await?;
        record(
            &tx,
            acting,
            &Event::TeamsConnected {
                tenant: identity.tenant.0,
                host: identity.object_id.0,
                host_name: identity.name.clone(),
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Health);
        Ok(())
    }
}

fn not_while_ending(state: IntegrationState) -> Done<()> {
    let why = match state {
        IntegrationState::Removing => "Teams is being removed just now.",
        IntegrationState::Reconnecting => RECONNECTING,
        _ => return Ok(()),
    };
    Err(AppError::Conflict(why.to_owned()))
}

/// What went wrong and what to do, from the client's one table.
fn for_administrator(failure: &microsoft::Failure) -> String {
    format!(
        "{} {}",
        failure.kind.administrator(),
        failure.kind.steps().join(" ")
    )
}

fn refused_sentence(refusal: &microsoft::consent::Refusal) -> String {
    let failure = refusal.failure();
    if matches!(failure.kind, Kind::Cancelled | Kind::ConsentDeclined) {
        return "The permission was not given, so nothing was connected. Press Integrate to try again."
            .to_owned();
    }
    format!(
        "Microsoft ended the sign-in without connecting anything. {}",
        for_administrator(&failure)
    )
}
