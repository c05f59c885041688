//! What goes wrong on demand: calls to an address are refused, held up,
//! answered with nonsense, or done and their answer lost.

mod act;
mod apply;
mod form;
mod nonsense;
mod queue;
mod slow;

use serde::{Deserialize, Serialize};

pub use act::{Act, Answer, Dress, Drip, Pull, What};
pub(crate) use apply::merge;
pub(crate) use apply::{apply, to_part};
pub(crate) use nonsense::within_batch;
pub use nonsense::{KINDS, Nonsense};
pub(crate) use queue::{Faults, Queued};

/// Something that goes wrong, with the calls it happens to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default)]
    pub on: On,
    /// How many such calls go well before.
    #[serde(default)]
    pub after: u64,
    /// How many calls it still happens to; none: until it is called off.
    #[serde(default, deserialize_with = "at_least_once")]
    pub times: Option<u64>,
    /// How long it may still happen, in seconds of the sandbox's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u32>,
    #[serde(rename = "do")]
    pub act: Act,
}

/// The calls that a fault is about; what is left out fits every call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct On {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The beginning of the path, in any case, such as `/v1.0/me/onlineMeetings`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// Any part of the path, such as `/oauth2/v2.0/token`, whatever the tenant before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_contains: Option<String>,
    /// For whose organization the call is: a tenant's id or domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// In whose name the call is made: a user principal name or an object id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl Fault {
    /// A fault for the next call to a path that begins so.
    pub fn once(path_prefix: &str, act: Act) -> Self {
        Self {
            on: On {
                path_prefix: Some(path_prefix.to_owned()),
                ..On::default()
            },
            after: 0,
            times: Some(1),
            for_seconds: None,
            act,
        }
    }
}

/// Marks an answer that never arrives. Over HTTP the connection is cut; whoever calls the router
/// directly finds this among the response's extensions, and a body that fails.
#[derive(Clone, Copy, Debug)]
pub struct Lost;

fn at_least_once<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let times = Option::deserialize(from)?;
    if times == Some(0) {
        return Err(serde::de::Error::custom(
            "a fault happens once at least; without `times` it happens until it is called off",
        ));
    }
    Ok(times)
}
