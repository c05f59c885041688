//! Secrets that left with a request must not come back in an error's text.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// What Microsoft wrote, fit for a log: bounded, on one line, and without any
/// of the secrets that were sent, should the answer echo them.
pub(crate) fn presentable(text: &str, sent: &[&SecretString]) -> Box<str> {
    const LONGEST: usize = 500;
    // Redacted before it is cut: half a secret wouldn't be recognized.
    let mut text = text.to_owned();
    for secret in sent {
        let secret = secret.expose_secret();
        if secret.is_empty() {
            continue;
        }
        text = text.replace(secret, "[redacted]");
        let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        text = text.replace(&encoded, "[redacted]");
    }
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect::<String>()
        .into_boxed_str()
}
