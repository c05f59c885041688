//! What happens at Microsoft beside calls: administrators consent, accounts are disabled.

use ithaca::app::{App, AppError};
use ithaca::store::integrations::{self, Integration};
use ithaca::store::reconnections;
use jiff::SignedDuration;
use mentoring::reconnect::Phase;
use sandbox::ids::ObjectId;
use sandbox::tenant::app::{Grant, Grantee, RedirectKind, ServicePrincipal};
use sandbox::tenant::token::Code;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::companies::{self, Company, Host};
use crate::microsoft::Microsoft;
use crate::stage::{Acting, Stage};
use crate::world::World;

const SCOPES: [&str; 6] = [
    "openid",
    "profile",
    "offline_access",
    "User.Read",
    "User.ReadBasic.All",
    "OnlineMeetings.ReadWrite",
];

impl World {
    /// The administrator of a company integrates Teams, or connects it anew, with this account.
    pub fn integrates(&mut self, place: usize, host: Host) {
        let company = self.companies[place].clone();
        // Two at once would wait for each other: one fetches the signing keys for both.
        let at_it = |node: &usize| {
            let mut theirs = self.workers.iter();
            theirs.any(|worker| worker.node == *node && worker.is_administrator())
        };
        let all = self.running().map(|(node, _)| node);
        let running: Vec<usize> = all.filter(|node| !at_it(node)).collect();
        if running.is_empty() {
            return;
        }
        let node = self.stage.lock().choices.one(&running);
        let Some(program) = &self.nodes[node].program else {
            return;
        };
        let acting = Acting {
            node,
            organization: company.id,
            holds_until: self.stage.clock.now() + SignedDuration::from_hours(24 * 365 * 20),
        };
        self.stage
            .note(&format!("{} is to be hosted by {host:?}", company.domain));
        let flow = consents(
            program.app.clone(),
            self.microsoft.clone(),
            self.stage.clone(),
            company,
            host,
        );
        self.begins("the administrator", acting, None, flow);
    }

    /// Something happens to a tenant.
    pub fn something_happens_at_microsoft(&mut self) {
        let company = self.companies[usize::from(self.stage.happens(250))].clone();
        let tenant = self.microsoft.tenant(company.id);
        let host = [Host::Scheduler, Host::Deputy][usize::from(self.stage.happens(250))];
        let host = self.account(&company, host);
        let now = self.microsoft.sandbox.now();
        let what = self.stage.below(4);
        self.microsoft.sandbox.change(|state| match what {
            0 => {
                state
                    .people
                    .change(host, |person| person.sessions_valid_from = now);
            }
            1 => {
                state.people.change(host, |person| person.enabled = false);
            }
            2 => {
                state.people.change(host, |person| person.enabled = true);
            }
            _ => state.grants.retain(|grant| grant.tenant != tenant),
        });
        let what = [
            "the host's sign-ins are revoked",
            "the host is disabled",
            "the host is enabled",
            "the consent is taken back",
        ][what];
        self.stage
            .note(&format!("Microsoft: in {}, {what}", company.domain));
    }

    /// Whoever runs the tenants mends what was broken.
    pub fn tenants_are_mended(&mut self) {
        for company in self.companies.clone() {
            for host in Host::ALL {
                let host = self.account(&company, host);
                self.microsoft.sandbox.change(|state| {
                    state.people.change(host, |person| person.enabled = true);
                });
            }
        }
    }

    /// How an organization's integration stands.
    pub async fn integration(&self, place: usize) -> Integration {
        integrations::find_for_work(&self.store, self.companies[place].id)
            .await
            .expect("integrations can be read")
    }

    /// Who hosts, by what Ithaca knows.
    pub async fn host_now(&self, place: usize) -> Host {
        let host = self
            .integration(place)
            .await
            .host
            .map(|host| host.object_id);
        let deputy = self.account(&self.companies[place], Host::Deputy);
        if host == Some(deputy.0) {
            Host::Deputy
        } else {
            Host::Scheduler
        }
    }

    /// Whether another account has signed in and waits for a person's yes.
    pub async fn is_to_decide(&self, company: &Company) -> bool {
        let found = reconnections::find_for_work(&self.store, company.id)
            .await
            .expect("changes of host can be read");
        found.is_some_and(|found| found.phase == Phase::Proposed)
    }

