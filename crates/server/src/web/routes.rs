//! The one table of what is where. Whoever may not enter is turned away by the
//! extractors that a handler asks for.

use axum::Router;
use axum::routing::{get, post};

use super::meetings::{self, cancellation, link, list, new, schedule};
use super::{assets, health, home, join, profile, sign_in, tracks};
use crate::app::App;

pub(super) fn table() -> Router<App> {
    Router::new()
        // The instance.
        .route("/", get(sign_in::choose))
        .route("/theme", post(sign_in::change_theme))
        .route("/j/{code}", get(join::show))
        .route(assets::ROUTE, get(assets::serve))
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
        .route("/{slug}/people/{id}/photo", get(profile::photo))
        .route("/{slug}/meetings", get(list::show))
        .route("/{slug}/meetings/{id}", get(meetings::show::show))
        .route("/{slug}/meetings/{id}/link", get(link::show))
        .route(
            "/{slug}/meetings/{id}/schedule",
            get(schedule::show).post(schedule::change),
        )
        .route(
            "/{slug}/meetings/{id}/cancellation",
            get(cancellation::show).post(cancellation::cancel),
        )
        .route("/{slug}/tracks/{track}", get(tracks::show::show))
        .route(
            "/{slug}/tracks/{track}/meetings",
            get(new::again).post(new::create),
        )
        .route("/{slug}/tracks/{track}/meetings/new", get(new::show))
        .route(
            "/{slug}/tracks/{track}/meetings/new/modes",
            get(new::show_modes),
        )
}
