//! The one table of what is where. Whoever may not enter is turned away by the
//! extractors that a handler asks for.

use axum::Router;
use axum::routing::{get, post};

use super::meetings::{
    self, calendar as days, cancellation, details, link, list, logged, new, notes, outcome,
    schedule,
};
use super::{
    answers, assets, audit, calendar, health, home, integrations, join, manage, members,
    organization, outcomes, profile, proposals, reference, reminders, settings, sign_in, tokens,
    tracks,
};
use crate::app::App;

pub(super) fn table() -> Router<App> {
    Router::new()
        // The instance.
        .route("/", get(sign_in::choose))
        .route("/theme", post(sign_in::change_theme))
        .route("/api", get(reference::show))
        .route("/j/{code}", get(join::show))
        .route("/a/{code}", get(answers::show).post(answers::give))
        .route("/a/{code}/times", get(proposals::link::show))
        .route(
            "/a/{code}/times/{deed}",
            get(proposals::link::again).post(proposals::link::give),
        )
        .route("/calendar/{file}", get(calendar::show))
        .route(assets::ROUTE, get(assets::serve))
        .route(
            "/integrations/microsoft/callback",
            get(integrations::consent::callback),
        )
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/robots.txt", get(health::robots))
        .route("/favicon.ico", get(health::icon))
        // The door of an organization.
        .route("/{slug}/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/{slug}/signed-in", get(sign_in::signed_in))
        .route(
            "/{slug}/sign-in/forgotten",
            get(sign_in::forgotten).post(sign_in::ask_reset),
        )
        .route(
            "/{slug}/invitation/{code}",
            get(sign_in::invitation).post(sign_in::accept_invitation),
        )
        .route(
            "/{slug}/password/{code}",
            get(sign_in::password).post(sign_in::change_password),
        )
        .route("/{slug}/sign-out", post(sign_in::sign_out))
        .route(
            "/{slug}/sign-out/everywhere",
            post(sign_in::sign_out_everywhere),
        )
        // Everybody in it.
        .route("/{slug}", get(home::show))
        .route("/{slug}/profile", get(profile::show).post(profile::change))
        .route(
            "/{slug}/profile/tokens",
            get(tokens::show).post(tokens::create),
        )
        .route(
            "/{slug}/profile/tokens/{id}/revocation",
            post(tokens::revoke),
        )
        .route(
            "/{slug}/profile/calendar",
            get(calendar::again).post(calendar::make),
        )
        .route(
            "/{slug}/profile/calendar/removal",
            get(calendar::again).post(calendar::end),
        )
        .route(
            "/{slug}/profile/reminders",
            get(reminders::again).post(reminders::change),
        )
        .route("/{slug}/people/{id}/photo", get(profile::photo))
        .route("/{slug}/meetings/{id}", get(meetings::show::show))
        .route(
            "/{slug}/meetings/{id}/link",
            get(link::show).post(link::try_again),
        )
        .route(
            "/{slug}/meetings/{id}/details",
            get(details::show).post(details::change),
        )
        .route(
            "/{slug}/meetings/{id}/answer",
            get(meetings::answers::again).post(meetings::answers::give),
        )
        .route(
            "/{slug}/meetings/{id}/schedule",
            get(schedule::show).post(schedule::change),
        )
        .route(
            "/{slug}/meetings/{id}/cancellation",
            get(cancellation::show).post(cancellation::cancel),
        )
        .route("/{slug}/tracks/{track}", get(tracks::show::show))
        .route("/{slug}/tracks/{track}/teams", get(tracks::teams::show))
        .route("/{slug}/tracks/{track}/meetings/new", get(new::show))
        .route(
            "/{slug}/tracks/{track}/meetings/new/modes",
            get(new::show_modes),
        )
        .merge(lists())
        .merge(afterwards())
        .merge(offered_times())
        .merge(run_by_administrators())
        .merge(program_settings())
        .merge(connection())
}

/// One's own meetings, and those of a track.
fn lists() -> Router<App> {
    Router::new()
        .route("/{slug}/meetings", get(list::show))
        .route("/{slug}/meetings/week", get(days::week))
        .route("/{slug}/meetings/month", get(days::month))
        .route(
            "/{slug}/tracks/{track}/meetings",
            get(list::show_of_track).post(new::create),
        )
        .route(
            "/{slug}/tracks/{track}/meetings/week",
            get(days::week_of_track),
        )
        .route(
            "/{slug}/tracks/{track}/meetings/month",
            get(days::month_of_track),
        )
}

/// What comes after a meeting.
fn afterwards() -> Router<App> {
    Router::new()
        .route(
            "/a/{code}/outcome",
            get(outcomes::show).post(outcomes::give),
        )
        .route(
            "/{slug}/meetings/{id}/outcome",
            get(outcome::show).post(outcome::say),
        )
        .route(
            "/{slug}/meetings/{id}/notes",
            get(notes::show).post(notes::change),
        )
        .route(
            "/{slug}/tracks/{track}/meetings/past",
            get(logged::show).post(logged::log),
        )
}

