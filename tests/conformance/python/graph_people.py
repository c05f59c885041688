"""msgraph-sdk for Python as an application: people, paging, filter, delta, photos, batch, limits."""

import asyncio

from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core import PageIterator
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

from graph import as_application, asking, refusal, timed
from sandbox import GRAPH, PEOPLE, TENANT, calls, done, equal, lever, next_time, shows

ListQuery = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters
UserQuery = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters
DeltaQuery = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters
host, mei = PEOPLE["scheduler"], PEOPLE["mei"]
NAMES = ["id", "displayName", "mail", "userPrincipalName"]


def everyone():
    return {one["object_id"] for one in lever("GET", "truth")["people"] if one["tenant"] == TENANT["id"]}


async def reading(client):
    with shows("one token serves every call of an application"):
        for _ in range(5):
            await client.users.by_user_id(host["object_id"]).get()
        equal(calls("/oauth2/v2.0/token"), 1)

    with shows("a person is found by object id and by user principal name"):
        for key in mei["object_id"], mei["upn"]:
            found = await client.users.by_user_id(key).get(asking(UserQuery(select=NAMES)))
            equal((found.id, found.user_principal_name), (mei["object_id"], mei["upn"]))

    with shows("someone who isn't there is Request_ResourceNotFound, with both request ids"):
        error = await refusal(client.users.by_user_id("nobody@larkspur.example").get())
        equal((error.response_status_code, error.error.code), (404, "Request_ResourceNotFound"))
        inner = error.error.inner_error
        assert inner.request_id and inner.client_request_id and inner.date, error

    with shows("pages of ten hold everyone, each once"):
        before = calls("GET /v1.0/users")
        first = await client.users.get(asking(ListQuery(select=NAMES, top=10)))
        equal(len(first.value), 10)
        seen = []
        await PageIterator(first, client.request_adapter).iterate(lambda one: seen.append(one.id) or True)
        equal((len(seen), set(seen)), (len(everyone()), everyone()))
        equal(calls("GET /v1.0/users") - before, -(-len(seen) // 10))

    with shows("a filter by mail or user principal name finds one"):
        query = ListQuery(filter=f"mail eq '{mei['upn']}' or userPrincipalName eq '{mei['upn']}'", select=NAMES)
        found = await client.users.get(asking(query))
        equal([one.id for one in found.value], [mei["object_id"]])

    with shows("endsWith wants ConsistencyLevel and $count"):
        query = ListQuery(filter="endsWith(mail,'@larkspur.example')", select=NAMES)
        error = await refusal(client.users.get(asking(query)))
        equal((error.response_status_code, error.error.code), (400, "Request_UnsupportedQuery"))
        query.count = True
        found = await client.users.get(asking(query, ConsistencyLevel="eventual"))
        assert found.odata_count and mei["object_id"] in [one.id for one in found.value]

    with shows("a photo comes in the size that is asked for"):
        photos = client.users.by_user_id(mei["object_id"]).photos
        picture = await photos.by_profile_photo_id("96x96").content.get()
        assert picture.startswith(b"\xff\xd8\xff"), picture[:16]
        described = await photos.by_profile_photo_id("96x96").get()
        equal((described.width, described.height), (96, 96))

    with shows("no photo is 404"):
        nobody = PEOPLE["adam.novak"]["object_id"]
        error = await refusal(client.users.by_user_id(nobody).photo.content.get())
        equal((error.response_status_code, error.error.code), (404, "ImageNotFound"))


async def batching(client):
    def part(information, name):
        item = BatchRequestItem(information, name)
        # The client leaves the whole address here, which Graph refuses: msgraph-sdk-python#1015.
        item.url = item.url.removeprefix(GRAPH)
        return item

    users = client.users
    with shows("a batch answers each of its parts by id"):
        batch = BatchRequestContent()
        for name, key in {"host": host["upn"], "mei": mei["object_id"], "nobody": "nobody@larkspur.example"}.items():
            batch.add_request(name, part(users.by_user_id(key).to_get_request_information(), name))
        photo = users.by_user_id(mei["object_id"]).photo.content.to_get_request_information()
        batch.add_request("photo", part(photo, "photo"))
        answer = await client.batch.post(batch)
        equal(answer.get_response_status_codes(), {"host": 200, "mei": 200, "nobody": 404, "photo": 200})
        # Of bodies, this client keeps what comes in base64 and loses what is JSON.
        assert answer.get_response_stream_by_id("photo").read().startswith(b"\xff\xd8\xff")

    with shows("a part with the whole address is refused, and the others are answered"):
        batch = BatchRequestContent()
        batch.add_request("whole", BatchRequestItem(users.to_get_request_information(), "whole"))
        batch.add_request("part", part(users.to_get_request_information(), "part"))
        answer = await client.batch.post(batch)
        equal(answer.get_response_status_codes(), {"whole": 400, "part": 200})

    with shows("one part of a batch is throttled without the others"):
        busy = {"error": {"code": "TooManyRequests", "message": "Please retry again later."}}
        next_time(
            {"path_prefix": f"/v1.0/users/{mei['object_id']}"},
            {"status": 429, "headers": {"Retry-After": "7"}, "body": busy},
        )
        batch = BatchRequestContent()
        for name, key in {"host": host["object_id"], "mei": mei["object_id"]}.items():
            batch.add_request(name, part(users.by_user_id(key).to_get_request_information(), name))
        answer = await client.batch.post(batch)
        equal(answer.get_response_status_codes(), {"host": 200, "mei": 429})
        equal(answer.responses["mei"].headers["Retry-After"], "7")


async def waiting(client):
    busy = {"error": {"code": "TooManyRequests", "message": "Please retry again later."}}
    with shows("429 with Retry-After is obeyed: the next try comes when it may"):
        before = calls("")
        next_time(
            {"path_prefix": f"/v1.0/users/{mei['object_id']}"},
            {"status": 429, "headers": {"Retry-After": "2"}, "body": busy},
        )
        found, seconds = await timed(client.users.by_user_id(mei["object_id"]).get())
        equal(found.id, mei["object_id"])
        assert 2 <= seconds < 10, f"it took {seconds} seconds"
        equal(calls("") - before, 2)


async def following(client):
    with shows("delta gives everyone first, and a link for what comes"):
        page = await client.users.delta.get(asking(DeltaQuery(select=NAMES)))
        seen = [one.id for one in page.value]
        while page.odata_next_link:
            page = await client.users.delta.with_url(page.odata_next_link).get()
            seen += [one.id for one in page.value]
        equal(set(seen), everyone())
        link = page.odata_delta_link

    with shows("nothing happened, nothing comes"):
        page = await client.users.delta.with_url(link).get()
        equal(page.value, [])
        link = page.odata_delta_link

    with shows("a new name and a deletion come by the link"):
        gone = PEOPLE["adam.novak"]
        lever("PATCH", f"users/{mei['upn']}", {"display_name": "Mei Tanaka-Ito"})
        lever("DELETE", f"users/{gone['upn']}")
        page = await client.users.delta.with_url(link).get()
        changed = {one.id: one for one in page.value}
        equal(set(changed), {mei["object_id"], gone["object_id"]})
        equal(changed[mei["object_id"]].display_name, "Mei Tanaka-Ito")
        assert changed[gone["object_id"]].additional_data["@removed"]["reason"] in ("changed", "deleted")


async def main():
    client = as_application()
    for part in reading, batching, waiting, following:
        await part(client)


asyncio.run(main())
done()
