"""msgraph-sdk pointed at the sandbox, and what its scripts share."""

import ssl
import time

import httpx
from azure.identity import AuthorizationCodeCredential, ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.graph_request_adapter import options
from msgraph_core import GraphClientFactory

from sandbox import APP, AUTHORITY, CA, DEFAULT, GRAPH, REDIRECT, TENANT, URL, Browser

WHERE = {"authority": URL, "disable_instance_discovery": True, "connection_verify": CA}


def client(credential, scopes):
    plain = httpx.AsyncClient(verify=ssl.create_default_context(cafile=CA), http2=True, trust_env=False)
    http = GraphClientFactory.create_with_default_middleware(client=plain, options=options)
    provider = AzureIdentityAuthenticationProvider(credential, scopes=scopes)
    adapter = GraphRequestAdapter(provider, client=http)
    adapter.base_url = GRAPH
    return GraphServiceClient(request_adapter=adapter)


def as_application():
    return client(ClientSecretCredential(TENANT["id"], APP["client_id"], APP["client_secret"], **WHERE), DEFAULT)


def as_person(person, *scopes):
    """For someone who has signed in, with the code as azure-identity redeems it."""
    query = httpx.QueryParams(
        client_id=APP["client_id"],
        response_type="code",
        redirect_uri=REDIRECT,
        scope=" ".join([*scopes, "offline_access"]),
        claims='{"access_token":{"xms_cc":{"values":["CP1"]}}}',
    )
    code = Browser(person).goes_to(f"{AUTHORITY}/oauth2/v2.0/authorize?{query}")["code"]
    credential = AuthorizationCodeCredential(
        TENANT["id"], APP["client_id"], code, REDIRECT, client_secret=APP["client_secret"], **WHERE
    )
    return client(credential, list(scopes))


def asking(query=None, **headers):
    """A request configuration with query parameters and headers."""
    asked = RequestConfiguration(query_parameters=query)
    for name, value in headers.items():
        asked.headers.add(name.replace("_", "-"), value)
    return asked


async def refusal(awaited):
    """The error that a call ends in."""
    try:
        await awaited
    except ODataError as error:
        return error
    raise AssertionError("it is not refused")


async def timed(awaited):
    """What a call gives, and how many seconds it takes."""
    began = time.monotonic()
    return await awaited, time.monotonic() - began
