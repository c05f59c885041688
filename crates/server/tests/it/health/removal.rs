//! Teams is taken away with meetings ahead, and the process dies at every call (F13, N8).

use ithaca::store::{credentials, directory};
use jiff::SignedDuration;
use mentoring::integration::IntegrationState;

use sandbox::faults::{Act, Answer, Fault, What};
use sea_orm::{ConnectionTrait as _, Statement};

use super::{Office, TEAMS, minutes};

#[tokio::test]
async fn f13_n08_a_removal_ends_whatever_call_the_process_dies_at() {
    let keep: &[(&str, &str)] = &[("links", "keep"), ("confirmation", "remove")];
    let delete: &[(&str, &str)] = &[
        ("links", "delete"),
        ("replacement", "phone"),
        ("confirmation", "remove"),
    ];
    for (choice, left) in [(keep, 1), (delete, 0)] {
        for (done, calls) in [false, true]
            .into_iter()
            .flat_map(|done| (1..=8).map(move |calls| (done, calls)))
        {
            let office = Office::is_integrated().await;
            office.mei_plans("Planned", "2026-11-26T09:00").await;
            office.lives(minutes(1)).await;
            let pending = office.mei_plans("Pending", "2026-11-27T09:00").await;
            let amara = office.amara().await;
            amara.posts(&format!("{TEAMS}/removal"), choice).await;
            office.tenant.wire.hangs_after(calls, done);
            let died = office.lives_or_dies(minutes(1)).await;
            office.lives(minutes(10)).await;
            let of = format!("{choice:?}, call {calls}, done: {done}");
            assert_eq!(office.state().await, IntegrationState::Removed, "{of}");
            let store = &office.house.world.store;
            let tokens = credentials::find(store, office.id()).await.unwrap();
            assert!(tokens.is_none(), "{of}");
            let company = &office.house.world.larkspur;
            let known = directory::list_for_work(store, company.id, &[company.mentor.id]).await;
            assert_eq!(known.unwrap()[&company.mentor.id].account, None, "{of}");
            let live = office.hosted().len();
            assert_eq!(live, left, "{of}: {:?}", office.hosted());
            let asked = office.tenant.wire.calls();
            office.lives(SignedDuration::from_hours(48)).await;
            assert_eq!(
                office.tenant.wire.calls(),
                asked,
                "{of}: nobody asks any more"
            );
            let link = office.link(pending).await;
            assert!(link.observed.join_url.is_none(), "{of}");
            if !died {
                break;
            }
        }
    }
}

/// How often somebody looked after the integration.
async fn looks(office: &Office) -> i64 {
    let read = office.house.world.store.read();
    let text = "SELECT MAX(fencing) AS looks FROM integrations".to_owned();
    let statement = Statement::from_string(read.get_database_backend(), text);
    let row = read.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "looks").unwrap()
}

#[tokio::test]
async fn a_removal_that_microsoft_puts_off_asks_seldom_and_ends_soon_after() {
    let office = Office::is_integrated().await;
    office.mei_plans("Planned", "2026-11-26T09:00").await;
    office.lives(minutes(1)).await;
    let headers = [("Retry-After".to_owned(), "600".to_owned())].into();
    let refusal = Answer {
        status: 429,
        headers,
        body: serde_json::Value::Null,
    };
    let act: Act = What::Answer(refusal).into();
    let fault = Fault::once("/v1.0/me/onlineMeetings", act);
    office.tenant.sandbox.fault(fault);
    let amara = office.amara().await;
    let fields = [
        ("links", "delete"),
        ("replacement", "phone"),
        ("confirmation", "remove"),
    ];
    amara.posts(&format!("{TEAMS}/removal"), &fields).await;
    let before = looks(&office).await;
    office.lives(minutes(9)).await;
    assert_eq!(office.state().await, IntegrationState::Removing);
    let looked = looks(&office).await - before;
    assert!((9..60).contains(&looked), "{looked} looks in nine minutes");
    office.lives(minutes(4)).await;
    assert_eq!(office.state().await, IntegrationState::Removed);
    assert_eq!(office.hosted(), []);
}
