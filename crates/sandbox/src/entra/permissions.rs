//! The permissions of Microsoft Graph that the sandbox knows: their names,
//! their plain words, and who may approve them.
//!
//! Source: "Microsoft Graph permissions reference".

use std::collections::BTreeSet;

use crate::entra::failure::Failure;
use crate::tenant::ConsentPolicy;
use crate::tenant::app::AppRegistration;
use crate::tenant::person::Person;

const GRAPH: &str = "https://graph.microsoft.com/";

/// The application id of Microsoft Graph, which may stand for its address.
const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000/";

/// A delegated permission.
pub(super) struct Delegated {
    pub(super) name: &'static str,
    /// What the permission page says to somebody who approves it for themselves.
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
    needs_administrator: bool,
    /// Whether tenants that let Microsoft manage their consent settings block it.
    blocked_as_teams: bool,
}

const fn open(name: &'static str, title: &'static str, detail: &'static str) -> Delegated {
    Delegated {
        name,
        title,
        detail,
        needs_administrator: false,
        blocked_as_teams: false,
    }
}

const DELEGATED: &[Delegated] = &[
    Delegated {
        blocked_as_teams: true,
        ..open(
            "Calendars.ReadWrite",
            "Have full access to your calendars",
            "Allows the app to read, update, create and delete events in your calendars.",
        )
    },
    open(
        "email",
        "View your email address",
        "Allows the app to read your primary email address.",
    ),
    open(
        "offline_access",
        "Maintain access to data you have given it access to",
        "Allows the app to see and update the data you gave it access to, even when you are not \
         currently using the app. This does not give the app any additional permissions.",
    ),
    Delegated {
        blocked_as_teams: true,
        ..open(
            "OnlineMeetings.Read",
            "Read your online meetings",
            "Allows the app to read online meeting details on your behalf.",
        )
    },
    Delegated {
        blocked_as_teams: true,
        ..open(
            "OnlineMeetings.ReadWrite",
            "Read and create your online meetings",
            "Allows the app to read and create online meetings on your behalf.",
        )
    },
    open(
        "openid",
        "Sign you in",
        "Allows you to sign in to the app with your work or school account and allows the app to \
         read your basic profile information.",
    ),
    open(
        "profile",
        "View your basic profile",
        "Allows the app to see your basic profile (for example name, picture, user name, email \
         address).",
    ),
    open(
        "User.Read",
        "Sign you in and read your profile",
        "Allows you to sign in to the app with your organizational account and let the app read \
         your profile. It also allows the app to read basic company information.",
    ),
    Delegated {
        needs_administrator: true,
        ..open(
            "User.Read.All",
            "Read all users' full profiles",
            "Allows the app to read the full set of profile properties, reports, and managers of \
             other users in your organization, on your behalf.",
        )
    },
    open(
        "User.ReadBasic.All",
        "Read all users' basic profiles",
        "Allows the app to read a basic set of profile properties of other users in your \
         organization on your behalf. Includes display name, first and last name, email address \
         and photo.",
    ),
];

/// The application permissions, with what the permission page says about them.
const APPLICATION: &[(&str, &str)] = &[
    (
        "OnlineMeetings.ReadWrite.All",
        "Read and create online meetings",
    ),
    ("User.Read.All", "Read all users' full profiles"),
    ("User.ReadBasic.All", "Read all users' basic profiles"),
];

/// A delegated permission by its name.
pub(super) fn find(name: &str) -> Option<&'static Delegated> {
    DELEGATED.iter().find(|one| one.name == name)
}

/// What the permission page says about an application permission.
pub(super) fn application_title(name: &str) -> Option<&'static str> {
    Some(APPLICATION.iter().find(|one| one.0 == name)?.1)
}

