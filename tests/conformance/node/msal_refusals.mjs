// What msal-node makes of every group of refusals: which call for the person, which don't.

import { ConfidentialClientApplication, CryptoProvider, InteractionRequiredAuthError, ServerError } from "@azure/msal-node";

import { APP, AUTHORITY, Browser, HOST, PEOPLE, REDIRECT, TENANT, done, equal, holds, lever, nextTime, shows } from "./sandbox.mjs";

const SCOPES = ["User.Read", "OnlineMeetings.ReadWrite"];
const host = PEOPLE.scheduler;
const crypto = new CryptoProvider();
let app;
let account;

/** Begins anew: after some refusals msal-node forgets the refresh token, after others it asks nobody for a minute. */
async function signsIn(claims) {
  app = new ConfidentialClientApplication({
    auth: { clientId: APP.client_id, clientSecret: APP.client_secret, authority: AUTHORITY, knownAuthorities: [HOST] },
    // A refusal that heals by itself is to be seen, not to be tried again.
    system: { disableInternalRetries: true },
  });
  const { verifier, challenge } = await crypto.generatePkceCodes();
  const request = { scopes: SCOPES, redirectUri: REDIRECT };
  const address = await app.getAuthCodeUrl({
    ...request,
    responseMode: "form_post",
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
    claims,
  });
  const { code } = await new Browser(host).goesTo(address);
  ({ account } = await app.acquireTokenByCode({ ...request, code, codeVerifier: verifier }));
}

async function refusal(scopes = SCOPES) {
  try {
    await app.acquireTokenSilent({ account, scopes, forceRefresh: true });
  } catch (error) {
    return error;
  }
  throw new Error("it is not refused");
}

/** Checks kind, `error`, `suberror` and number of a refusal. */
function isRefused(error, kind, code, subError, number) {
  holds(error instanceof kind, `${error.name} instead of ${kind.name}`);
  equal([error.errorCode, error.subError ?? "", String(error.errorNo)], [code, subError, String(number)]);
}

const GROUPS = [
  [50173, InteractionRequiredAuthError, "invalid_grant", "bad_token"],
  [700082, InteractionRequiredAuthError, "invalid_grant", "bad_token"],
  [70043, InteractionRequiredAuthError, "invalid_grant", "bad_token"],
  [65001, InteractionRequiredAuthError, "invalid_grant", "consent_required"],
  [50055, InteractionRequiredAuthError, "invalid_grant", "user_password_expired"],
  [50076, InteractionRequiredAuthError, "interaction_required", "basic_action"],
  [50079, InteractionRequiredAuthError, "interaction_required", "basic_action"],
  [53003, InteractionRequiredAuthError, "invalid_grant", "message_only"],
  [70000, ServerError, "invalid_grant", ""],
  [7000215, ServerError, "invalid_client", ""],
  [7000222, ServerError, "invalid_client", ""],
  [700027, ServerError, "invalid_client", ""],
  [700016, ServerError, "unauthorized_client", ""],
  [500011, ServerError, "invalid_resource", ""],
  [90002, ServerError, "invalid_request", ""],
  [90033, ServerError, "temporarily_unavailable", ""],
];

for (const [number, kind, code, subError] of GROUPS) {
  await shows(`AADSTS${number} is ${code} for msal-node, one more ${kind.name}`, async () => {
    await signsIn();
    await nextTime({ path_contains: "/oauth2/v2.0/token" }, { aadsts: number });
    const error = await refusal();
    isRefused(error, kind, code, subError, number);
    holds(error.errorMessage.includes(`AADSTS${number}`), error.errorMessage);
  });
}

await shows("a demand for a second factor hands on the claims to sign in with", async () => {
  await signsIn();
  await lever("PATCH", `users/${host.upn}`, { mfa: true });
  const { claims } = await refusal();
  holds(JSON.parse(claims).access_token, claims);
  await signsIn(claims);
  await app.acquireTokenSilent({ account, scopes: SCOPES, forceRefresh: true });
});

await shows("the refresh token outlives all of these", async () => {
  const result = await app.acquireTokenSilent({ account, scopes: SCOPES, forceRefresh: true });
  equal(result.account.username, host.upn);
});

await shows("a refresh for a permission that nobody gave asks for consent", async () => {
  isRefused(await refusal(["Calendars.ReadWrite"]), InteractionRequiredAuthError, "invalid_grant", "consent_required", 65001);
});

await shows("a refresh after the permissions were taken away asks for consent", async () => {
  await lever("DELETE", `grants/${TENANT.id}`);
  isRefused(await refusal(), InteractionRequiredAuthError, "invalid_grant", "consent_required", 65001);
});

await shows("a disabled account is told", async () => {
  await lever("PATCH", `users/${host.upn}`, { enabled: false });
  equal(String((await refusal()).errorNo), "50057");
  await lever("PATCH", `users/${host.upn}`, { enabled: true });
});

await shows("revoked sessions want a new sign-in, and msal-node forgets the refresh token at once", async () => {
  await lever("PATCH", `users/${host.upn}`, { revoke_sessions: true });
  isRefused(await refusal(), InteractionRequiredAuthError, "invalid_grant", "bad_token", 50173);
  equal((await refusal()).errorCode, "no_tokens_found");
});

done();
