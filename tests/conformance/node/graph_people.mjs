// microsoft-graph-client as an application: people, paging, filter, delta, photos, batch, limits.

import { BatchRequestContent, BatchResponseContent, PageIterator, ResponseType, asApplication, refusal } from "./graph.mjs";
import { PEOPLE, TENANT, calls, done, equal, holds, lever, nextTime, shows } from "./sandbox.mjs";

const NAMES = ["id", "displayName", "mail", "userPrincipalName"];
const BUSY = { error: { code: "TooManyRequests", message: "Please retry again later." } };
const { scheduler: host, mei } = PEOPLE;
const client = asApplication();

async function everyone() {
  const { people } = await lever("GET", "truth");
  return people.filter((one) => one.tenant === TENANT.id).map((one) => one.object_id).sort();
}

async function allOf(page) {
  const seen = [];
  const iterator = new PageIterator(client, page, (one) => seen.push(one) > 0);
  await iterator.iterate();
  return { seen, link: iterator.getDeltaLink() };
}

await shows("one token serves every call of an application", async () => {
  for (let count = 0; count < 5; count += 1) await client.api(`/users/${host.object_id}`).get();
  equal(await calls("/oauth2/v2.0/token"), 1);
});

await shows("a person is found by object id and by user principal name", async () => {
  for (const key of [mei.object_id, mei.upn]) {
    const found = await client.api(`/users/${key}`).select(NAMES).get();
    equal([found.id, found.userPrincipalName], [mei.object_id, mei.upn]);
  }
});

await shows("someone who isn't there is Request_ResourceNotFound, with the request's id", async () => {
  const error = await refusal(client.api("/users/nobody@larkspur.example").get());
  equal([error.statusCode, error.code], [404, "Request_ResourceNotFound"]);
  holds(/^[0-9a-f-]{36}$/.test(error.requestId), error.requestId);
});

await shows("pages of ten hold everyone, each once", async () => {
  const { seen } = await allOf(await client.api("/users").select(NAMES).top(10).get());
  equal(seen.map((one) => one.id).sort(), await everyone());
});

await shows("a filter by mail or user principal name finds one", async () => {
  const filter = `mail eq '${mei.upn}' or userPrincipalName eq '${mei.upn}'`;
  const found = await client.api("/users").filter(filter).select(NAMES).get();
  equal(found.value.map((one) => one.id), [mei.object_id]);
});

await shows("endsWith wants ConsistencyLevel and $count", async () => {
  const asked = () => client.api("/users").filter("endsWith(mail,'@larkspur.example')").select(NAMES);
  const error = await refusal(asked().get());
  equal([error.statusCode, error.code], [400, "Request_UnsupportedQuery"]);
  const found = await asked().count(true).header("ConsistencyLevel", "eventual").get();
  holds(found["@odata.count"] > 0 && found.value.some((one) => one.id === mei.object_id));
});

await shows("a photo comes in the size that is asked for", async () => {
  const picture = await client
    .api(`/users/${mei.object_id}/photos/96x96/$value`)
    .responseType(ResponseType.ARRAYBUFFER)
    .get();
  equal([...new Uint8Array(picture).slice(0, 3)], [0xff, 0xd8, 0xff]);
});

await shows("no photo is 404", async () => {
  const error = await refusal(client.api(`/users/${PEOPLE["adam.novak"].object_id}/photo/$value`).get());
  equal([error.statusCode, error.code], [404, "ImageNotFound"]);
});

await shows("a batch answers each of its parts by id, in the order they depend on", async () => {
  // The client takes scheme and host away and leaves the version, so none is given.
  const part = (id, key, ...dependsOn) => ({
    id,
    dependsOn,
    request: new Request(`https://graph.microsoft.com/users/${key}`),
  });
  const batch = new BatchRequestContent([
    part("host", host.object_id),
    part("nobody", "nobody@larkspur.example", "host"),
    part("mei", mei.object_id, "nobody"),
  ]);
  const answer = new BatchResponseContent(await client.api("/$batch").post(await batch.getContent()));
  const statuses = ["host", "nobody", "mei"].map((id) => answer.getResponseById(id).status);
  equal(statuses, [200, 404, 424]);
  equal((await answer.getResponseById("host").json()).id, host.object_id);
});

await shows("429 with Retry-After is obeyed: the next try comes when it may", async () => {
  const [before, began] = [await calls(""), Date.now()];
  await nextTime(
    { path_prefix: `/v1.0/users/${mei.object_id}` },
    { status: 429, headers: { "Retry-After": "2" }, body: BUSY },
  );
  const found = await client.api(`/users/${mei.object_id}`).get();
  const seconds = (Date.now() - began) / 1000;
  equal([found.id, (await calls("")) - before], [mei.object_id, 2]);
  holds(seconds >= 2 && seconds < 10, `it took ${seconds} seconds`);
});

let link;
await shows("delta gives everyone first, and a link for what comes", async () => {
  const all = await allOf(await client.api("/users/delta").select(NAMES).get());
  equal(all.seen.map((one) => one.id).sort(), await everyone());
  link = all.link;
});

await shows("a new name and a deletion come by the link", async () => {
  const gone = PEOPLE["adam.novak"];
  await lever("PATCH", `users/${mei.upn}`, { display_name: "Mei Tanaka-Ito" });
  await lever("DELETE", `users/${gone.upn}`);
  const { seen } = await allOf(await client.api(link).get());
  equal(seen.map((one) => one.id).sort(), [mei.object_id, gone.object_id].sort());
  equal(seen.find((one) => one.id === mei.object_id).displayName, "Mei Tanaka-Ito");
  holds(seen.find((one) => one.id === gone.object_id)["@removed"].reason);
});

done();
