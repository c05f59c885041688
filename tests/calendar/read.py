"""Reads invitations as calendar programs in Python do: read.py icalendar|vobject|dateutil

Takes a JSON list on stdin and answers with one of the same length on stdout. For the two
parsers each entry is the text of a calendar object; for dateutil it is a rule,
{"first": local start, "rule": RRULE}, and the answer its local starts.
"""

import json
import sys
from datetime import datetime, timezone

from dateutil.rrule import rrulestr


def instant(value):
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def on_wall(wall, zone):
    """A time in a zone; pytz, which vobject turns to at times, has its own way for that."""
    return zone.localize(wall) if hasattr(zone, "localize") else wall.replace(tzinfo=zone)


def expanded(events, start_of, end_of, rule_of, excluded_of, original_of, cancelled):
    """The instants of a series: the rule of its master, less what is excluded, with every
    occurrence that has an event of its own in its place."""
    found = {}
    for event in events:
        if original_of(event) is None:
            start, end = start_of(event), end_of(event)
            rule = rule_of(event)
            if rule is None:
                starts = [start]
            else:
                # The clock on the wall repeats, as RFC 5545 has it, and not the instant.
                zone = start.tzinfo
                walls = rrulestr(rule, dtstart=start.replace(tzinfo=None))
                starts = [on_wall(wall, zone) for wall in walls]
            gone = {instant(each) for each in excluded_of(event)}
            for each in starts:
                if instant(each) not in gone:
                    found[instant(each)] = (instant(each), instant(each.astimezone(timezone.utc) + (end - start)))
    for event in events:
        original = original_of(event)
        if original is not None:
            found.pop(instant(original), None)
            if not cancelled(event):
                found[instant(original)] = (instant(start_of(event)), instant(end_of(event)))
    return sorted(found.values())


def one_line_rule(text, zone):
    """UNTIL as the wall shows it, since the walls are what is expanded."""
    parts = []
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name == "UNTIL" and value.endswith("Z"):
            until = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
            value = until.astimezone(zone).strftime("%Y%m%dT%H%M%S")
        parts.append(f"{name}={value}")
    return ";".join(parts)


def by_icalendar(text):
    from icalendar import Calendar

    calendar = Calendar.from_ical(text)
    events = calendar.walk("VEVENT")

    def rule_of(event):
        rule = event.get("RRULE")
        return rule and one_line_rule(rule.to_ical().decode(), event["DTSTART"].dt.tzinfo)

    def excluded_of(event):
        listed = event.get("EXDATE", [])
        listed = listed if isinstance(listed, list) else [listed]
        return [each.dt for dates in listed for each in dates.dts]

    def original_of(event):
        return event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in event else None

    def person(attendee):
        return [
            attendee.params.get("CN", ""),
            str(attendee)[len("mailto:"):],
            attendee.params.get("PARTSTAT", ""),
            attendee.params.get("RSVP", ""),
        ]

    first = events[0]
    attendees = first.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    return {
        "method": str(calendar["METHOD"]),
        "uid": str(first["UID"]),
        "sequence": int(first["SEQUENCE"]),
        "summary": str(first["SUMMARY"]),
        "description": str(first.get("DESCRIPTION", "")),
        "location": str(first.get("LOCATION", "")),
        "attendees": [person(each) for each in attendees],
        "instants": expanded(
            events,
            lambda event: event["DTSTART"].dt,
            lambda event: event["DTEND"].dt,
            rule_of,
            excluded_of,
            original_of,
            lambda event: event.get("STATUS") == "CANCELLED",
        ),
    }


def by_vobject(text):
    import vobject

    # It keeps the first time zone of a name that it ever read, whatever a later object says.
    zones = vars(vobject.icalendar)["__tzidMap"]
    for name in [name for name in zones if name != "UTC"]:
        del zones[name]

    calendar = vobject.readOne(text)
    events = list(calendar.vevent_list)

    def text_of(event, name):
        return getattr(event, name).value if hasattr(event, name) else ""

    def rule_of(event):
        if not hasattr(event, "rrule"):
            return None
        return one_line_rule(event.rrule.value, event.dtstart.value.tzinfo)

    def excluded_of(event):
        return [each for line in getattr(event, "exdate_list", []) for each in line.value]

    def original_of(event):
        return event.recurrence_id.value if hasattr(event, "recurrence_id") else None

    def person(attendee):
        parameter = lambda name: attendee.params.get(name, [""])[0]
        return [parameter("CN"), attendee.value[len("mailto:"):], parameter("PARTSTAT"), parameter("RSVP")]

    first = events[0]
    return {
        "method": calendar.method.value,
        "uid": first.uid.value,
        "sequence": int(first.sequence.value),
        "summary": first.summary.value,
        "description": text_of(first, "description"),
        "location": text_of(first, "location"),
        "attendees": [person(each) for each in getattr(first, "attendee_list", [])],
        "instants": expanded(
            events,
            lambda event: event.dtstart.value,
            lambda event: event.dtend.value,
            rule_of,
            excluded_of,
            original_of,
            lambda event: text_of(event, "status") == "CANCELLED",
        ),
    }


def by_dateutil(rule):
    first = datetime.fromisoformat(rule["first"])
    return [each.isoformat() for each in rrulestr(rule["rule"], dtstart=first)]


reads = {"icalendar": by_icalendar, "vobject": by_vobject, "dateutil": by_dateutil}[sys.argv[1]]
json.dump([reads(each) for each in json.load(sys.stdin)], sys.stdout)
