"""msgraph-sdk for Python and meetings: as an application, and for the person who is host."""

import asyncio
import datetime
import sys
import uuid

import requests
from azure.core.exceptions import ClientAuthenticationError
from msgraph.generated.models.lobby_bypass_scope import LobbyBypassScope
from msgraph.generated.models.lobby_bypass_settings import LobbyBypassSettings
from msgraph.generated.models.meeting_participant_info import MeetingParticipantInfo
from msgraph.generated.models.meeting_participants import MeetingParticipants
from msgraph.generated.models.online_meeting import OnlineMeeting
from msgraph.generated.models.online_meeting_role import OnlineMeetingRole
from msgraph.generated.users.item.online_meetings.create_or_get.create_or_get_post_request_body import (
    CreateOrGetPostRequestBody,
)
from msgraph.generated.users.item.online_meetings.online_meetings_request_builder import OnlineMeetingsRequestBuilder

from graph import as_application, as_person, asking, refusal
from sandbox import PEOPLE, TENANT, calls, done, equal, lever, meetings, next_time, shows

MeetingsQuery = OnlineMeetingsRequestBuilder.OnlineMeetingsRequestBuilderGetQueryParameters
ALL_MEMBERS = "include-unknown-enum-members"
host, mei = PEOPLE["scheduler"], PEOPLE["mei"]
START = datetime.datetime(2031, 3, 4, 9, 30, tzinfo=datetime.timezone.utc)
END = START + datetime.timedelta(minutes=45)


def inviting(role):
    return MeetingParticipants(attendees=[MeetingParticipantInfo(upn=mei["upn"], role=role)])


async def life(online_meetings):
    with shows("a meeting is created, and known inside as it was asked for"):
        wanted = OnlineMeeting(subject="First steps", start_date_time=START, end_date_time=END)
        made = await online_meetings.post(wanted)
        inside = meetings()[made.id]
        equal((inside["subject"], inside["organizer"]), ("First steps", host["object_id"]))
        equal((made.start_date_time, made.end_date_time), (START, END))
        equal(made.join_web_url, inside["join_url"])

    with shows("createOrGet twice is one meeting"):
        body = CreateOrGetPostRequestBody(
            external_id=str(uuid.uuid4()), subject="Checking in", start_date_time=START, end_date_time=END
        )
        before = len(meetings())
        first, second = [await online_meetings.create_or_get.post(body) for _ in range(2)]
        equal((first.id, first.join_web_url), (second.id, second.join_web_url))
        equal(len(meetings()) - before, 1)

    with shows("plain create takes no external id"):
        error = await refusal(online_meetings.post(OnlineMeeting(external_id="mine")))
        equal(error.response_status_code, 400)

    one = online_meetings.by_online_meeting_id(first.id)
    with shows("a patch moves it, opens its lobby and makes a co-organizer"):
        later = START + datetime.timedelta(days=1)
        changed = await one.patch(
            OnlineMeeting(
                start_date_time=later,
                end_date_time=later + datetime.timedelta(minutes=45),
                lobby_bypass_settings=LobbyBypassSettings(scope=LobbyBypassScope.Organization),
                participants=inviting(OnlineMeetingRole.Coorganizer),
            ),
            asking(Prefer=ALL_MEMBERS),
        )
        equal((changed.id, changed.join_web_url), (first.id, first.join_web_url))
        equal(changed.start_date_time, later)
        equal(changed.lobby_bypass_settings.scope, LobbyBypassScope.Organization)
        (attendee,) = changed.participants.attendees
        equal((attendee.upn, attendee.role), (mei["upn"], OnlineMeetingRole.Coorganizer))

    with shows("without the Prefer header a co-organizer reads unknownFutureValue"):
        (attendee,) = (await one.get()).participants.attendees
        equal(attendee.role, OnlineMeetingRole.UnknownFutureValue)

    with shows("a patch of the start alone is refused"):
        error = await refusal(one.patch(OnlineMeeting(start_date_time=START)))
        equal(error.response_status_code, 400)

    with shows("a filter by its join URL finds it"):
        query = MeetingsQuery(filter=f"JoinWebUrl eq '{first.join_web_url}'")
        found = await online_meetings.get(asking(query))
        equal([meeting.id for meeting in found.value], [first.id])

    with shows("after DELETE it is not found, though its link opens"):
        await one.delete()
        equal((await refusal(one.get())).response_status_code, 404)
        equal(requests.get(first.join_web_url, timeout=10).status_code, 200)
        equal((await refusal(one.get())).response_status_code, 404)

    with shows("by a switch, opening the link brings the meeting back"):
        lever("PATCH", "meetings", {"deleted_links": "revive"})
        equal(requests.get(first.join_web_url, timeout=10).status_code, 200)
        equal((await one.get()).id, first.id)
        lever("PATCH", "meetings", {"deleted_links": "survive"})


async def as_host():
    client = as_person(host, "User.Read", "OnlineMeetings.ReadWrite")
    with shows("/me is who signed in"):
        me = await client.me.get()
        equal((me.id, me.user_principal_name), (host["object_id"], host["upn"]))

    with shows("the organization has its id and its domain"):
        (organization,) = (await client.organization.get()).value
        equal(organization.id, TENANT["id"])
        assert TENANT["domain"] in [one.name for one in organization.verified_domains]

    await life(client.me.online_meetings)

    with shows("a claims challenge is answered with a new token, and the call made again"):
        before = calls("/oauth2/v2.0/token")
        lever("PATCH", f"users/{host['upn']}", {"challenge": True})
        equal((await client.me.get()).id, host["object_id"])
        equal(calls("/oauth2/v2.0/token") - before, 1)

    with shows("an ended session is a claims challenge, and its refresh is told as AADSTS50173"):
        lever("PATCH", f"users/{host['upn']}", {"revoke_sessions": True})
        try:
            await client.me.get()
        except ClientAuthenticationError as error:
            assert "AADSTS50173" in str(error), error
        else:
            raise AssertionError("the token is still taken")


async def as_itself():
    client = as_application()
    await life(client.users.by_user_id(host["object_id"]).online_meetings)

    with shows("/me is not for an application"):
        error = await refusal(client.me.get())
        equal(error.response_status_code, 400)

    with shows("a claims challenge is answered with a new token and the call made again"):
        before = calls("/oauth2/v2.0/token")
        challenge = (
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
            'client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", '
            'claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNjA0MTA2NjUxIn19fQ=="'
        )
        body = {"error": {"code": "InvalidAuthenticationToken", "message": "Continuous access evaluation resulted in challenge."}}
        next_time(
            {"path_prefix": "/v1.0/users"},
            {"status": 401, "headers": {"WWW-Authenticate": challenge}, "body": body},
        )
        found = await client.users.by_user_id(mei["object_id"]).get()
        equal(found.id, mei["object_id"])
        equal(calls("/oauth2/v2.0/token") - before, 1)


asyncio.run({"host": as_host, "itself": as_itself}[sys.argv[1]]())
done()
