//! A person without a browser: reads pages, follows links and sends forms by what is
//! written on them. Quick, and as plain as the plainest browser: no scripts, no styles.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Instant;

use reqwest::header::{self, HeaderMap};
use reqwest::{Method, StatusCode, Url};
use scraper::{ElementRef, Html, Selector};

use crate::runtime::{GLANCE, PATIENCE, wait_for};
use crate::visitor::Visitor;

/// Sends requests as they are: no redirects followed, no cookies kept.
pub static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "a reader follows redirects and keeps cookies by its own rules"
    )]
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .expect("a client without special wishes can be made")
});

/// Someone who reads, with the cookies of one browser.
#[derive(Debug, Default)]
pub struct Reader {
    cookies: BTreeMap<String, BTreeMap<String, String>>,
    page: Option<Page>,
    /// What was typed and chosen since the page was opened: field name to values.
    typed: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone)]
struct Page {
    url: Url,
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

impl Reader {
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends the form that has this button, with a field changed as no page would let one.
    pub fn forges(&mut self, button: &str, field: &str, value: &str) {
        self.typed.insert(field.to_owned(), vec![value.to_owned()]);
        self.clicks(button);
    }

    pub fn status(&self) -> u16 {
        self.page().status.as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.page()
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    /// Where the reader is, after redirects.
    pub fn url(&self) -> Url {
        self.page().url.clone()
    }

    /// The page as it was sent.
    pub fn html(&self) -> &str {
        &self.page().html
    }

    /// The addresses that the page links to, in order.
    pub fn links(&self) -> Vec<Url> {
        let (html, url) = (self.document(), self.url());
        all(&html, "a[href]")
            .filter_map(|link| url.join(link.attr("href")?).ok())
            .collect()
    }

    /// The value of a cookie that the host of `url` has set.
    pub fn cookie(&self, url: &str, name: &str) -> Option<&str> {
        let host = Url::parse(url).ok()?.host_str()?.to_owned();
        self.cookies.get(&host)?.get(name).map(String::as_str)
    }

    fn page(&self) -> &Page {
        self.page.as_ref().expect("the reader has opened a page")
    }

    fn document(&self) -> Html {
        // What is there for those without scripts is there for a reader.
        let html = self
            .html()
            .replace("<noscript>", "")
            .replace("</noscript>", "");
        Html::parse_document(&html)
    }

    fn presses(&mut self, name: &str, is_meant: impl Fn(&str) -> bool) {
        let url = self.url();
        let html = self.document();
        let pressables = all(&html, "a[href], button, summary");
        let mut found: Vec<_> = pressables
            .filter(|element| {
                is_meant(&called(*element)) && is_enabled(*element) && is_seen(*element)
            })
            .collect();
        // Two links to one place are one to whoever follows them.
        let first = found.first().and_then(|element| element.attr("href"));
        if first.is_some() && found.iter().all(|element| element.attr("href") == first) {
            found.truncate(1);
        }
        let [pressed] = found[..] else {
            panic!(
                "{} links or buttons are called “{name}” on {url}:\n{}",
                found.len(),
                self.text()
            )
        };
        if pressed.value().name() == "summary" {
            return;
        }
        if let Some(target) = pressed.attr("href") {
            let target = url.join(target).expect("a link leads to an address");
            self.goes(Method::GET, target, None, "same-origin");
            return;
        }
        let form = form_of(pressed, &html)
            .unwrap_or_else(|| panic!("the button “{name}” on {url} stands in no form"));
        let mut fields = self.fields_of(form, &html);
        if let Some(field) = pressed.attr("name") {
            fields.push((
                field.to_owned(),
                pressed.attr("value").unwrap_or_default().to_owned(),
            ));
        }
        let action = pressed
            .attr("formaction")
            .or(form.attr("action"))
            .unwrap_or("");
        let target = url.join(action).expect("a form leads to an address");
        let method = pressed
            .attr("formmethod")
            .or(form.attr("method"))
            .unwrap_or("get")
            .to_ascii_lowercase();
        self.sends(&method, target, &fields);
    }

    fn turns(&mut self, label: &str, on: bool) {
        let html = self.document();
        let field = self.labelled(label, &html);
        assert!(
            is_enabled(field),
            "“{label}” is there, but can't be changed"
        );
        let (name, value) = (
            sent_as(field),
            field.attr("value").unwrap_or("on").to_owned(),
        );
        let ticked = self.typed.entry(name.clone()).or_insert_with(|| {
            let group = all(&html, "input").filter(|input| input.attr("name") == Some(&name));
            group.flat_map(values_of).collect()
        });
        ticked.retain(|other| *other != value);
        if on {
            ticked.push(value);
        }
    }

    fn labelled<'a>(&self, label: &str, html: &'a Html) -> ElementRef<'a> {
        let labels: Vec<_> = all(html, "label")
            .filter(|element| called(*element) == label)
            .collect();
        let [found] = labels[..] else {
            panic!(
                "{} fields are called “{label}” on {}:\n{}",
                labels.len(),
                self.url(),
                self.text()
            )
        };
        let field = match found.attr("for") {
            Some(id) => {
                all(html, "input, select, textarea").find(|field| field.attr("id") == Some(id))
            }
            None => within(found, "input, select, textarea").next(),
        };
        field.unwrap_or_else(|| panic!("the label “{label}” belongs to no field"))
    }

