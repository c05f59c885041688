//! A password sent by the application itself (ROPC). It is looked at and never
//! taken: these tenants want a second factor, for which this grant has no room.
//!
//! Source: "Microsoft identity platform and OAuth 2.0 Resource Owner Password Credentials".

use crate::entra::Parameters;
use crate::entra::authority::Authority;
use crate::entra::failure::Failure;
use crate::entra::step;
use crate::tenant::State;

/// Why there are no tokens for it.
pub(super) fn refuse(state: &State, authority: Authority, form: &Parameters) -> Failure {
    if matches!(authority, Authority::Common | Authority::Consumers) {
        return Failure::new(9_001_023).named("invalid_request");
    }
    for name in ["scope", "username", "password"] {
        if !form.contains_key(name) {
            return Failure::missing(name);
        }
    }
    let username = form.get("username").map_or("", String::as_str);
    let password = form.get("password").map_or("", String::as_str);
    let Some(person) = state
        .people
        .find_anywhere(username)
        .filter(|person| authority.admits(person))
    else {
        return Failure::new(50034).saying(format!(
            "The user account {username} does not exist in the directory. To sign into this \
             application, the account must be added to the directory."
        ));
    };
    if !person.password.matches(password) {
        return Failure::new(50126);
    }
    if !person.enabled {
        return Failure::new(50057);
    }
    if person.standing.password_expired {
        return Failure::new(50055);
    }
    step::second_factor(person, false).named("invalid_grant")
}
