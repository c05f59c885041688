//! Addresses of our own: whatever a browser brings back leads nowhere else (C-21).

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

const LONGEST: usize = 2_000;

/// The address if it is a path of this instance, with a query perhaps.
pub fn path(given: &str) -> Option<&str> {
    let plain = given.starts_with('/')
        && !given.starts_with("//")
        && given.len() <= LONGEST
        && given
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let parsed: http::Uri = given.parse().ok().filter(|_| plain)?;
    // A path with `..` would be taken elsewhere by the browser.
    let climbs = parsed
        .path()
        .split('/')
        .any(|part| matches!(part, "." | "..") || part.contains('%'));
    (parsed.authority().is_none() && !climbs).then_some(given)
}

/// The address if it is a page of this organization.
pub fn page<'a>(given: &'a str, slug: &str) -> Option<&'a str> {
    let rest = path(given)?.strip_prefix('/')?.strip_prefix(slug)?;
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(given)
}

/// An address with a query.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    for (index, (name, value)) in pairs.iter().enumerate() {
        address.push(if index == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_ours_may_be_returned_to() {
        for fine in [
            "/larkspur",
            "/larkspur/meetings",
            "/larkspur?past",
            "/larkspur/a?b=%2F",
        ] {
            assert_eq!(page(fine, "larkspur"), Some(fine));
        }
    }

    #[test]
    fn nothing_else_may() {
        for attack in [
            "",
            "larkspur",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example/larkspur",
            "javascript:alert(1)",
            "/larkspur/../quillfield",
            "/larkspur/%2e%2e/quillfield",
            "/larkspur\r\nSet-Cookie: a=b",
            "/larkspur\t//evil.example",
            "/larkspurious",
            "/quillfield/meetings",
            "/larkspur@evil.example",
            " /larkspur",
            "/larkspur#ä",
        ] {
            assert_eq!(page(attack, "larkspur"), None, "{attack}");
        }
        assert_eq!(path(&format!("/{}", "a".repeat(3_000))), None);
    }
}
