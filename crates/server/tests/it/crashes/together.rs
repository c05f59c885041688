//! Two people change the same meeting at the same moment.

use std::sync::Barrier;

use serde_json::json;

use super::checker::{self, Wanted};
use super::deeds::{LATER, Leaves, asks, meeting, plan_as, waits_for_link};
use super::ground::Ground;
use crate::stories::gets_teams;

const ROUNDS: usize = 8;

fn one_moves_it_while_another_cancels_it(ground: &Ground) {
    let demo = ground.starts();
    gets_teams(&demo);
    let mut wanted = Wanted::new();
    for round in 0..ROUNDS {
        let title = format!("Both {round}");
        plan_as(&demo, "Mei Tanaka", "luis@larkspur.example", &title).unwrap();
        waits_for_link(&demo, "Mei Tanaka", &title);
        ground.comes_to_rest(&demo);
        let id = meeting(&demo, "Mei Tanaka", &title).unwrap().unwrap()["id"].clone();
        let path = format!("/meetings/{}", id.as_str().unwrap());
        let barrier = Barrier::new(2);
        let (moved, cancelled) = std::thread::scope(|scope| {
            let (begins, demo, path) = (&barrier, &demo, &path);
            let moving = scope.spawn(move || {
                let body = json!({ "local_start": LATER });
                begins.wait();
                asks(demo, "Mei Tanaka", "PATCH", path, Some(&body)).unwrap()
            });
            let cancelling = scope.spawn(move || {
                let body = json!({ "reason": "The room is closed." });
                begins.wait();
                let path = format!("{path}/cancellation");
                asks(demo, "Amara Okafor", "POST", &path, Some(&body)).unwrap()
            });
            (moving.join().unwrap(), cancelling.join().unwrap())
        });
        for (status, answer) in [&moved, &cancelled] {
            let is_told = (200..300).contains(status) || [409, 412].contains(status);
            assert!(is_told, "{status} {answer}");
        }
        let leaves = match (moved.0 < 300, cancelled.0 < 300) {
            (_, true) => Leaves::Cancelled,
            (true, false) => Leaves::Scheduled(LATER),
            (false, false) => panic!("nobody got through: {moved:?} {cancelled:?}"),
        };
        println!("{title}: moved {}, cancelled {}", moved.0, cancelled.0);
        wanted.insert(title.clone(), leaves);
        ground.comes_to_rest(&demo);
        checker::meeting_is(&demo, &title, leaves);
    }
    ground.settling_ends();
    ground.comes_to_rest(&demo);
    checker::all_is_well(ground, &demo, &wanted);
}

#[test]
fn f34_one_moves_a_meeting_while_another_cancels_it_on_sqlite() {
    one_moves_it_while_another_cancels_it(&Ground::on_sqlite("together-on-sqlite"));
}

#[test]
fn f34_one_moves_a_meeting_while_another_cancels_it_on_postgresql() {
    one_moves_it_while_another_cancels_it(&Ground::on_postgres("together-on-postgres"));
}
