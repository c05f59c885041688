"""Gives schemathesis what no description can know: who is in the track, and what time it is.

Half of the meetings that it makes up would then be made, so that what is done to a meeting is
tried on some that exist. What it made wrong on purpose stays as it is.
"""

import os

import schemathesis

ATTENDEE = os.environ["ITHACA_ATTENDEE"]
TIMES = [
    {"local_start": f"2027-11-{day}T15:00", "time_zone": "Europe/Berlin", "duration_minutes": 45}
    for day in (24, 25)
]


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or not isinstance(case.body, dict):
        return
    if case.operation.path.endswith("/meetings") and "attendees" in case.body:
        case.body["attendees"] = [ATTENDEE]
        if "offered_times" in case.body:
            case.body["offered_times"] = TIMES
        else:
            case.body["local_start"] = "2027-11-24T15:00"
            case.body["time_zone"] = "Europe/Berlin"
        case.body["mode"] = "phone"
    elif "offered_times" in case.body and len(case.body.get("note", "")) % 2:
        case.body["offered_times"] = TIMES
    elif "local_start" in case.body and len(case.body["local_start"]) % 2:
        case.body["local_start"] = "2027-11-25T09:00"
