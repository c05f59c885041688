//! Every page, rendered with the people of the demo.
//!
//! With `ITHACA_PREVIEW_DIR` set the pages are written there, to be looked at.

mod manage;
mod meetings;
mod people;
mod proposals;
mod rooms;

use askama::Template;

/// A page as a file would be named, and its HTML.
struct Sample {
    name: &'static str,
    html: String,
}

fn sample(name: &'static str, view: &impl Template) -> Sample {
    Sample {
        name,
        html: view.render().unwrap(),
    }
}

fn samples() -> Vec<Sample> {
    let all = [
        rooms::samples(),
        meetings::samples(),
        proposals::samples(),
        manage::samples(),
    ];
    all.into_iter().flatten().collect()
}

fn count(html: &str, part: &str) -> usize {
    html.matches(part).count()
}

#[test]
fn every_page_has_a_title_one_heading_and_one_main() {
    for Sample { name, html } in samples() {
        assert_eq!(count(&html, "<h1"), 1, "{name}: headings");
        assert_eq!(count(&html, "<main"), 1, "{name}: main");
        let title = html.split("<title>").nth(1).unwrap();
        let title = title.split("</title>").next().unwrap();
        assert!(
            title.len() > 5 && !title.starts_with(' '),
            "{name}: {title}"
        );
        assert!(html.contains("href=\"#content\""), "{name}: skip link");
    }
}

#[test]
fn no_page_carries_a_style_or_a_script_of_its_own() {
    for Sample { name, html } in samples() {
        assert!(!html.contains(" style="), "{name}: style attribute");
        assert!(!html.contains("<style"), "{name}: style element");
        assert!(!html.contains("javascript:"), "{name}: javascript address");
        for tag in html.split("<script").skip(1) {
            let tag = tag.split('>').next().unwrap();
            assert!(tag.contains(" src=\"/assets/"), "{name}: <script{tag}>");
        }
        for attribute in html.split(" on").skip(1) {
            let name_end = attribute.find(|c: char| !c.is_ascii_lowercase());
            assert!(
                !name_end.is_some_and(|end| attribute[end..].starts_with("=\"")),
                "{name}: event attribute on{}",
                &attribute[..20.min(attribute.len())]
            );
        }
    }
}

#[test]
fn every_id_is_there_once_and_every_reference_finds_its_own() {
    for Sample { name, html } in samples() {
        let page = without_templates(&html);
        let ids = values(&page, " id=\"");
        for id in &ids {
            let times = ids.iter().filter(|other| *other == id).count();
            assert_eq!(times, 1, "{name}: id {id}");
        }
        for attribute in [" for=\"", " aria-labelledby=\"", " aria-describedby=\""] {
            for reference in values(&page, attribute) {
                for id in reference.split(' ') {
                    assert!(ids.contains(&id), "{name}:{attribute}{id}");
                }
            }
        }
        for link in values(&page, " href=\"#") {
            assert!(ids.contains(&link), "{name}: link to #{link}");
        }
    }
}

#[test]
fn what_people_write_is_only_ever_text() {
    let (page, hostile) = meetings::hostile();
    let html = page.render().unwrap();
    assert!(!html.contains(hostile), "{hostile} got through");
    assert!(html.contains("&#60;script&#62;"));
}

/// Sets the pages down as files, with the assets beside them.
#[test]
fn the_pages_can_be_looked_at() {
    let Some(folder) = std::env::var_os("ITHACA_PREVIEW_DIR") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for Sample { name, html } in samples() {
        let assets = format!("{}/assets/", env!("CARGO_MANIFEST_DIR"));
        let address = crate::web::assets::address("");
        let html = html.replace(&address, &format!("file://{assets}"));
        std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
    }
}

fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    html.split(attribute)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|value| !value.is_empty())
        .collect()
}

/// A template's content is not part of the page until a script takes it.
fn without_templates(html: &str) -> String {
    let mut parts = html.split("<template");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| {
        page + part.split_once("</template>").map_or("", |(_, rest)| rest)
    })
}