    fn account(&self, company: &Company, host: Host) -> ObjectId {
        let upn = host.upn(company.domain);
        let person = self
            .microsoft
            .sandbox
            .read(|state| state.people.find_anywhere(&upn).map(|person| person.id));
        person.expect("the seed has this account")
    }
}

/// From the button to the callback. What Microsoft's pages would do is done to the tenant.
async fn consents(
    app: App,
    microsoft: Microsoft,
    stage: Stage,
    company: Company,
    host: Host,
) -> Result<(), String> {
    match consent(&app, &microsoft, &stage, &company, host).await {
        Err(AppError::Broken(cause)) => Err(cause),
        Err(other) => {
            stage.note(&format!("{}: no consent: {other}", company.domain));
            Ok(())
        }
        Ok(problem) => {
            let problem = problem.unwrap_or_else(|| "done".to_owned());
            stage.note(&format!("{}: consent: {problem}", company.domain));
            Ok(())
        }
    }
}

async fn consent(
    app: &App,
    microsoft: &Microsoft,
    stage: &Stage,
    company: &Company,
    host: Host,
) -> Result<Option<String>, AppError> {
    let address = "192.0.2.1";
    let cookie = app
        .sign_in_as(company.id, company.administrator(), address)
        .await?;
    let Some(signed_in) = app.resolve(cookie.expose_secret(), address).await? else {
        return Err(AppError::NotFound);
    };
    let id = Uuid::from_bytes(app.randomness.bytes());
    let departure = app.begin_consent(&signed_in, id).await?;
    let asked = |name: &str| {
        let mut pairs = departure.address.query_pairs();
        let value = pairs.find(|(key, _)| key == name);
        value
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    stage.boundary("the administrator is at Microsoft").await;
    let code = "c".repeat(50) + &app.randomness.code();
    let signs_in = SignsIn {
        host,
        session: Uuid::from_bytes(app.randomness.bytes()),
        nonce: asked("nonce"),
        challenge: asked("code_challenge"),
    };
    accepts(microsoft, company, &code, signs_in);
    let query = serde_urlencoded::to_string([("code", code), ("state", asked("state"))])
        .map_err(|error| AppError::Broken(error.to_string()))?;
    let browser = departure.cookie.expose_secret();
    let arrival = app
        .finish_consent(Some(&signed_in), Some(browser), &query)
        .await?;
    Ok(match arrival {
        ithaca::app::integration::Arrival::Flow { problem, .. } => problem,
        ithaca::app::integration::Arrival::Approval => None,
    })
}

/// Who signs in at Microsoft, and for which flow.
struct SignsIn {
    host: Host,
    session: Uuid,
    nonce: String,
    challenge: String,
}

fn accepts(microsoft: &Microsoft, company: &Company, code: &str, who: SignsIn) {
    let tenant = microsoft.tenant(company.id);
    let client_id = sandbox::ids::ClientId(companies::CLIENT_ID.parse().expect("it is a UUID"));
    let now = microsoft.sandbox.now();
    let scopes = || SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
    let upn = who.host.upn(company.domain);
    let host = microsoft
        .sandbox
        .read(|state| state.people.find_anywhere(&upn).map(|person| person.id));
    let host = host.expect("the seed has this account");
    microsoft.signs_in(company.id, host);
    microsoft.sandbox.change(|state| {
        if state.find_service_principal(tenant, client_id).is_none() {
            state.service_principals.push(ServicePrincipal {
                id: ObjectId(Uuid::from_u128(tenant.0.as_u128() + 1)),
                tenant,
                client_id,
                enabled: true,
                created: now,
                roles: std::collections::BTreeSet::new(),
            });
        }
        if state.grants_for(tenant, client_id, host).next().is_none() {
            state.grants.push(Grant {
                id: format!("grant-{tenant}"),
                tenant,
                client_id,
                to: Grantee::AllPrincipals,
                scopes: scopes(),
                by: host,
                at: now,
            });
        }
        state.codes.insert(
            code,
            Code {
                tenant,
                segment: "organizations".to_owned(),
                client_id,
                person: host,
                redirect_uri: format!("{}/integrations/microsoft/callback", companies::ITHACA),
                redirect_kind: RedirectKind::Web,
                scopes: scopes(),
                nonce: Some(who.nonce),
                challenge: Some(who.challenge),
                session: who.session,
                signed_in_at: now,
                second_factor: false,
                expires_at: now + SignedDuration::from_mins(10),
                redeemed: false,
                understands_claims: false,
            },
        );
    });
}