/// Times that people offer each other.
fn offered_times() -> Router<App> {
    use proposals::{answer, new, other};
    Router::new()
        .route(
            "/{slug}/tracks/{track}/proposals",
            get(new::again).post(new::propose),
        )
        .route("/{slug}/tracks/{track}/proposals/new", get(new::show))
        .route(
            "/{slug}/tracks/{track}/proposals/new/modes",
            get(meetings::new::show_modes),
        )
        .route(
            "/{slug}/meetings/{id}/proposals",
            get(answer::again).post(other::offer),
        )
        .route("/{slug}/meetings/{id}/proposals/new", get(other::show))
        .route(
            "/{slug}/meetings/{id}/acceptance",
            get(answer::again).post(answer::accept),
        )
        .route(
            "/{slug}/meetings/{id}/availability",
            get(answer::again).post(answer::answer),
        )
        .route(
            "/{slug}/meetings/{id}/refusal",
            get(answer::again).post(answer::decline),
        )
        .route(
            "/{slug}/meetings/{id}/withdrawal",
            get(answer::again).post(answer::withdraw),
        )
}

/// What global administrators run.
fn run_by_administrators() -> Router<App> {
    Router::new()
        .route("/{slug}/manage", get(manage::show))
        .route(
            "/{slug}/manage/organization",
            get(organization::show).post(organization::describe),
        )
        .route("/{slug}/manage/members", get(members::list))
        .route(
            "/{slug}/manage/members/invitation",
            get(members::new).post(members::invite),
        )
        .route("/{slug}/manage/members/{id}", get(members::show))
        .route(
            "/{slug}/manage/members/{id}/deactivation",
            get(members::ask_deactivation).post(members::deactivate),
        )
        .route(
            "/{slug}/manage/members/{id}/reactivation",
            post(members::reactivate),
        )
        .route(
            "/{slug}/manage/members/{id}/administrator",
            post(members::change_administrator),
        )
        .route(
            "/{slug}/manage/members/{id}/invitation",
            post(members::invite_again),
        )
        .route(
            "/{slug}/manage/tracks",
            get(manage::all_tracks).post(manage::create_track),
        )
        .route("/{slug}/manage/tracks/new", get(manage::new_track))
        .route("/{slug}/manage/audit", get(audit::list))
        .route("/{slug}/manage/audit.csv", get(audit::export))
}

/// What those who administer a track decide about it.
fn program_settings() -> Router<App> {
    Router::new()
        .route(
            "/{slug}/tracks/{track}/settings/general",
            get(settings::general::show).post(settings::general::rename),
        )
        .route(
            "/{slug}/tracks/{track}/settings/permissions",
            get(settings::permissions::show).post(settings::permissions::change),
        )
        .route(
            "/{slug}/tracks/{track}/settings/participants",
            get(settings::participants::show).post(settings::participants::enrol),
        )
        .route(
            "/{slug}/tracks/{track}/settings/participants/{id}",
            post(settings::participants::change),
        )
        .route(
            "/{slug}/tracks/{track}/settings/participants/{id}/removal",
            post(settings::participants::remove),
        )
        .route(
            "/{slug}/tracks/{track}/settings/meetings",
            get(settings::meetings::show),
        )
        .route(
            "/{slug}/tracks/{track}/settings/meetings.csv",
            get(settings::meetings::export),
        )
        .route(
            "/{slug}/tracks/{track}/settings/teams",
            get(settings::teams::show),
        )
        .route(
            "/{slug}/tracks/{track}/settings/teams.csv",
            get(settings::teams::export),
        )
        .route(
            "/{slug}/tracks/{track}/settings/teams/{id}",
            post(settings::teams::map),
        )
}

/// The organization's connection to Microsoft Teams.
fn connection() -> Router<App> {
    Router::new()
        .route("/{slug}/manage/integrations", get(integrations::list))
        .route("/{slug}/manage/integrations/teams", get(integrations::show))
        .route(
            "/{slug}/manage/integrations/teams/state",
            get(integrations::state),
        )
        .route(
            "/{slug}/manage/integrations/teams/consent",
            post(integrations::consent::begin),
        )
        .route(
            "/{slug}/manage/integrations/teams/finished",
            get(integrations::consent::finished),
        )
        .route(
            "/{slug}/manage/integrations/teams/host",
            post(integrations::answer_host),
        )
        .route(
            "/{slug}/manage/integrations/teams/check",
            post(integrations::check),
        )
        .route(
            "/{slug}/manage/integrations/teams/reconnection",
            post(integrations::answer_change),
        )
        .route(
            "/{slug}/manage/integrations/teams/comparison",
            post(integrations::compare),
        )
        .route(
            "/{slug}/manage/integrations/teams/removal",
            get(integrations::removal::ask).post(integrations::removal::remove),
        )
}
