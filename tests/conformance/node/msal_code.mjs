// msal-node signs a person in: code with PKCE, silent acquisition, refresh.

import { ConfidentialClientApplication, CryptoProvider, ServerError } from "@azure/msal-node";

import { APP, AUTHORITY, Browser, HOST, PEOPLE, REDIRECT, TENANT, URL_OF_ALL, calls, done, equal, holds, shows } from "./sandbox.mjs";

const SCOPES = ["User.Read", "OnlineMeetings.ReadWrite"];
const TOKEN = "/oauth2/v2.0/token";
const host = PEOPLE.scheduler;
const crypto = new CryptoProvider();

function application(authority = AUTHORITY) {
  return new ConfidentialClientApplication({
    auth: { clientId: APP.client_id, clientSecret: APP.client_secret, authority, knownAuthorities: [HOST] },
  });
}

/** Asks for a code; gives back what is needed to redeem it. */
async function begins(app, more = {}) {
  const { verifier, challenge } = await crypto.generatePkceCodes();
  const address = await app.getAuthCodeUrl({
    scopes: SCOPES,
    redirectUri: REDIRECT,
    responseMode: "form_post",
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
    ...more,
  });
  const answer = await new Browser(host).goesTo(address);
  holds(answer?.code, `no code came back: ${JSON.stringify(answer)}`);
  return { code: answer.code, codeVerifier: verifier, scopes: SCOPES, redirectUri: REDIRECT };
}

async function refusal(work) {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it is not refused");
}

const app = application();
let account;

await shows("a code with PKCE becomes tokens of the person who signed in", async () => {
  const result = await app.acquireTokenByCode(await begins(app));
  account = result.account;
  const { tid, oid, preferred_username: name, aud } = result.idTokenClaims;
  equal([tid, oid, name, aud], [TENANT.id, host.object_id, host.upn, APP.client_id]);
  equal(account.homeAccountId, `${host.object_id}.${TENANT.id}`);
  for (const scope of SCOPES) holds(result.scopes.includes(scope), result.scopes.join(" "));
});

await shows("a nonce comes back as it was sent", async () => {
  const nonce = crypto.createNewGuid();
  const result = await app.acquireTokenByCode({ ...(await begins(app, { nonce })), nonce });
  equal(result.idTokenClaims.nonce, nonce);
});

await shows("another nonce than the one that was sent is noticed, and so is one too many", async () => {
  const request = await begins(app, { nonce: crypto.createNewGuid() });
  for (const nonce of [crypto.createNewGuid(), undefined]) {
    const again = { ...request, ...(await begins(app, { nonce: crypto.createNewGuid() })), nonce };
    equal((await refusal(app.acquireTokenByCode(again, {}))).errorCode, "nonce_mismatch");
  }
});

await shows("twenty silent acquisitions are answered from the cache", async () => {
  const before = await calls(TOKEN);
  for (let count = 0; count < 20; count += 1) {
    const result = await app.acquireTokenSilent({ account, scopes: SCOPES });
    equal(result.fromCache, true);
  }
  equal(await calls(TOKEN), before);
});

await shows("a refresh token becomes new tokens, in one call", async () => {
  const before = await calls(TOKEN);
  const old = (await app.acquireTokenSilent({ account, scopes: SCOPES })).accessToken;
  const result = await app.acquireTokenSilent({ account, scopes: SCOPES, forceRefresh: true });
  holds(result.accessToken !== old, "it is the old access token");
  equal([result.fromCache, (await calls(TOKEN)) - before], [false, 1]);
});

await shows("a code is redeemed once", async () => {
  const request = await begins(app);
  await app.acquireTokenByCode(request);
  const error = await refusal(app.acquireTokenByCode(request));
  holds(error instanceof ServerError, error.name);
  equal([error.errorCode, String(error.errorNo)], ["invalid_grant", "54005"]);
});

await shows("a code without its verifier is refused", async () => {
  const request = { ...(await begins(app)), codeVerifier: "x".repeat(64) };
  const error = await refusal(app.acquireTokenByCode(request));
  equal([error.errorCode, String(error.errorNo)], ["invalid_grant", "501481"]);
});

await shows("a code goes to the redirect address that it was asked for", async () => {
  const request = { ...(await begins(app)), redirectUri: `${REDIRECT}/elsewhere` };
  const error = await refusal(app.acquireTokenByCode(request));
  equal([error.errorCode, String(error.errorNo)], ["invalid_client", "500112"]);
});

for (const responseMode of ["query", "fragment"]) {
  await shows(`a code comes back by response_mode=${responseMode} too`, async () => {
    const result = await app.acquireTokenByCode(await begins(app, { responseMode }));
    equal(result.account.username, host.upn);
  });
}

await shows("through organizations the person's own tenant stands in the ID token", async () => {
  const everyone = application(`${URL_OF_ALL}/organizations`);
  const more = { prompt: "select_account", domainHint: "organizations" };
  const result = await everyone.acquireTokenByCode(await begins(everyone, more));
  equal([result.idTokenClaims.tid, result.tenantId], [TENANT.id, TENANT.id]);
});

done();
