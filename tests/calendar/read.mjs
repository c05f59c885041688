// Reads invitations as a calendar program in JavaScript does, by their own VTIMEZONE alone.
//
// Takes a JSON list of calendar objects on stdin and answers with one of the same length.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const MOST = 200;
const instant = (time) => time.toJSDate().toISOString().replace(".000Z", "Z");

function read(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    const timezone = new ICAL.Timezone(zone);
    ICAL.TimezoneService.remove(timezone.tzid);
    ICAL.TimezoneService.register(timezone);
  }
  const components = calendar.getAllSubcomponents("vevent");
  const events = components.map((component) => new ICAL.Event(component));
  const first = events[0];
  const isCancelled = (event) => event.component.getFirstPropertyValue("status") === "CANCELLED";
  const instants = [];
  const master = events.find((event) => !event.isRecurrenceException());
  if (master?.isRecurring()) {
    for (const event of events) if (event.isRecurrenceException()) master.relateException(event);
    const starts = master.iterator();
    for (let start = starts.next(); start && instants.length < MOST; start = starts.next()) {
      const occurrence = master.getOccurrenceDetails(start);
      if (!isCancelled(occurrence.item) || occurrence.item === master) {
        instants.push([instant(occurrence.startDate), instant(occurrence.endDate)]);
      }
    }
  } else {
    for (const event of events) {
      if (!event.isRecurrenceException() || !isCancelled(event)) {
        instants.push([instant(event.startDate), instant(event.endDate)]);
      }
    }
  }
  const parameter = (attendee, name) => attendee.getParameter(name) ?? "";
  return {
    method: calendar.getFirstPropertyValue("method"),
    uid: first.uid,
    sequence: first.sequence,
    summary: first.summary,
    description: first.description ?? "",
    location: first.location ?? "",
    attendees: first.attendees.map((attendee) => [
      parameter(attendee, "cn"),
      attendee.getFirstValue().slice("mailto:".length),
      parameter(attendee, "partstat"),
      parameter(attendee, "rsvp"),
    ]),
    instants: instants.sort((one, other) => (one[0] < other[0] ? -1 : 1)),
  };
}

const objects = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(objects.map(read)));