/// What a word of a list of scopes names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word<'a> {
    /// A permission of Graph, or one of OpenID Connect's own.
    Graph(&'a str),
    /// Something of another resource, whose address this is.
    Elsewhere(&'a str),
}

/// OpenID Connect's own scopes, which belong to no resource.
const OWN: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// Reads a list of scopes: with or without Graph's address, in any case, `.default` for all that
/// the app registration lists.
pub(super) fn parse(text: &str, app: &AppRegistration) -> Result<BTreeSet<String>, Failure> {
    let words = || text.split_ascii_whitespace().map(read);
    one_resource(text, words())?;
    let mut scopes = BTreeSet::new();
    let mut named = None;
    let mut everything = None;
    for word in words() {
        let name = match word {
            Word::Graph(name) => name,
            Word::Elsewhere(resource) => return Err(not_installed(resource)),
        };
        if name.eq_ignore_ascii_case(".default") {
            everything = Some(name);
            scopes.extend(app.scopes.iter().cloned());
            continue;
        }
        let known = DELEGATED
            .iter()
            .find(|one| one.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                Failure::new(650_053).saying(format!(
                    "The application '{}' asked for scope '{name}' that doesn't exist on the \
                     resource '00000003-0000-0000-c000-000000000000'. Contact the app vendor.",
                    app.name
                ))
            })?;
        if !is_own(known.name) {
            named = Some(known.name);
        }
        scopes.insert(known.name.to_owned());
    }
    if let (Some(_), Some(named)) = (everything, named) {
        return Err(Failure::new(70011).saying(format!(
            "The provided request must include a 'scope' input parameter. The provided value for \
             the input parameter 'scope' is not valid. The scope {named} is not valid. .default \
             scope can't be combined with resource-specific scopes."
        )));
    }
    Ok(scopes)
}

/// Whether a scope is one of OpenID Connect's own.
pub(super) fn is_own(name: &str) -> bool {
    OWN.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// A token is for one resource.
fn one_resource<'a>(text: &str, words: impl Iterator<Item = Word<'a>>) -> Result<(), Failure> {
    let resources: BTreeSet<&str> = words
        .filter_map(|word| match word {
            Word::Graph(name) => (!is_own(name)).then_some(GRAPH),
            Word::Elsewhere(resource) => Some(resource),
        })
        .collect();
    if resources.len() > 1 {
        return Err(Failure::new(28000).saying(format!(
            "Provided value for the input parameter scope is not valid because it contains more \
             than one resource. Scope {text} is not valid."
        )));
    }
    Ok(())
}

/// No tenant of the sandbox has any resource but Graph.
fn not_installed(resource: &str) -> Failure {
    Failure::new(500_011).saying(format!(
        "The resource principal named {resource} was not found in the tenant. This can happen if \
         the application has not been installed by the administrator of the tenant or consented to \
         by any user in the tenant. You might have sent your authentication request to the wrong \
         tenant."
    ))
}

/// Reads the scope of client credentials, which is `.default` of one resource.
pub(super) fn parse_default(text: &str) -> Result<(), Failure> {
    let words = || text.split_ascii_whitespace().map(read);
    one_resource(text, words())?;
    let is_default = |name: &str| name.eq_ignore_ascii_case(".default");
    match (words().next(), words().nth(1)) {
        (Some(Word::Graph(name)), None) if is_default(name) => Ok(()),
        (Some(Word::Elsewhere(resource)), None)
            if text.trim().to_ascii_lowercase().ends_with("/.default") =>
        {
            Err(not_installed(resource))
        }
        _ => Err(Failure::new(1_002_012).saying(format!(
            "The provided value for scope {text} is not valid. Client credential flows must have a \
             scope value with /.default suffixed to the resource identifier (application ID URI)."
        ))),
    }
}

fn read(word: &str) -> Word<'_> {
    for prefix in [GRAPH, GRAPH_ID] {
        if let Some(head) = word.get(..prefix.len())
            && head.eq_ignore_ascii_case(prefix)
        {
            // Azure's clients write two slashes for a resource whose address ends in one.
            return Word::Graph(word[prefix.len()..].trim_start_matches('/'));
        }
    }
    match word.rsplit_once('/') {
        Some((resource, _)) => Word::Elsewhere(resource),
        None => Word::Graph(word),
    }
}

/// Whether a person may approve these scopes for themselves.
pub(super) fn may_consent(
    person: &Person,
    policy: ConsentPolicy,
    scopes: &BTreeSet<String>,
) -> bool {
    if person.role.may_consent_for_all() {
        return true;
    }
    scopes.iter().filter_map(|name| find(name)).all(|scope| {
        !scope.needs_administrator
            && match policy {
                ConsentPolicy::Allow => true,
                ConsentPolicy::BlockTeams => !scope.blocked_as_teams,
                ConsentPolicy::AdminOnly => false,
            }
    })
}