    fn fields_of(&self, form: ElementRef<'_>, html: &Html) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        let mut taken = Vec::new();
        let belonging = all(html, "input, select, textarea")
            .filter(|field| form_of(*field, html) == Some(form) && is_enabled(*field));
        for field in belonging {
            let Some(name) = field.attr("name") else {
                continue;
            };
            match self.typed.get(name) {
                Some(values) if !taken.contains(&name) => {
                    taken.push(name);
                    fields.extend(values.iter().map(|value| (name.to_owned(), value.clone())));
                }
                Some(_) => {}
                None => fields.extend(
                    values_of(field)
                        .into_iter()
                        .map(|value| (name.to_owned(), value)),
                ),
            }
        }
        let present = |name: &str| fields.iter().any(|(field, _)| field == name);
        let forged: Vec<_> = self
            .typed
            .iter()
            .filter(|(name, values)| !values.is_empty() && !present(name))
            .collect();
        for (name, values) in forged {
            fields.extend(values.iter().map(|value| (name.clone(), value.clone())));
        }
        fields
    }

    fn sends(&mut self, method: &str, mut target: Url, fields: &[(String, String)]) {
        let form = serde_urlencoded::to_string(fields).expect("fields are text");
        if method == "post" {
            self.goes(Method::POST, target, Some(form), "same-origin");
        } else {
            target.set_query(Some(&form));
            self.goes(Method::GET, target, None, "same-origin");
        }
    }

    fn goes(&mut self, mut method: Method, mut url: Url, mut form: Option<String>, site: &str) {
        for _ in 0..10 {
            let mut request = CLIENT
                .request(method.clone(), url.clone())
                .header(header::ACCEPT, "text/html,application/xhtml+xml")
                .header(header::COOKIE, self.cookies_for(&url))
                .header("sec-fetch-site", site)
                .header("sec-fetch-mode", "navigate")
                .header("sec-fetch-dest", "document");
            if let Some(form) = &form {
                let origin = self.page.as_ref().map_or("null".to_owned(), |page| {
                    page.url.origin().ascii_serialization()
                });
                request = request
                    .header(header::ORIGIN, origin)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.clone());
            }
            let answer = wait_for(async { request.send().await })
                .unwrap_or_else(|error| panic!("{url} does not answer: {error}"));
            let (status, headers) = (answer.status(), answer.headers().clone());
            self.keeps_cookies(&url, &headers);
            let html =
                wait_for(answer.text()).unwrap_or_else(|error| panic!("{url} broke off: {error}"));
            let next = headers
                .get(header::LOCATION)
                .and_then(|next| next.to_str().ok());
            if let Some(next) = next.filter(|_| status.is_redirection()) {
                let next = url.join(next).expect("a redirect leads to an address");
                self.page = Some(Page {
                    url,
                    status,
                    headers: headers.clone(),
                    html,
                });
                url = next;
                (method, form) = (Method::GET, None);
                continue;
            }
            self.page = Some(Page {
                url,
                status,
                headers,
                html,
            });
            self.typed.clear();
            return;
        }
        panic!("{url} redirects without end");
    }

    fn cookies_for(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        let pairs = self
            .cookies
            .get(host)
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keeps_cookies(&mut self, url: &Url, headers: &HeaderMap) {
        let kept = self
            .cookies
            .entry(url.host_str().unwrap_or_default().to_owned())
            .or_default();
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a cookie is text");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if value.is_empty() || attributes.to_ascii_lowercase().contains("max-age=0") {
                kept.remove(name);
            } else {
                kept.insert(name.trim().to_owned(), value.to_owned());
            }
        }
    }
}

