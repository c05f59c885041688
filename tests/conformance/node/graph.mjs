// microsoft-graph-client pointed at the sandbox, and what its scripts share.

import { ConfidentialClientApplication, CryptoProvider } from "@azure/msal-node";
import graphClient from "@microsoft/microsoft-graph-client";

import { APP, AUTHORITY, Browser, DEFAULT, HOST, REDIRECT, URL_OF_ALL } from "./sandbox.mjs";

export const { BatchRequestContent, BatchResponseContent, Client, PageIterator, ResponseType } = graphClient;

function application(clientCapabilities = []) {
  const [clientId, clientSecret] = [APP.client_id, APP.client_secret];
  return new ConfidentialClientApplication({
    auth: { clientId, clientSecret, authority: AUTHORITY, knownAuthorities: [HOST], clientCapabilities },
  });
}

function client(getAccessToken) {
  return Client.initWithMiddleware({
    baseUrl: `${URL_OF_ALL}/`,
    customHosts: new Set(["localhost"]),
    authProvider: { getAccessToken },
  });
}

export function asApplication() {
  const app = application();
  return client(async () => (await app.acquireTokenByClientCredential({ scopes: DEFAULT })).accessToken);
}

/** For someone who has signed in. The client knows no claims challenges; with `capabilities` its tokens are challenged. */
export async function asPerson(person, scopes, capabilities = []) {
  const app = application(capabilities);
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const request = { scopes, redirectUri: REDIRECT };
  const address = await app.getAuthCodeUrl({
    ...request,
    responseMode: "form_post",
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
  });
  const { code } = await new Browser(person).goesTo(address);
  const { account } = await app.acquireTokenByCode({ ...request, code, codeVerifier: verifier });
  const token = async (more) => (await app.acquireTokenSilent({ account, scopes, ...more })).accessToken;
  return { client: client(() => token()), token };
}

/** The error that a call ends in. */
export async function refusal(work) {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it is not refused");
}
