//! Who stands in a meeting's room and in its lobby, as far as somebody played
//! it on the join page. It is not kept over a restart.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::ids::ObjectId;

/// How many meetings may be going on. The one that was opened first ends when there are more.
const ROOMS: usize = 200;

/// How many people find room.
const PLACES: usize = 300;

/// The rooms of all meetings, by thread.
#[derive(Clone, Debug, Default)]
pub struct Rooms {
    rooms: BTreeMap<Uuid, Room>,
    opened: Vec<Uuid>,
}

/// Everyone who opened a meeting's link.
#[derive(Clone, Debug, Default)]
pub struct Room {
    last: u32,
    pub people: Vec<Present>,
}

/// Somebody in a room or before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Counts up from 1 in each room.
    pub number: u32,
    pub who: Who,
    pub is_in: bool,
}

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Account(ObjectId),
    /// Somebody without an account, by the name they gave.
    Named(String),
}

impl Rooms {
    pub fn find(&self, thread: Uuid) -> Option<&Room> {
        self.rooms.get(&thread)
    }

    /// The room, opened if it isn't yet.
    pub fn open(&mut self, thread: Uuid) -> &mut Room {
        if !self.rooms.contains_key(&thread) {
            if self.opened.len() >= ROOMS {
                self.rooms.remove(&self.opened.remove(0));
            }
            self.opened.push(thread);
        }
        self.rooms.entry(thread).or_default()
    }
}

impl Room {
    /// Lets somebody come, in or before the door. False when there is no place left. Who is there
    /// already stays where they are.
    pub fn come(&mut self, who: Who, is_in: bool) -> bool {
        if self.people.iter().any(|present| present.who == who) {
            return true;
        }
        if self.people.len() >= PLACES {
            return false;
        }
        self.last += 1;
        self.people.push(Present {
            number: self.last,
            who,
            is_in,
        });
        true
    }

    pub fn leave(&mut self, number: u32) {
        self.people.retain(|present| present.number != number);
    }
}