impl Visitor for Reader {
    fn opens(&mut self, url: &str) {
        let url = Url::parse(url).unwrap_or_else(|error| panic!("{url} is no address: {error}"));
        self.goes(Method::GET, url, None, "none");
    }

    fn clicks(&mut self, name: &str) {
        self.presses(name, |wording| wording == name);
    }

    fn picks(&mut self, part: &str) {
        self.presses(part, |wording| wording.contains(part));
    }

    fn fills(&mut self, label: &str, text: &str) {
        let html = self.document();
        let field = self.labelled(label, &html);
        let mut value = text.to_owned();
        if field.value().name() == "select" {
            let option = within(field, "option").find(|option| words(*option) == text);
            let option = option.unwrap_or_else(|| panic!("“{label}” does not offer “{text}”"));
            option.attr("value").unwrap_or(text).clone_into(&mut value);
        }
        let name = field
            .attr("name")
            .unwrap_or_else(|| panic!("the field “{label}” is never sent"))
            .to_owned();
        self.typed.insert(name, vec![value]);
    }

    fn ticks(&mut self, label: &str) {
        self.turns(label, true);
    }

    fn unticks(&mut self, label: &str) {
        self.turns(label, false);
    }

    fn chooses(&mut self, label: &str) {
        let html = self.document();
        let field = self.labelled(label, &html);
        assert!(is_enabled(field), "“{label}” is there, but can't be chosen");
        let (name, value) = (
            sent_as(field),
            field.attr("value").unwrap_or("on").to_owned(),
        );
        self.typed.insert(name, vec![value]);
    }

    fn sees(&mut self, text: &str) {
        assert!(
            self.text().contains(text),
            "“{text}” is not on {} ({}):\n{}",
            self.url(),
            self.status(),
            self.text()
        );
    }

    fn does_not_see(&mut self, text: &str) {
        assert!(
            !self.text().contains(text),
            "“{text}” is on {}:\n{}",
            self.url(),
            self.text()
        );
    }

    fn finds_in(&mut self, label: &str) -> String {
        let html = self.document();
        let field = self.labelled(label, &html);
        values_of(field).into_iter().next().unwrap_or_default()
    }

    fn is_offered(&mut self, name: &str) -> bool {
        let html = self.document();
        all(&html, "label, button, a[href]")
            .any(|element| called(element) == name && is_seen(element))
    }

    fn is_refused(&mut self, label: &str) -> bool {
        let html = self.document();
        !is_enabled(self.labelled(label, &html))
    }

    fn text(&self) -> String {
        all(&self.document(), "body").map(words).collect()
    }

    fn comes_to_see(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.text().contains(text) && Instant::now() < deadline {
            std::thread::sleep(GLANCE);
            let here = self.address();
            self.opens(&here);
        }
        self.sees(text);
    }

    fn leaves_for_microsoft(&mut self, button: &str) {
        self.clicks(button);
    }

    fn is_back_from_microsoft(&mut self) {}

    fn address(&self) -> String {
        self.url().into()
    }
}

/// The text of an element without that of the fields in it, with single spaces.
fn called(element: ElementRef<'_>) -> String {
    if let Some(name) = element.attr("aria-label") {
        return name.to_owned();
    }
    words(element)
}

