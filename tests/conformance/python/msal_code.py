"""MSAL Python signs a person in: code with PKCE, silent acquisition, refresh."""

import msal

from sandbox import APP, AUTHORITY, CA, PEOPLE, REDIRECT, TENANT, URL, Browser, calls, done, equal, shows

SCOPES = ["User.Read", "OnlineMeetings.ReadWrite"]
TOKEN = "/oauth2/v2.0/token"
host = PEOPLE["scheduler"]


def application(authority=AUTHORITY):
    return msal.ConfidentialClientApplication(
        APP["client_id"],
        client_credential=APP["client_secret"],
        authority=authority,
        instance_discovery=False,
        verify=CA,
    )


def begins(app, mode="form_post", **more):
    return app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, response_mode=mode, **more)


app = application()

with shows("a code with PKCE and a nonce becomes tokens of the person who signed in"):
    flow = begins(app)
    answer = Browser(host).goes_to(flow["auth_uri"])
    result = app.acquire_token_by_auth_code_flow(flow, answer)
    assert "error" not in result, result
    claims = result["id_token_claims"]
    equal(
        (claims["tid"], claims["oid"], claims["preferred_username"], claims["aud"]),
        (TENANT["id"], host["object_id"], host["upn"], APP["client_id"]),
    )
    assert set(SCOPES) <= set(result["scope"].split()), result["scope"]
    assert result["access_token"] and result["refresh_token"]

with shows("the account is known by object id and tenant"):
    (account,) = app.get_accounts()
    equal(account["home_account_id"], f"{host['object_id']}.{TENANT['id']}")
    equal(account["username"], host["upn"])

with shows("twenty silent acquisitions are answered from the cache"):
    before = calls(TOKEN)
    for _ in range(20):
        result = app.acquire_token_silent(SCOPES, account=account)
        equal(result["token_source"], "cache")
    equal(calls(TOKEN), before)

with shows("a refresh token becomes new tokens, in one call"):
    before = calls(TOKEN)
    old = app.acquire_token_silent(SCOPES, account=account)["access_token"]
    result = app.acquire_token_silent(SCOPES, account=account, force_refresh=True)
    assert result["access_token"] != old, "it is the old access token"
    equal((result["token_source"], calls(TOKEN) - before), ("identity_provider", 1))

with shows("a code is redeemed once"):
    result = app.acquire_token_by_auth_code_flow(flow, answer)
    equal((result["error"], result["error_codes"]), ("invalid_grant", [54005]))

with shows("a code without its verifier is refused"):
    flow = begins(app)
    answer = Browser(host).goes_to(flow["auth_uri"])
    flow["code_verifier"] = "x" * 64
    result = app.acquire_token_by_auth_code_flow(flow, answer)
    equal((result["error"], result["error_codes"]), ("invalid_grant", [501481]))

with shows("a code goes to the redirect address that it was asked for"):
    flow = begins(app)
    answer = Browser(host).goes_to(flow["auth_uri"])
    flow["redirect_uri"] = REDIRECT + "/elsewhere"
    result = app.acquire_token_by_auth_code_flow(flow, answer)
    equal((result["error"], result["error_codes"]), ("invalid_client", [500112]))

for mode in "query", "fragment":
    with shows(f"a code comes back by response_mode={mode} too"):
        flow = begins(app, mode)
        result = app.acquire_token_by_auth_code_flow(flow, Browser(host).goes_to(flow["auth_uri"]))
        assert "access_token" in result, result

with shows("through organizations the person's own tenant stands in the ID token"):
    everyone = application(f"{URL}/organizations")
    flow = begins(everyone, prompt="select_account", domain_hint="organizations")
    result = everyone.acquire_token_by_auth_code_flow(flow, Browser(host).goes_to(flow["auth_uri"]))
    equal(result["id_token_claims"]["tid"], TENANT["id"])

done()
