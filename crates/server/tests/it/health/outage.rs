//! Microsoft is away for a day.

use mentoring::integration::{Cause, IntegrationState};
use mentoring::link::LinkState;
use sandbox::faults::{Act, Fault, What};

use super::{Office, minutes};

/// From now on, neither Entra ID nor Graph does anything.
fn goes_away(office: &Office) {
    let mut down = Fault::once("/", Act::lose_answer());
    down.act.what = What::LoseRequest;
    down.times = None;
    office.tenant.sandbox.fault(down);
}

#[tokio::test]
async fn f18_after_a_day_without_microsoft_every_link_is_there_within_a_minute() {
    // Whoever waits looks every minute; here only every tenth of these looks happens.
    const LOOKS: usize = 24 * 6;
    let office = Office::is_integrated().await;
    goes_away(&office);
    let mut planned = Vec::new();
    for look in 0..LOOKS {
        if look.is_multiple_of(18) {
            let title = format!("Hour {:02}", look / 6);
            planned.push((office.mei_plans(&title, "2026-11-30T09:00").await, title));
        }
        let before = office.tenant.wire.calls();
        office.house.app.clock.advance(minutes(10));
        office.settles().await;
        let calls = office.tenant.wire.calls() - before;
        // A link, a person, the test, the sign-in: nothing asks more than twice.
        let most = 2 * (planned.len() + 5);
        assert!(
            calls <= most,
            "{calls} calls for {} meetings",
            planned.len()
        );
    }
    for (meeting, title) in &planned {
        let state = office.link(*meeting).await.state;
        assert!(matches!(state, LinkState::Waiting(_)), "{title}: {state:?}");
    }
    let down = IntegrationState::NeedsAttention(Cause::Unreachable);
    assert_eq!(office.state().await, down);
    assert_eq!(office.hosted(), []);

    office.tenant.sandbox.clear_faults();
    office.lives(minutes(1)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    for (meeting, title) in &planned {
        assert_eq!(
            office.link(*meeting).await.state,
            LinkState::Ready,
            "{title}"
        );
    }
    let mut titles: Vec<String> = office
        .hosted()
        .into_iter()
        .map(|(title, _)| title)
        .collect();
    titles.sort();
    let wanted: Vec<&String> = planned.iter().map(|(_, title)| title).collect();
    assert_eq!(titles.iter().collect::<Vec<_>>(), wanted, "N1: one each");
    assert_eq!(office.warnings().await, 0, "it mended itself");
}
