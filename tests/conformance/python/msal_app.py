"""MSAL Python as an application of its own: a secret, a certificate, the cache."""

import json
from pathlib import Path

import msal
import requests

from sandbox import APP, AUTHORITY, CA, DEFAULT, GRAPH, calls, done, equal, lever, register_certificate, shows

TOKEN = "/oauth2/v2.0/token"
KEY, CERTIFICATE = Path("key.pem").read_text(), Path("certificate.pem").read_text()


def application(credential):
    return msal.ConfidentialClientApplication(
        APP["client_id"],
        client_credential=credential,
        authority=AUTHORITY,
        instance_discovery=False,
        verify=CA,
    )


def opens_graph(token):
    with requests.Session() as session:
        session.trust_env, session.verify = False, CA
        answer = session.get(f"{GRAPH}/users?$top=1", headers={"authorization": f"Bearer {token}"})
    equal(answer.status_code, 200)


register_certificate()

with shows("a secret becomes a token that opens Graph"):
    app = application(APP["client_secret"])
    result = app.acquire_token_for_client(DEFAULT)
    assert "error" not in result, result
    opens_graph(result["access_token"])

with shows("fifty acquisitions are one call"):
    before = calls(TOKEN)
    app = application(APP["client_secret"])
    sources = [app.acquire_token_for_client(DEFAULT)["token_source"] for _ in range(50)]
    equal((sources[0], set(sources[1:])), ("identity_provider", {"cache"}))
    equal(calls(TOKEN) - before, 1)

with shows("there is no refresh token for an application"):
    equal(app.token_cache.find("RefreshToken"), [])

with shows("a certificate becomes a token: PS256, x5t#S256"):
    app = application({"private_key": KEY, "public_certificate": CERTIFICATE})
    result = app.acquire_token_for_client(DEFAULT)
    assert "error" not in result, result
    opens_graph(result["access_token"])

with shows("a certificate named by its old SHA-1 thumbprint does too: RS256, x5t"):
    thumbprint = json.loads(Path("thumbprints.json").read_text())["sha1"]
    result = application({"private_key": KEY, "thumbprint": thumbprint}).acquire_token_for_client(DEFAULT)
    assert "error" not in result, result
    opens_graph(result["access_token"])

with shows("another key than the certificate's is refused as invalid_client"):
    other = Path("other-key.pem").read_text()
    app = application({"private_key": other, "public_certificate": CERTIFICATE})
    result = app.acquire_token_for_client(DEFAULT)
    equal((result["error"], result["error_codes"]), ("invalid_client", [700027]))

with shows("a wrong secret is refused as invalid_client"):
    result = application("not-the-secret").acquire_token_for_client(DEFAULT)
    equal((result["error"], result["error_codes"]), ("invalid_client", [7000215]))
    assert "AADSTS7000215" in result["error_description"] and result["trace_id"], result

with shows("an application that is gone from the tenant is refused as unauthorized_client"):
    lever("DELETE", f"applications/{AUTHORITY.rsplit('/', 1)[1]}")
    result = application(APP["client_secret"]).acquire_token_for_client(DEFAULT)
    equal((result["error"], result["error_codes"]), ("unauthorized_client", [700016]))

done()
