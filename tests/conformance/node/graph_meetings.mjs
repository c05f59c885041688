// microsoft-graph-client and meetings: as an application, and for the person who is host.

import { asApplication, asPerson, refusal } from "./graph.mjs";
import { PEOPLE, done, equal, lever, meetings, shows } from "./sandbox.mjs";

const { scheduler: host, mei } = PEOPLE;
const [startDateTime, endDateTime] = ["2031-03-04T09:30:00Z", "2031-03-04T10:15:00Z"];

async function life(client, path) {
  await shows("a meeting is created, and known inside as it was asked for", async () => {
    const made = await client.api(path).post({ subject: "First steps", startDateTime, endDateTime });
    const inside = (await meetings())[made.id];
    equal([inside.subject, inside.organizer, inside.join_url], ["First steps", host.object_id, made.joinWebUrl]);
    equal(made.startDateTime, "2031-03-04T09:30:00.0000000Z");
  });

  let first;
  await shows("createOrGet twice is one meeting", async () => {
    const body = { externalId: crypto.randomUUID(), subject: "Checking in", startDateTime, endDateTime };
    const before = Object.keys(await meetings()).length;
    first = await client.api(`${path}/createOrGet`).post(body);
    const second = await client.api(`${path}/createOrGet`).post(body);
    equal([second.id, second.joinWebUrl], [first.id, first.joinWebUrl]);
    equal(Object.keys(await meetings()).length - before, 1);
  });

  await shows("a patch moves it, opens its lobby and makes a co-organizer", async () => {
    const changed = await client
      .api(`${path}/${first.id}`)
      .header("Prefer", "include-unknown-enum-members")
      .patch({
        startDateTime: "2031-03-05T09:30:00Z",
        endDateTime: "2031-03-05T10:15:00Z",
        lobbyBypassSettings: { scope: "organization" },
        participants: { attendees: [{ upn: mei.upn, role: "coorganizer" }] },
      });
    equal([changed.id, changed.joinWebUrl], [first.id, first.joinWebUrl]);
    equal(changed.lobbyBypassSettings.scope, "organization");
    const roles = changed.participants.attendees.map(({ upn, role }) => [upn, role]);
    equal(roles, [[mei.upn, "coorganizer"]]);
  });

  await shows("a property that no update takes is refused as InvalidArgument", async () => {
    const error = await refusal(client.api(`${path}/${first.id}`).patch({ externalId: "another" }));
    equal([error.statusCode, error.code], [400, "InvalidArgument"]);
  });

  await shows("a filter by its join URL finds it", async () => {
    const filter = `JoinWebUrl eq '${encodeURIComponent(first.joinWebUrl)}'`;
    const found = await client.api(path).filter(filter).get();
    equal(found.value.map((one) => one.id), [first.id]);
  });

  await shows("after DELETE it is not found, though its link opens", async () => {
    await client.api(`${path}/${first.id}`).delete();
    equal((await refusal(client.api(`${path}/${first.id}`).get())).statusCode, 404);
    equal((await fetch(first.joinWebUrl)).status, 200);
  });
}

if (process.argv[2] === "host") {
  const scopes = ["User.Read", "OnlineMeetings.ReadWrite"];
  const { client } = await asPerson(host, scopes);
  await shows("/me is who signed in", async () => {
    const me = await client.api("/me").get();
    equal([me.id, me.userPrincipalName], [host.object_id, host.upn]);
  });
  await life(client, "/me/onlineMeetings");
  const challenged = await asPerson(host, scopes, ["CP1"]);
  await shows("the claims of a challenge become a new token, which is taken", async () => {
    await challenged.client.api("/me").get();
    await lever("PATCH", `users/${host.upn}`, { challenge: true });
    const { statusCode, headers } = await refusal(challenged.client.api("/me").get());
    equal(statusCode, 401);
    const [, claims] = /error="insufficient_claims", claims="([^"]+)"/.exec(headers.get("www-authenticate"));
    await challenged.token({ claims: Buffer.from(claims, "base64").toString() });
    equal((await challenged.client.api("/me").get()).id, host.object_id);
  });

  await shows("a token of a client that declares nothing outlives its session", async () => {
    await lever("PATCH", `users/${host.upn}`, { revoke_sessions: true });
    equal((await client.api("/me").get()).id, host.object_id);
    equal((await refusal(challenged.client.api("/me").get())).statusCode, 401);
  });
} else {
  const client = asApplication();
  await life(client, `/users/${host.object_id}/onlineMeetings`);
  await shows("/me is not for an application", async () => {
    equal((await refusal(client.api("/me").get())).statusCode, 400);
  });
}

done();
