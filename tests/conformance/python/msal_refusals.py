"""What MSAL Python makes of every group of refusals, as it happens and on demand."""

import msal

from sandbox import APP, AUTHORITY, CA, PEOPLE, REDIRECT, TENANT, Browser, done, equal, lever, next_time, shows

SCOPES = ["User.Read", "OnlineMeetings.ReadWrite"]
cache = msal.TokenCache()


def application():
    # A new one for each refusal: MSAL remembers a refused refresh for a minute, per application.
    return msal.ConfidentialClientApplication(
        APP["client_id"],
        client_credential=APP["client_secret"],
        authority=AUTHORITY,
        instance_discovery=False,
        verify=CA,
        token_cache=cache,
    )


def signs_in(person):
    app = application()
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, response_mode="form_post")
    answer = Browser(PEOPLE[person]).goes_to(flow["auth_uri"])
    result = app.acquire_token_by_auth_code_flow(flow, answer)
    assert "error" not in result, result
    (account,) = [one for one in app.get_accounts() if one["username"] == PEOPLE[person]["upn"]]
    return account


def refreshes(account, scopes=SCOPES):
    return application().acquire_token_silent_with_error(scopes, account, force_refresh=True)


# AADSTS number, `error`, and the classification with which MSAL says what would help: empty
# where only a new sign-in does, None where Microsoft names no suberror.
GROUPS = [
    (50173, "invalid_grant", ""),
    (700082, "invalid_grant", ""),
    (70043, "invalid_grant", ""),
    (70000, "invalid_grant", None),
    (65001, "invalid_grant", "consent_required"),
    (50055, "invalid_grant", "user_password_expired"),
    (50076, "interaction_required", "basic_action"),
    (50079, "interaction_required", "basic_action"),
    (53003, "invalid_grant", "message_only"),
    (7000215, "invalid_client", None),
    (7000222, "invalid_client", None),
    (700027, "invalid_client", None),
    (700016, "unauthorized_client", None),
    (500011, "invalid_resource", None),
    (90002, "invalid_request", None),
]

with shows("a person signs in before anything goes wrong"):
    account = signs_in("scheduler")

for number, error, classification in GROUPS:
    with shows(f"AADSTS{number} is {error} for MSAL, classified {classification!r}"):
        next_time({"path_contains": "/oauth2/v2.0/token"}, {"aadsts": number})
        result = refreshes(account)
        equal(
            (result["error"], result["error_codes"], result.get("classification")),
            (error, [number], classification),
        )
        assert f"AADSTS{number}" in result["error_description"], result

with shows("AADSTS90033 heals by itself: it is HTTP 503, which MSAL raises"):
    next_time({"path_contains": "/oauth2/v2.0/token"}, {"aadsts": 90033})
    try:
        refreshes(account)
    except msal.exceptions.MsalServiceError as error:
        assert "503" in str(error), error
    else:
        raise AssertionError("it is no error")

with shows("the refresh token outlives all of these"):
    assert "access_token" in refreshes(account)

with shows("a refresh for a permission that nobody gave asks for consent"):
    result = refreshes(account, ["Calendars.ReadWrite"])
    equal((result["error_codes"], result["classification"]), ([65001], "consent_required"))

# The same in earnest: what happens to the account, the number, and the classification.
for change, number, classification in [
    ({"mfa": True}, 50076, "basic_action"),
    ({"access": {"block": "policy"}}, 53003, "message_only"),
    ({"access": {"block": "managed-device"}}, 530003, "additional_action"),
]:
    with shows(f"an account with {change} is refused as AADSTS{number}"):
        lever("PATCH", f"users/{account['username']}", change)
        result = refreshes(account)
        equal((result["error_codes"], result["classification"]), ([number], classification))
        lever("PATCH", f"users/{account['username']}", {"mfa": False, "access": {}})

with shows("a sign-in that counts for an hour ends the refresh token after two, as AADSTS70043"):
    lever("PATCH", f"users/{account['username']}", {"access": {"sign_in_hours": 1}})
    lever("POST", "clock", {"advance_seconds": 2 * 3600})
    result = refreshes(account)
    equal((result["error_codes"], result["classification"]), ([70043], ""))
    lever("PATCH", f"users/{account['username']}", {"access": {}})

with shows("ninety-one days without use end the refresh token, as AADSTS700082"):
    account = signs_in("scheduler")
    lever("POST", "clock", {"advance_seconds": 91 * 24 * 3600})
    result = refreshes(account)
    equal((result["error_codes"], result["classification"]), ([700082], ""))
    account = signs_in("scheduler")

with shows("revoked sessions end the refresh token"):
    lever("PATCH", f"users/{account['username']}", {"revoke_sessions": True})
    result = refreshes(account)
    equal((result["error_codes"], result["classification"]), ([50173], ""))

with shows("signing in again helps, until the account is disabled"):
    account = signs_in("scheduler")
    lever("PATCH", f"users/{account['username']}", {"enabled": False})
    equal(refreshes(account)["error_codes"], [50057])
    lever("PATCH", f"users/{account['username']}", {"enabled": True})
    assert "access_token" in refreshes(account)

with shows("a refresh after the permissions were taken away asks for consent"):
    lever("DELETE", f"grants/{TENANT['id']}")
    result = refreshes(account)
    equal((result["error_codes"], result["classification"]), ([65001], "consent_required"))

with shows("a deleted account is not found"):
    lever("DELETE", f"users/{account['username']}")
    equal(refreshes(account)["error_codes"], [50034])

done()
