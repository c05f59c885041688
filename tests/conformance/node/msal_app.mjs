// msal-node as an application of its own: a secret, a certificate, the cache.

import { readFileSync } from "node:fs";

import { ConfidentialClientApplication, ServerError } from "@azure/msal-node";

import { APP, AUTHORITY, DEFAULT, HOST, TENANT, URL_OF_ALL, calls, done, equal, holds, lever, shows } from "./sandbox.mjs";

const TOKEN = "/oauth2/v2.0/token";
const privateKey = readFileSync("key.pem", "utf8");
const certificate = JSON.parse(readFileSync("thumbprints.json", "utf8"));

function application(credential) {
  return new ConfidentialClientApplication({
    auth: { clientId: APP.client_id, authority: AUTHORITY, knownAuthorities: [HOST], ...credential },
  });
}

function withSecret(clientSecret = APP.client_secret) {
  return application({ clientSecret });
}

async function opensGraph({ accessToken }) {
  const answer = await fetch(`${URL_OF_ALL}/v1.0/users?$top=1`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  equal(answer.status, 200);
}

async function refusal(app) {
  try {
    await app.acquireTokenByClientCredential({ scopes: DEFAULT });
  } catch (error) {
    return error;
  }
  throw new Error("it is not refused");
}

await lever("POST", `apps/${APP.client_id}/certificates`, {
  certificate: readFileSync("certificate.pem", "utf8"),
});

await shows("a secret becomes a token that opens Graph", async () => {
  await opensGraph(await withSecret().acquireTokenByClientCredential({ scopes: DEFAULT }));
});

await shows("fifty acquisitions are one call", async () => {
  const before = await calls(TOKEN);
  const app = withSecret();
  const tokens = new Set();
  for (let count = 0; count < 50; count += 1) {
    tokens.add((await app.acquireTokenByClientCredential({ scopes: DEFAULT })).accessToken);
  }
  equal([tokens.size, (await calls(TOKEN)) - before], [1, 1]);
});

await shows("a certificate becomes a token: PS256, x5t#S256", async () => {
  const app = application({ clientCertificate: { thumbprintSha256: certificate.sha256, privateKey } });
  await opensGraph(await app.acquireTokenByClientCredential({ scopes: DEFAULT }));
});

await shows("a certificate named by its old SHA-1 thumbprint does too: RS256, x5t", async () => {
  const app = application({ clientCertificate: { thumbprint: certificate.sha1, privateKey } });
  await opensGraph(await app.acquireTokenByClientCredential({ scopes: DEFAULT }));
});

await shows("another key than the certificate's is refused as invalid_client", async () => {
  const other = readFileSync("other-key.pem", "utf8");
  const app = application({ clientCertificate: { thumbprintSha256: certificate.sha256, privateKey: other } });
  const error = await refusal(app);
  holds(error instanceof ServerError, error.name);
  equal([error.errorCode, String(error.errorNo)], ["invalid_client", "700027"]);
});

await shows("a wrong secret is refused as invalid_client, with Microsoft's ids to look it up", async () => {
  const error = await refusal(withSecret("not-the-secret"));
  equal([error.errorCode, String(error.errorNo)], ["invalid_client", "7000215"]);
  holds(error.errorMessage.includes("AADSTS7000215") && error.errorMessage.includes("Trace ID"), error.errorMessage);
});

await shows("an application that is gone from the tenant is refused as unauthorized_client", async () => {
  await lever("DELETE", `applications/${TENANT.id}`);
  const error = await refusal(withSecret());
  equal([error.errorCode, String(error.errorNo)], ["unauthorized_client", "700016"]);
});

done();
