//! The files that pages load, embedded into the binary.
//!
//! They live under a version that is a digest of all of them, so that a browser
//! may keep them for ever and never shows a page of this release with the
//! stylesheet of another. Paths inside the stylesheet stay relative.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// Where the router hangs [`serve`].
pub const ROUTE: &str = "/assets/{version}/{*path}";

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Embedded;

struct Asset {
    plain: Bytes,
    /// Only where it is smaller.
    gzip: Option<Bytes>,
    kind: &'static str,
}

static ASSETS: LazyLock<BTreeMap<String, Asset>> = LazyLock::new(|| {
    Embedded::iter()
        .filter_map(|path| Some((path.to_string(), read(&path)?)))
        .collect()
});

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    for (path, asset) in ASSETS.iter() {
        digest.update(path.as_bytes());
        digest.update(asset.plain.len().to_be_bytes());
        digest.update(&asset.plain);
    }
    let digest = digest.finalize();
    let head = digest.iter().take(8);
    format!(
        "{:016x}",
        head.fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))
    )
});

/// The address of an embedded file, good for ever.
pub fn address(path: &str) -> String {
    format!("/assets/{}/{path}", *VERSION)
}

/// Answers with an embedded file.
///
/// A version that is not ours comes from a page of another release, while nodes
/// are being replaced: it gets what we have, and no browser keeps it.
pub async fn serve(Path((version, path)): Path<(String, String)>, request: HeaderMap) -> Response {
    let Some(asset) = ASSETS.get(&path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if version == *VERSION {
            "public, max-age=31536000, immutable"
        } else {
            "no-store"
        }),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    let Some(gzip) = &asset.gzip else {
        return (headers, asset.plain.clone()).into_response();
    };
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !takes_gzip(&request) {
        return (headers, asset.plain.clone()).into_response();
    }
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    (headers, gzip.clone()).into_response()
}

fn takes_gzip(request: &HeaderMap) -> bool {
    request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = weight
                .trim()
                .trim_start_matches("q=")
                .trim_matches(['0', '.']);
            name.trim().eq_ignore_ascii_case("gzip") && (weight.is_empty() || !refused.is_empty())
        })
}

fn read(path: &str) -> Option<Asset> {
    let plain = Bytes::from(Embedded::get(path)?.data.into_owned());
    let kind = match path.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => return None,
    };
    let gzip = if kind.starts_with("font/") {
        None
    } else {
        compressed(&plain)
    };
    Some(Asset { plain, gzip, kind })
}

fn compressed(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    let gzip = encoder.finish().ok()?;
    (gzip.len() < plain.len()).then(|| Bytes::from(gzip))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(address: &str, accept: Option<&'static str>) -> Response {
        let mut parts = address.trim_start_matches("/assets/").splitn(2, '/');
        let version = parts.next().unwrap_or_default().to_owned();
        let path = parts.next().unwrap_or_default().to_owned();
        let mut request = HeaderMap::new();
        if let Some(accept) = accept {
            request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
        }
        serve(Path((version, path)), request).await
    }

    #[tokio::test]
    async fn a_browser_keeps_the_stylesheet_for_ever() {
        let answer = get(&address("ithaca.css"), Some("br, gzip")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/css; charset=utf-8");
        assert_eq!(answer.headers()["content-encoding"], "gzip");
        assert!(
            answer.headers()["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
    }

    #[tokio::test]
    async fn a_page_of_another_release_gets_a_file_that_nobody_keeps() {
        let answer = get("/assets/000000000000/ithaca.css", None).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert!(!answer.headers().contains_key("content-encoding"));
    }

    #[tokio::test]
    async fn a_browser_that_refuses_gzip_gets_none() {
        let answer = get(&address("htmx.js"), Some("gzip;q=0, br")).await;
        assert!(!answer.headers().contains_key("content-encoding"));
    }

    #[tokio::test]
    async fn what_is_not_embedded_is_not_found() {
        for path in ["nothing.css", "../Cargo.toml", "README.md"] {
            let answer = get(&address(path), None).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn everything_the_stylesheet_names_is_embedded() {
        let sheet = String::from_utf8(ASSETS["ithaca.css"].plain.to_vec()).unwrap();
        let mut named = 0;
        for part in sheet.split("url(").skip(1) {
            let path = part.split(')').next().unwrap().trim_matches('"');
            assert!(ASSETS.contains_key(path), "{path} is not embedded");
            named += 1;
        }
        assert!(named > 0);
    }
}
