//! The schema is brought up to date step by step, and Ithaca may die at any of them.

use std::collections::BTreeMap;

use super::ground::Ground;
use crate::demo::Demo;
use crate::reader::Reader;
use crate::stories::signs_in;
use ithaca::migrations;

/// Steps of before the first release, when nobody ran the version before.
const BEFORE_THE_FIRST_RELEASE: &[&str] = &["m0001", "m0002", "m0003", "m0004", "m0007"];

/// Table and column to type, and whether a row may leave it out.
type Columns = BTreeMap<(String, String), (String, bool)>;

fn dies_in_every_step(ground: &Ground) {
    let mut before = Columns::new();
    for step in migrations::names() {
        for moment in ["before", "within", "after"] {
            ground.arms(1, &format!("{moment} step {step}"));
            let mut ithaca = ground.begins();
            assert!(
                !ithaca.ended().success(),
                "{moment} {step}: {}",
                ithaca.errors()
            );
        }
        let now = columns(ground);
        let new = !BEFORE_THE_FIRST_RELEASE
            .iter()
            .any(|old| step.starts_with(old));
        if new && !migrations::is_contracting(&step) {
            only_expands(&step, &before, &now);
        }
        before = now;
    }
    ground.disarms();
    let demo = ground.starts();
    signs_in(&mut Reader::new(), &demo, "Mei Tanaka");
}

/// What the version before reads and writes is as it was.
fn only_expands(step: &str, before: &Columns, now: &Columns) {
    for (place, shape) in before {
        assert_eq!(
            now.get(place),
            Some(shape),
            "{step} changes {place:?}, which the version before uses; list it as contracting"
        );
    }
    for ((table, column), (_, may_be_left_out)) in now {
        let is_old = before.keys().any(|(old, _)| old == table);
        let is_known = before.contains_key(&(table.clone(), column.clone()));
        assert!(
            !is_old || is_known || *may_be_left_out,
            "{step} asks for {table}.{column}, which the version before doesn't write"
        );
    }
}

fn columns(ground: &Ground) -> Columns {
    let text = if ground.is_postgres() {
        "SELECT table_name AS tab, column_name AS col, data_type AS kind, \
         CASE WHEN is_nullable = 'YES' OR column_default IS NOT NULL THEN 1 ELSE 0 END AS may \
         FROM information_schema.columns WHERE table_schema = current_schema()"
    } else {
        "SELECT tables.name AS tab, columns.name AS col, columns.type AS kind, \
         CASE WHEN columns.\"notnull\" = 0 OR columns.dflt_value IS NOT NULL THEN 1 ELSE 0 END AS may \
         FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"
    };
    ground
        .rows(text)
        .iter()
        .map(|row| {
            let text = |name| row.try_get::<String>("", name).unwrap();
            let may = if ground.is_postgres() {
                row.try_get::<i32>("", "may").unwrap() == 1
            } else {
                row.try_get::<i64>("", "may").unwrap() == 1
            };
            ((text("tab"), text("col")), (text("kind"), may))
        })
        .collect()
}

#[test]
fn f38_ithaca_dies_in_every_step_of_the_schema_on_sqlite_and_goes_on() {
    dies_in_every_step(&Ground::on_sqlite("steps-on-sqlite"));
}

#[test]
fn f38_ithaca_dies_in_every_step_of_the_schema_on_postgresql_and_goes_on() {
    dies_in_every_step(&Ground::on_postgres("steps-on-postgres"));
}

/// A version that is to come has expanded the schema; this one doesn't know the step.
fn runs_on_what_a_newer_version_expanded(ground: &Ground) {
    ground.starts();
    ground.does("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)");
    ground.does("INSERT INTO schema_expansions (name) VALUES ('m9999_later')");
    ground.does("ALTER TABLE members ADD COLUMN pronouns text");
    let demo: Demo = ground.starts();
    signs_in(&mut Reader::new(), &demo, "Mei Tanaka");
}

#[test]
fn f37_this_version_runs_on_what_the_next_one_expanded_on_sqlite() {
    runs_on_what_a_newer_version_expanded(&Ground::on_sqlite("expanded-on-sqlite"));
}

#[test]
fn f37_this_version_runs_on_what_the_next_one_expanded_on_postgresql() {
    runs_on_what_a_newer_version_expanded(&Ground::on_postgres("expanded-on-postgres"));
}
