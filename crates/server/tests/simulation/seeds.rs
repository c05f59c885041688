//! Seeds that once broke a promise, each with what was wrong. What a seed leads to changes with
//! the choices that a history has, so the mend of each has a test of its own as well, where one
//! can be written; these are run again all the same.

use crate::run;
use crate::world::Options;

/// With what was wrong.
const ONCE_BROKEN: &[(u64, &str)] = &[
    (
        3_565,
        "a look before a reminder took somebody's change for the tenant's policy",
    ),
    (
        3_506,
        "a removal waited for a deletion that had been put off",
    ),
    (
        1_414,
        "a comparison that a dead sign-in had stopped stood still when it worked again",
    ),
    (
        1_549,
        "a lobby that was set late, just before it was read back, was taken for a policy",
    ),
    (
        1_829,
        "an answer named a wrong id, and what was never there was deleted",
    ),
    (
        161,
        "an integration was tested ever less often, and stayed unreachable",
    ),
    (
        2_139,
        "two live tests worked on one trial meeting, and the second found it gone",
    ),
    (
        3_030,
        "an invitation that may have arrived was replaced by one that never left, and no \
         cancellation followed",
    ),
    (
        1_660,
        "Ithaca was down for days, and the first \"not now\" of the mail server ended a letter",
    ),
    (
        1_024,
        "a lost answer and a failure after it hid that a create had left (F03)",
    ),
    (
        1_042,
        "a meeting that became one on Teams again before its old one was deleted",
    ),
    (
        1_069,
        "Teams was removed with links kept before people were told of them",
    ),
    (
        2_048,
        "Microsoft named a wrong id, and the right meeting was left behind",
    ),
];

#[test]
fn what_once_broke_a_promise_keeps_it() {
    for (seed, what) in ONCE_BROKEN {
        let outcome = run(*seed, Options::default());
        assert!(
            outcome.broken.is_empty(),
            "seed {seed}, {what}: {:#?}",
            outcome.broken
        );
    }
}