fn words(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    gather(element, &mut text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn gather(element: ElementRef<'_>, text: &mut String) {
    for child in element.children() {
        if let Some(piece) = child.value().as_text() {
            text.push_str(piece);
        } else if let Some(inner) = ElementRef::wrap(child) {
            let name = inner.value().name();
            let silent = matches!(
                name,
                "script" | "style" | "template" | "select" | "textarea" | "svg"
            );
            if silent || inner.attr("hidden").is_some() || inner.attr("aria-hidden") == Some("true")
            {
                continue;
            }
            let block = !matches!(
                name,
                "a" | "b" | "strong" | "em" | "i" | "span" | "time" | "code" | "small" | "abbr"
            );
            if block {
                text.push(' ');
            }
            gather(inner, text);
            if block {
                text.push(' ');
            }
        }
    }
}

/// Whether it is shown at all. What a closed `details` holds counts as shown: one can open it.
fn is_seen(element: ElementRef<'_>) -> bool {
    let mut around = element.ancestors().filter_map(ElementRef::wrap);
    element.attr("hidden").is_none()
        && !around.any(|ancestor| {
            ancestor.attr("hidden").is_some() || ancestor.value().name() == "template"
        })
}

fn form_of<'a>(field: ElementRef<'a>, html: &'a Html) -> Option<ElementRef<'a>> {
    if let Some(id) = field.attr("form") {
        return all(html, "form").find(|form| form.attr("id") == Some(id));
    }
    field
        .ancestors()
        .filter_map(ElementRef::wrap)
        .find(|ancestor| ancestor.value().name() == "form")
}

fn is_enabled(field: ElementRef<'_>) -> bool {
    let in_disabled_set = field
        .ancestors()
        .filter_map(ElementRef::wrap)
        .any(|ancestor| {
            ancestor.value().name() == "fieldset" && ancestor.attr("disabled").is_some()
        });
    field.attr("disabled").is_none() && !in_disabled_set
}

fn sent_as(field: ElementRef<'_>) -> String {
    field
        .attr("name")
        .expect("a field that is chosen has a name")
        .to_owned()
}

/// What a field would send as it stands.
fn values_of(field: ElementRef<'_>) -> Vec<String> {
    let value = field.attr("value");
    match (field.value().name(), field.attr("type").unwrap_or("text")) {
        ("textarea", _) => vec![field.text().collect()],
        ("select", _) => {
            let options: Vec<_> = within(field, "option").collect();
            let chosen = options
                .iter()
                .find(|option| option.attr("selected").is_some())
                .or(options.first());
            chosen
                .map(|option| {
                    option
                        .attr("value")
                        .map_or_else(|| words(*option), str::to_owned)
                })
                .into_iter()
                .collect()
        }
        (_, "checkbox" | "radio") if field.attr("checked").is_none() => Vec::new(),
        (_, "checkbox" | "radio") => vec![value.unwrap_or("on").to_owned()],
        (_, "submit" | "button" | "image" | "reset" | "file") => Vec::new(),
        _ => vec![value.unwrap_or_default().to_owned()],
    }
}

fn all<'a>(html: &'a Html, selector: &str) -> impl Iterator<Item = ElementRef<'a>> {
    within(html.root_element(), selector)
}

fn within<'a>(element: ElementRef<'a>, selector: &str) -> impl Iterator<Item = ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("the selector is written here");
    element.select(&selector).collect::<Vec<_>>().into_iter()
}

#[test]
fn a_reader_follows_links_and_sends_forms_by_what_is_written_on_them() {
    let site = crate::rehearsal::opens();
    let mut mei = Reader::new();
    mei.opens(&site);
    mei.sees("Scripts are off.");
    mei.does_not_see("The link is ready.");
    assert!(
        mei.header("content-security-policy")
            .is_some_and(|policy| policy.contains("default-src 'none'"))
    );
    assert_eq!(mei.links()[0].path(), "/elsewhere");
    mei.clicks("Go elsewhere");
    mei.sees("You are elsewhere.");
    mei.comes_to_see("Visit 3.");
    assert_eq!(mei.status(), 200);

    mei.opens(&site);
    assert_eq!(mei.finds_in("Agenda"), "As always");
    assert!(mei.is_offered("Teams video call") && !mei.is_offered("Carrier pigeon"));
    assert!(mei.is_refused("In person") && !mei.is_refused("Phone"));
    mei.fills("Title", "Hello");
    mei.fills("Time zone", "Tokyo");
    mei.ticks("Luis Ortega");
    mei.unticks("Priya Nair");
    mei.chooses("Teams video call");
    mei.clicks("Create meeting");
    assert_eq!(mei.url().path(), "/meetings");
    mei.sees("title=Hello+agenda=As+always+date=2030-11-24+zone=Asia%2FTokyo+people=luis+mode=teams+then=show");
    assert!(
        mei.cookie(&site, "form")
            .is_some_and(|kept| kept.starts_with("title=Hello"))
    );
}

#[test]
fn a_reader_goes_to_microsoft_and_back_in_one_window() {
    let mut amara = Reader::new();
    amara.opens(&crate::rehearsal::opens());
    amara.leaves_for_microsoft("Open a window");
    amara.picks("Acc");
    amara.is_back_from_microsoft();
    amara.sees("Done.");
}

#[test]
fn a_reader_can_send_what_the_page_does_not_offer() {
    let mut priya = Reader::new();
    priya.opens(&crate::rehearsal::opens());
    priya.forges("Create meeting", "mode", "in_person");
    priya.sees("mode=in_person");
}
