//! Who has an account in the organization's Microsoft directory: members of Ithaca are
//! looked up, twenty at a time, and nobody else ever is (S13).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use mentoring::eligibility::{Account, match_accounts};
use mentoring::integration::Cause;
use mentoring::member::{Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId};
use microsoft::{DirectoryAccount, Failure, ObjectId};

use super::host::{self, Access};
use super::{Tools, Trouble};
use crate::store::directory::{self, Lookup};
use crate::store::lease::{self, Claim};
use crate::store::{Tx, links, meetings, members};
use crate::wake::Reconciler;

const DAILY: SignedDuration = SignedDuration::from_hours(24);
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(30);
/// While the integration waits for a person. The live test that passes wakes everybody.
const WHILE_BLOCKED: SignedDuration = SignedDuration::from_hours(6);

/// Looks the claimed members of one organization up.
pub async fn reconcile(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    let Some(organization) = claims.first().map(|claim| claim.organization) else {
        return Ok(());
    };
    let access = match host::access(&tools, organization).await? {
        Ok(access) => access,
        Err(host::Blocked::NotIntegrated) => {
            return release_all(&tools, organization, &claims, None).await;
        }
        Err(host::Blocked::NeedsAttention(_)) => {
            return release_all(&tools, organization, &claims, Some(WHILE_BLOCKED)).await;
        }
        Err(host::Blocked::TokenComing) => {
            return release_all(&tools, organization, &claims, Some(AFTER_FAILURE)).await;
        }
    };
    let ids: Vec<MemberId> = claims.iter().map(|claim| MemberId(claim.id)).collect();
    let known = directory::list_for_work(&tools.store, organization, &ids).await?;
    let asked: Vec<Asked> = members::list_for_work(&tools.store, organization, &ids)
        .await?
        .into_iter()
        .filter(|member| member.state != MemberState::Deactivated)
        .filter_map(|person| Some(Asked::about(&person, known.get(&person.id)?.clone())))
        .collect();
    let mut answers = match ask(&tools, &access, &asked).await {
        Ok(answers) => answers,
        Err(failure) => return failed(&tools, organization, &claims, &access, &failure).await,
    };
    for claim in &claims {
        let asked = asked.iter().find(|asked| asked.member().0 == claim.id);
        let answer = asked.and_then(|asked| answers.remove(&asked.member()));
        match (asked, answer) {
            (Some(asked), Some(Ok(accounts))) => {
                let found = asked.found(&tools, &access, &accounts).await;
                record(&tools, claim, &asked.known, &found).await?;
            }
            (_, Some(Err(failure))) => {
                host::log(organization, "look a member up", &failure);
                let only = std::slice::from_ref(claim);
                release_all(&tools, organization, only, Some(AFTER_FAILURE)).await?;
            }
            _ => release_all(&tools, organization, std::slice::from_ref(claim), None).await?,
        }
    }
    tools.wake.ring(Reconciler::Links);
    Ok(())
}

/// A member, what is known of them, and the address that leads to their account.
struct Asked {
    address: String,
    known: Lookup,
}

impl Asked {
    fn about(person: &Member, known: Lookup) -> Self {
        let address = known
            .mapped_address
            .clone()
            .unwrap_or_else(|| person.email.as_str().to_owned());
        Self { address, known }
    }

    fn member(&self) -> MemberId {
        self.known.member
    }

    /// The account that this address led to before. It survives another name and another
    /// address at Microsoft; another address here is another question.
    fn known_account(&self) -> Option<ObjectId> {
        let is_same = self.known.matched_address.as_ref() == Some(&self.address);
        self.known.object_id().filter(|_| is_same).map(ObjectId)
    }

    async fn found(&self, tools: &Tools, access: &Access, accounts: &[DirectoryAccount]) -> Lookup {
        let plain: Vec<Account> = accounts
            .iter()
            .map(|account| Account {
                object_id: account.object_id.0,
                user_principal_name: account.user_principal_name.clone(),
                mail: account.mail.clone(),
            })
            .collect();
        let (finding, index) = match (&plain[..], self.known_account()) {
            ([only], Some(known)) if only.object_id == known.0 => (only.finding(), Some(0)),
            _ => match_accounts(&self.address, &plain),
        };
        let account = match index.and_then(|index| accounts.get(index)) {
            None => None,
            Some(account) => Some(directory::DirectoryAccount {
                object_id: account.object_id.0,
                user_principal_name: account.user_principal_name.clone(),
                first_name: account.given_name.clone().unwrap_or_default(),
                last_name: account.surname.clone().unwrap_or_default(),
                email: account.mail.clone(),
                photo: photo(tools, access, account, &self.known).await,
            }),
        };
        Lookup {
            finding,
            matched_address: account.as_ref().map(|_| self.address.clone()),
            account,
            looked_up_at: Some(tools.clock.now()),
            ..self.known.clone()
        }
    }
}

