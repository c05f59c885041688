//! Teams is taken away with meetings ahead, and the process dies at every call (F13, N8).

use ithaca::store::{credentials, directory};
use jiff::SignedDuration;
use mentoring::integration::IntegrationState;

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
