"""MSAL Python and an application that nobody approved yet: who may approve it, and who may not."""

from urllib.parse import urlencode

import msal

from sandbox import AUTHORITY, CA, PEOPLE, TENANT, Browser, done, equal, shows

SCOPES = ["User.Read", "OnlineMeetings.ReadWrite"]
APP = TENANT["apps"][1]
REDIRECT = APP["redirect_uris"][0]
host, mei = PEOPLE["scheduler"], PEOPLE["mei"]

app = msal.ConfidentialClientApplication(
    APP["client_id"],
    client_credential=APP["client_secret"],
    authority=AUTHORITY,
    instance_discovery=False,
    verify=CA,
)


def signs_in(browser, **more):
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, response_mode="form_post", **more)
    return app.acquire_token_by_auth_code_flow(flow, browser.goes_to(flow["auth_uri"], REDIRECT))


with shows("a browser in which nobody is signed in can't sign in silently"):
    result = signs_in(Browser(host), prompt="none")
    equal(result["error"], "login_required")

with shows("an ordinary person needs an administrator's approval for online meetings"):
    browser = Browser(mei)
    result = signs_in(browser)
    assert any("Need admin approval" in page.html for page in browser.pages)
    equal(result["error"], "access_denied")

with shows("who may approve may decline, which is told as AADSTS65004"):
    browser = Browser(host, decision="cancel")
    result = signs_in(browser)
    assert any("Permissions requested" in page.html for page in browser.pages)
    equal(result["error"], "access_denied")
    assert "AADSTS65004" in result["error_description"], result

with shows("who may approve accepts, and is not asked again"):
    browser = Browser(host)
    assert "access_token" in signs_in(browser)
    assert any("Permissions requested" in page.html for page in browser.pages)
    browser = Browser(host)
    assert "access_token" in signs_in(browser)
    assert not any("Permissions requested" in page.html for page in browser.pages)

with shows("that was for one account: another one still needs approval"):
    browser = Browser(mei)
    equal(signs_in(browser)["error"], "access_denied")

with shows("an administrator approves for everybody"):
    query = urlencode({
        "client_id": APP["client_id"],
        "scope": "https://graph.microsoft.com/.default",
        "redirect_uri": REDIRECT,
        "state": "12345",
    })
    answer = Browser(host).goes_to(f"{AUTHORITY}/v2.0/adminconsent?{query}", REDIRECT)
    equal((answer["admin_consent"], answer["tenant"], answer["state"]), ("True", TENANT["id"], "12345"))
    assert "access_token" in signs_in(Browser(mei))

done()
