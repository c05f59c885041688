"""The sandbox tenant as a script of this suite sees it.

What `ithaca sandbox --json` said stands in `sandbox.json`, its certificate authority in
`sandbox-ca.pem`, both in the folder where the script runs. A script says what it has shown,
a sentence a line, and `done` at its end; the tests in `crates/server/tests/it/conformance`
read that.
"""

import json
import sys
import traceback
import urllib.request
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

CA = str(Path("sandbox-ca.pem").resolve())
SAID = json.loads(Path("sandbox.json").read_text())
URL = SAID["tls_url"].rstrip("/")
GRAPH = f"{URL}/v1.0"
DEFAULT = ["https://graph.microsoft.com/.default"]


@contextmanager
def shows(sentence):
    """Runs what shows that the sentence is true, and says so, or why not."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        print("not ok", sentence, "--", type(error).__name__, " ".join(str(error).split()), flush=True)
    else:
        print("ok", sentence, flush=True)


def equal(found, wanted):
    assert found == wanted, f"{found!r} instead of {wanted!r}"


def done():
    print("done", flush=True)


# --- what is in the sandbox --------------------------------------------------

TENANT = SAID["tenants"][0]
APP = TENANT["apps"][0]
AUTHORITY = f"{URL}/{TENANT['id']}"
REDIRECT = APP["redirect_uris"][0]
PEOPLE = {person["upn"].split("@")[0]: person for person in TENANT["people"]}


# --- the doors for tests -----------------------------------------------------


def lever(method, path, body=None):
    """Asks the admin API, which is plain HTTP on loopback."""
    request = urllib.request.Request(
        SAID["admin_url"].rstrip("/") + "/_sandbox/" + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def calls(part):
    """How many calls there were so far to routes with this in their name."""
    by_route = lever("GET", "truth")["calls"]["by_route"]
    return sum(count for route, count in by_route.items() if part in route)


def next_time(on, do, times=1):
    """The next calls that `on` is about go wrong so."""
    lever("POST", "faults", {"on": on, "times": times, "do": do})


def register_certificate():
    """Gives the application the certificate of `certificate.pem`, as its owner does in the portal."""
    pem = Path("certificate.pem").read_text()
    lever("POST", f"apps/{APP['client_id']}/certificates", {"certificate": pem})


def meetings():
    return {meeting["id"]: meeting for meeting in lever("GET", "truth")["meetings"]}


# --- a person with the plainest of browsers ----------------------------------


class Page(HTMLParser):
    """The forms and links of a page."""

    def __init__(self, url, html):
        super().__init__()
        self.url, self.html = url, html
        self.forms, self.links, self.button = [], [], None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "form":
            self.forms.append(
                {"action": urljoin(self.url, found.get("action", "")), "fields": {}, "buttons": []}
            )
        elif tag == "a" and "href" in found:
            self.links.append(urljoin(self.url, found["href"]))
        elif tag == "input" and self.forms and "name" in found:
            if found.get("type") != "checkbox" or "checked" in found:
                self.forms[-1]["fields"][found["name"]] = found.get("value", "")
        elif tag == "button" and self.forms:
            self.button = {"name": found.get("name"), "value": found.get("value"), "text": ""}
            self.forms[-1]["buttons"].append(self.button)

    def handle_data(self, text):
        if self.button:
            self.button["text"] += text

    def handle_endtag(self, tag):
        if tag == "button":
            self.button = None


class Browser:
    """Signs in as one person; what it is asked to permit, it accepts or cancels."""

    def __init__(self, person, decision="accept"):
        self.person, self.decision = person, decision
        self.session = requests.Session()
        self.session.trust_env, self.session.verify = False, CA
        self.pages = []

    def goes_to(self, address, redirect_uri=REDIRECT):
        """Walks from an authorize address to the redirect; returns what came with it."""
        answer = self.session.get(address, allow_redirects=False)
        for _ in range(20):
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["location"])
                if target.startswith(redirect_uri):
                    parts = urlsplit(target)
                    return dict(parse_qsl(parts.query or parts.fragment))
                answer = self.session.get(target, allow_redirects=False)
                continue
            page = Page(answer.url, answer.text)
            self.pages.append(page)
            returning = [form for form in page.forms if form["action"].startswith(redirect_uri)]
            if returning:
                return returning[0]["fields"]
            answer = self.acts_on(page)
            if answer is None:
                return None
        raise AssertionError(f"no end of pages, the last of them:\n{answer.text}")

    def acts_on(self, page):
        """Does what the page asks for; nothing where it asks for nothing more."""
        another = [link for link in page.links if "/sign-in/address?" in link]
        if another:
            return self.session.get(another[0], allow_redirects=False)
        if not page.forms:
            return None
        form = page.forms[0]
        fields = dict(form["fields"])
        for name, value in {"address": self.person["upn"], "password": self.person["password"]}.items():
            if name in fields:
                fields[name] = value
        for button in form["buttons"]:
            if button["value"] in (self.decision, "approve", "back"):
                fields[button["name"]] = button["value"]
        return self.session.post(form["action"], data=fields, allow_redirects=False)
