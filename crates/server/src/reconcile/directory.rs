//! Who has an account in the organization's Microsoft directory: members of Ithaca are
//! looked up, twenty at a time, and nobody else ever is (S13).

use jiff::SignedDuration;
use mentoring::eligibility::{Account, DirectoryFinding, match_accounts};
use mentoring::member::{Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId};
use microsoft::{DirectoryAccount, Failure};

use super::host::{self, Access};
use super::{Tools, Trouble};
use crate::store::directory::{self, Lookup};
use crate::store::lease::{self, Claim};
use crate::store::{Tx, links, meetings, members};
use crate::wake::Reconciler;

const DAILY: SignedDuration = SignedDuration::from_hours(24);
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(30);

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
        Err(_) => return release_all(&tools, organization, &claims, Some(AFTER_FAILURE)).await,
    };
    let ids: Vec<MemberId> = claims.iter().map(|claim| MemberId(claim.id)).collect();
    let people: Vec<Member> = members::list_for_work(&tools.store, organization, &ids)
        .await?
        .into_iter()
        .filter(|member| member.state != MemberState::Deactivated)
        .collect();
    let addresses: Vec<String> = people
        .iter()
        .map(|member| member.email.as_str().to_owned())
        .collect();
    let answers = match tools
        .microsoft
        .users(&access.token)
        .find_by_email(&addresses)
        .await
    {
        Ok(answers) => answers,
        Err(failure) => return failed(&tools, organization, &claims, &access, &failure).await,
    };
    let known = directory::list_for_work(&tools.store, organization, &ids).await?;
    for claim in &claims {
        let person = people.iter().find(|member| member.id.0 == claim.id);
        let answer = person.and_then(|member| {
            answers
                .iter()
                .find(|answer| answer.address == member.email.as_str())
        });
        let (Some(person), Some(answer)) = (person, answer) else {
            release_all(&tools, organization, std::slice::from_ref(claim), None).await?;
            continue;
        };
        match &answer.found {
            Ok(accounts) => {
                let before = known.get(&person.id);
                let found = found(&tools, &access, person, accounts, before).await;
                record(&tools, claim, before, &found).await?;
            }
            Err(failure) => {
                host::log(organization, "look a member up", failure);
                release_all(
                    &tools,
                    organization,
                    std::slice::from_ref(claim),
                    Some(AFTER_FAILURE),
                )
                .await?;
            }
        }
    }
    tools.wake.ring(Reconciler::Links);
    Ok(())
}

async fn found(
    tools: &Tools,
    access: &Access,
    person: &Member,
    accounts: &[DirectoryAccount],
    before: Option<&Lookup>,
) -> Lookup {
    let plain: Vec<Account> = accounts
        .iter()
        .map(|account| Account {
            object_id: account.object_id.0,
            user_principal_name: account.user_principal_name.clone(),
            mail: account.mail.clone(),
        })
        .collect();
    let (finding, index) = match_accounts(&person.email, &plain);
    let account = match index.and_then(|index| accounts.get(index)) {
        None => None,
        Some(account) => Some(directory::DirectoryAccount {
            object_id: account.object_id.0,
            user_principal_name: account.user_principal_name.clone(),
            first_name: account.given_name.clone().unwrap_or_default(),
            last_name: account.surname.clone().unwrap_or_default(),
            email: account.mail.clone(),
            photo: photo(tools, access, account, before).await,
        }),
    };
    Lookup {
        member: person.id,
        finding,
        account,
        looked_up_at: Some(tools.clock.now()),
    }
}

/// The photo is an ornament: where it cannot be had now, the one at hand stays.
async fn photo(
    tools: &Tools,
    access: &Access,
    account: &DirectoryAccount,
    before: Option<&Lookup>,
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
                .and_then(|before| before.account.as_ref())
                .and_then(|account| account.photo.clone())
        }
    }
}

async fn record(
    tools: &Tools,
    claim: &Claim,
    before: Option<&Lookup>,
    found: &Lookup,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    directory::save(&tx, claim.organization, found).await?;
    let was = before.map_or(DirectoryFinding::NotLookedUp, |before| before.finding);
    if was != found.finding {
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
    match host::cause(failure) {
        None => {
            host::token_refused(tools, &tx, access).await?;
        }
        Some(cause)
            if !failure.heals_by_itself()
                && cause != mentoring::integration::Cause::WrongAnswer =>
        {
            host::attention(tools, &tx, organization, cause).await?;
        }
        Some(_) => {}
    }
    let asked = failure
        .retry_after
        .and_then(|wait| SignedDuration::try_from(wait).ok());
    for claim in claims {
        lease::release(&tx, claim, Some(tx.now + asked.unwrap_or(AFTER_FAILURE))).await?;
    }
    tx.commit().await?;
    Ok(())
}
