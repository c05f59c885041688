//! Who knocks, before anybody asks for their name: cookies, address, theme.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::pages::frame::{Flash, Frame, OrganizationMark, Theme};
use crate::app::App;
use crate::door;
use crate::store::organizations::Organization;

/// The session's cookie (W-07).
pub const SESSION: &str = "__Host-ithaca";
/// How a browser that nobody is signed in with wants pages to look.
pub const THEME: &str = "__Host-theme";
/// What the last action came to, until the next page has shown it.
pub const FLASH: &str = "__Host-flash";

/// The cookies of a request.
#[derive(Clone, Debug, Default)]
pub struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Reads all cookies that a browser sent.
    pub fn of(headers: &HeaderMap) -> Self {
        let pairs = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(pairs.collect())
    }

    /// The value of a cookie.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether there are two of the same name: somebody else set one of them (W-07).
    pub fn repeats(&self, name: &str) -> bool {
        self.0.iter().filter(|(known, _)| known == name).count() > 1
    }

    /// Whether the browser sent any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A `Set-Cookie` that only this host ever gets back, and no script reads. Without
/// `seconds` it ends with the browser.
pub fn keep(name: &str, value: &str, seconds: Option<u32>) -> HeaderValue {
    let age = seconds.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
    HeaderValue::try_from(format!(
        "{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"
    ))
    .unwrap_or(HeaderValue::from_static(""))
}

/// A `Set-Cookie` that makes the browser forget.
pub fn forget(name: &str) -> HeaderValue {
    keep(name, "", Some(0))
}

/// The cookie that carries a sentence to the next page.
pub fn keep_flash(flash: &Flash) -> HeaderValue {
    let (kind, text) = match flash {
        Flash::Done(text) => ('d', text),
        Flash::Refused(text) => ('r', text),
    };
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC);
    keep(FLASH, &format!("{kind}{text}"), Some(60))
}

fn read_flash(cookie: &str) -> Option<Flash> {
    let (kind, text) = cookie.split_at_checked(1)?;
    let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
    match kind {
        "d" => Some(Flash::Done(text)),
        "r" => Some(Flash::Refused(text)),
        _ => None,
    }
}

/// Who knocks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What this instance knows and can do.
    pub app: App,
    /// Their cookies.
    pub cookies: Cookies,
    /// An address of ours to come back to with GET: the page itself, or the page whose
    /// form was sent.
    pub address: String,
    /// The network address that they come from.
    pub network_address: String,
    /// Whether a page's script asks, which replaces a part of the page.
    pub wants_fragment: bool,
    /// The stamp of the page that this script shows, if it asks for the page anew.
    pub shown: Option<String>,
}

impl Caller {
    /// Reads the request's head.
    pub fn of(app: &App, parts: &Parts) -> Self {
        Self {
            app: app.clone(),
            cookies: Cookies::of(&parts.headers),
            address: way_back(parts),
            network_address: door::network_address(parts, &app.instance.trusted_proxies),
            wants_fragment: parts.headers.contains_key("hx-request"),
            shown: shown(parts),
        }
    }

    /// How pages look to somebody who is not signed in.
    pub fn theme(&self) -> Theme {
        theme(self.cookies.get(THEME).unwrap_or_default())
    }

    /// What the last action came to.
    pub fn flash(&self) -> Option<Flash> {
        self.cookies.get(FLASH).and_then(read_flash)
    }

    /// What surrounds a page that shows nobody's name.
    pub fn frame(&self, organization: Option<&Organization>) -> Frame {
        Frame {
            organization: organization.map(|organization| OrganizationMark {
                slug: organization.slug.clone(),
                name: organization.name.clone(),
            }),
            theme: self.theme(),
            address: self.address.clone(),
            flash: self.flash(),
            ..Frame::default()
        }
    }
}

/// A theme as forms, cookies and rows spell it; what nobody knows is the system's.
pub fn theme(key: &str) -> Theme {
    [Theme::Light, Theme::Dark]
        .into_iter()
        .find(|theme| theme.key() == key)
        .unwrap_or_default()
}

impl FromRequestParts<App> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(app, parts))
    }
}

fn shown(parts: &Parts) -> Option<String> {
    let stamp = parts.headers.get(header::IF_NONE_MATCH)?.to_str().ok()?;
    let stamp = stamp.strip_prefix("\"page ")?.strip_suffix('"')?;
    (parts.method == Method::GET).then(|| stamp.to_owned())
}

fn way_back(parts: &Parts) -> String {
    let own = |path: &http::uri::PathAndQuery| path.as_str().to_owned();
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return parts.uri.path_and_query().map_or("/".to_owned(), own);
    }
    let host = parts.headers.get(header::HOST);
    parts
        .headers
        .get(header::REFERER)
        .and_then(|referer| referer.to_str().ok()?.parse::<http::Uri>().ok())
        .filter(|referer| {
            referer.authority().map(http::uri::Authority::as_str)
                == host.and_then(|host| host.to_str().ok())
        })
        .and_then(|referer| referer.path_and_query().map(own))
        .unwrap_or_else(|| parts.uri.path().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_survives_its_journey_in_a_cookie() {
        let kept = keep_flash(&Flash::Done("Saved; “really”.".to_owned()));
        let kept = kept.to_str().unwrap();
        let value = kept.split(['=', ';']).nth(1).unwrap();
        assert!(matches!(read_flash(value), Some(Flash::Done(text)) if text == "Saved; “really”."));
        assert!(read_flash("é").is_none());
    }

    #[test]
    fn two_cookies_of_one_name_are_noticed() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; b=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("a=1"));
        let cookies = Cookies::of(&headers);
        assert!(cookies.repeats("a"));
        assert!(!cookies.repeats("b"));
    }
}
