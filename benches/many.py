"""Fills a database with meetings as an organization has them that has grown: many.py DATABASE MEETINGS

For every twenty meetings there are two people more, and for every ten pairs a track, so that
everybody has as many meetings as before; half of them are over. Each meeting is a copy of one
that is there, with its occurrence, its people, their agenda, the audit entry and the letters.
Only for measuring: the audit log's chain doesn't hold afterwards.
"""

import random
import sqlite3
import sys
import uuid

DAY = 24 * 3600 * 1000
path, wanted = sys.argv[1], int(sys.argv[2])
chance = random.Random(20261126)
db = sqlite3.connect(path)
db.row_factory = sqlite3.Row
# Nobody else is at the file, and it is made anew if this breaks off.
db.execute("PRAGMA synchronous = OFF")
db.execute("PRAGMA cache_size = -500000")


def one(query, *values):
    return dict(db.execute(query, values).fetchone())


def insert(table, row):
    columns = ", ".join(row)
    gaps = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({gaps})", tuple(row.values()))


def new_id():
    return uuid.UUID(int=chance.getrandbits(128)).bytes


def code():
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz234567", k=26))


there = db.execute("SELECT count(*) FROM meetings").fetchone()[0]
meeting = one("SELECT * FROM meetings WHERE mode = 'phone' ORDER BY created_at LIMIT 1")
occurrence = one("SELECT * FROM occurrences WHERE meeting_id = ?", meeting["id"])
attendees = [dict(row) for row in db.execute("SELECT * FROM attendees WHERE meeting_id = ? ORDER BY organizer DESC", (meeting["id"],))]
agenda = one("SELECT * FROM agenda WHERE meeting_id = ? LIMIT 1", meeting["id"])
letters = [dict(row) for row in db.execute("SELECT * FROM outbox WHERE meeting_id = ?", (meeting["id"],))]
audit = one("SELECT * FROM audit_entries WHERE subject_kind = 'meeting' LIMIT 1")
number = db.execute("SELECT max(number) FROM audit_entries").fetchone()[0]
track = one("SELECT * FROM tracks WHERE id = ?", meeting["track_id"])
enrolment = one("SELECT * FROM enrolments WHERE track_id = ? LIMIT 1", meeting["track_id"])
member = one("SELECT * FROM members WHERE id = ?", meeting["organizer_id"])

pair = ()
for count in range(max(0, wanted - there)):
    if count % 200 == 0:
        track_id = new_id()
        insert("tracks", track | {"id": track_id, "slug": f"track-{count}", "name": f"Track {count}"})
    if count % 20 == 0:
        pair = (new_id(), new_id())
        for position, person in enumerate(pair):
            insert("members", member | {
                "id": person, "first_name": "Mentee", "last_name": f"Number {count} {position}",
                "email": f"person-{count}-{position}@larkspur.example", "password_hash": None, "global_administrator": 0,
            })
            insert("enrolments", enrolment | {"track_id": track_id, "member_id": person})
    by = chance.randrange(-365, 365) * DAY
    new = new_id()
    moved = {"starts_at": meeting["starts_at"] + by, "ends_at": meeting["ends_at"] + by}
    insert("meetings", meeting | moved | {
        "id": new, "track_id": track_id, "organizer_id": pair[0], "title": f"First steps {count}", "uid": f"{new.hex()}@bench",
        "join_code": code(), "form_key": None, "last_ends_at": moved["ends_at"],
    })
    insert("occurrences", occurrence | moved | {"meeting_id": new, "track_id": track_id})
    for person, row in zip(pair, attendees):
        insert("attendees", row | {"meeting_id": new, "member_id": person, "starts_at": moved["starts_at"], "answer_code": code()})
        insert("agenda", agenda | moved | {"meeting_id": new, "member_id": person})
    for person, row in zip(pair, letters):
        insert("outbox", row | {"id": new_id(), "meeting_id": new, "about_id": new, "member_id": person})
    number += 1
    insert("audit_entries", audit | {"number": number, "subject_id": str(uuid.UUID(bytes=new))})
db.commit()
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
print(db.execute("SELECT count(*) FROM meetings").fetchone()[0])
