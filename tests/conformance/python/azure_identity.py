"""azure-identity: secret, certificate, code, its cache, and how it tells a refusal."""

import urllib.parse

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AuthorizationCodeCredential, CertificateCredential, ClientSecretCredential

from sandbox import (
    APP,
    AUTHORITY,
    CA,
    DEFAULT,
    PEOPLE,
    REDIRECT,
    TENANT,
    URL,
    Browser,
    calls,
    done,
    equal,
    next_time,
    register_certificate,
    shows,
)

TOKEN = "/oauth2/v2.0/token"
where = {"authority": URL, "disable_instance_discovery": True, "connection_verify": CA}
client = (TENANT["id"], APP["client_id"])


def refusal(work):
    try:
        work()
    except ClientAuthenticationError as error:
        return str(error)
    raise AssertionError("it is not refused")


register_certificate()

with shows("a secret becomes a token, once for fifty requests"):
    before = calls(TOKEN)
    credential = ClientSecretCredential(*client, APP["client_secret"], **where)
    tokens = {credential.get_token(*DEFAULT).token for _ in range(50)}
    equal((len(tokens), calls(TOKEN) - before), (1, 1))

with shows("a certificate becomes a token, once for fifty requests"):
    before = calls(TOKEN)
    credential = CertificateCredential(*client, "key-and-certificate.pem", **where)
    tokens = {credential.get_token(*DEFAULT).token for _ in range(50)}
    equal((len(tokens), calls(TOKEN) - before), (1, 1))

with shows("tokens for claims challenges are kept apart, and live longer"):
    credential = ClientSecretCredential(*client, APP["client_secret"], **where)
    plain = credential.get_token(*DEFAULT)
    capable = credential.get_token(*DEFAULT, enable_cae=True)
    assert capable.expires_on - plain.expires_on > 10 * 3600, (plain.expires_on, capable.expires_on)

with shows("a code becomes tokens, and claims turn its refresh token into new ones"):
    query = urllib.parse.urlencode({
        "client_id": APP["client_id"],
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "User.Read offline_access",
    })
    code = Browser(PEOPLE["scheduler"]).goes_to(f"{AUTHORITY}/oauth2/v2.0/authorize?{query}")["code"]
    credential = AuthorizationCodeCredential(
        *client, code, REDIRECT, client_secret=APP["client_secret"], **where
    )
    before = calls(TOKEN)
    first = credential.get_token("User.Read").token
    equal(credential.get_token("User.Read").token, first)
    equal(calls(TOKEN) - before, 1)
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
    second = credential.get_token("User.Read", claims=claims).token
    assert second != first, "it is the same token"
    equal(calls(TOKEN) - before, 2)

with shows("a wrong secret is told with Microsoft's number"):
    credential = ClientSecretCredential(*client, "not-the-secret", **where)
    text = refusal(lambda: credential.get_token(*DEFAULT))
    assert "AADSTS7000215" in text and "Invalid client secret" in text, text

with shows("a tenant that isn't there is told with Microsoft's number"):
    credential = ClientSecretCredential(
        "00000000-0000-4000-8000-000000000000", APP["client_id"], APP["client_secret"], **where
    )
    text = refusal(lambda: credential.get_token(*DEFAULT))
    assert "90002" in text or "tenant" in text.lower(), text

for number in 700016, 7000222:
    with shows(f"AADSTS{number} is a ClientAuthenticationError that says so"):
        next_time({"path_contains": TOKEN}, {"aadsts": number})
        credential = ClientSecretCredential(*client, APP["client_secret"], retry_total=0, **where)
        text = refusal(lambda: credential.get_token(*DEFAULT))
        assert f"AADSTS{number}" in text, text

with shows("a passing trouble of Microsoft's is tried again"):
    before = calls(TOKEN)
    next_time({"path_contains": TOKEN}, {"aadsts": 90033})
    credential = ClientSecretCredential(*client, APP["client_secret"], **where)
    assert credential.get_token(*DEFAULT).token
    equal(calls(TOKEN) - before, 2)

done()