type Answers = BTreeMap<MemberId, Result<Vec<DirectoryAccount>, Failure>>;

/// Asks for known accounts by their object id, and for everybody else by address.
async fn ask(tools: &Tools, access: &Access, asked: &[Asked]) -> Result<Answers, Failure> {
    let users = tools.microsoft.users(&access.token);
    let mut answers = Answers::new();
    let known: Vec<(MemberId, ObjectId)> = asked
        .iter()
        .filter_map(|asked| Some((asked.member(), asked.known_account()?)))
        .collect();
    let ids: Vec<ObjectId> = known.iter().map(|(_, id)| *id).collect();
    for ((member, _), account) in known.iter().zip(users.find_by_id(&ids).await?) {
        match account.found {
            Ok(Some(account)) => {
                answers.insert(*member, Ok(vec![account]));
            }
            // An account that is gone may have been replaced by another one.
            Ok(None) => {}
            Err(failure) => {
                answers.insert(*member, Err(failure));
            }
        }
    }
    let rest: Vec<&Asked> = asked
        .iter()
        .filter(|asked| !answers.contains_key(&asked.member()))
        .collect();
    let addresses: Vec<String> = rest.iter().map(|asked| asked.address.clone()).collect();
    let found = users.find_by_email(&addresses).await?;
    for (asked, answer) in rest.into_iter().zip(found) {
        answers.insert(asked.member(), answer.found);
    }
    Ok(answers)
}

/// The photo is an ornament: where it cannot be had now, the one at hand stays.
async fn photo(
    tools: &Tools,
    access: &Access,
    account: &DirectoryAccount,
    before: &Lookup,
) -> Option<Vec<u8>> {
    match tools
        .microsoft
        .users(&access.token)
        .photo(account.object_id)
        .await
    {
        Ok(photo) => photo.map(|photo| photo.bytes.to_vec()),
        Err(failure) => {
            host::log(access.integration.organization, "fetch a photo", &failure);
            before
                .account
                .as_ref()
                .and_then(|account| account.photo.clone())
        }
    }
}

async fn record(
    tools: &Tools,
    claim: &Claim,
    before: &Lookup,
    found: &Lookup,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let current = directory::list_in(&tx, claim.organization, &[found.member]).await?;
    let asked_for = current
        .get(&found.member)
        .and_then(|lookup| lookup.mapped_address.as_ref());
    if asked_for != before.mapped_address.as_ref() {
        // Another account was named while Microsoft answered about the first.
        lease::release(&tx, claim, Some(tx.now)).await?;
        tx.commit().await?;
        return Ok(());
    }
    directory::save(&tx, claim.organization, found).await?;
    if before.finding != found.finding {
        touch_meetings(&tx, claim.organization, found.member).await?;
    }
    let spread = SignedDuration::from_mins(i64::from(tools.jitter()) / 17);
    lease::release(&tx, claim, Some(tx.now + DAILY + spread)).await?;
    tx.commit().await?;
    Ok(())
}

/// Whoever gains or loses an account walks in, or waits, from now on.
async fn touch_meetings(
    tx: &Tx,
    organization: OrganizationId,
    member: MemberId,
) -> Result<(), Trouble> {
    for stored in meetings::future_teams_in(tx, organization, None).await? {
        if stored
            .meeting
            .attendees
            .iter()
            .any(|attendee| attendee.member == member)
        {
            links::touch(tx, organization, stored.meeting.id).await?;
        }
    }
    Ok(())
}

async fn release_all(
    tools: &Tools,
    organization: OrganizationId,
    claims: &[Claim],
    after: Option<SignedDuration>,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(organization).await?;
    for claim in claims {
        lease::release(&tx, claim, after.map(|after| tx.now + after)).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn failed(
    tools: &Tools,
    organization: OrganizationId,
    claims: &[Claim],
    access: &Access,
    failure: &Failure,
) -> Result<(), Trouble> {
    host::log(organization, "look members up", failure);
    let tx = tools.store.begin(organization).await?;
    let blocks = match host::cause(failure) {
        None => host::token_refused(tools, &tx, access, failure)
            .await?
            .is_some(),
        Some(cause) if !failure.heals_by_itself() && cause != Cause::WrongAnswer => {
            host::attention(tools, &tx, organization, cause, failure).await?;
            true
        }
        Some(_) => false,
    };
    let asked = failure
        .retry_after
        .and_then(|wait| SignedDuration::try_from(wait).ok());
    let usual = if blocks { WHILE_BLOCKED } else { AFTER_FAILURE };
    for claim in claims {
        lease::release(&tx, claim, Some(tx.now + asked.unwrap_or(usual))).await?;
    }
    tx.commit().await?;
    Ok(())
}
