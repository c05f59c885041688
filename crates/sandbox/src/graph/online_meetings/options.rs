//! The properties of a meeting that are stored as they came: their shape, what
//! they are when nobody sets them, and whether an update may set them.
//!
//! Source: "onlineMeeting resource type" and "Update onlineMeeting" (2024-08). The defaults are
//! those of Microsoft's samples.

use serde_json::{Value, json};

/// A property with its rules.
pub(super) struct Rule {
    pub(super) name: &'static str,
    kind: Kind,
    pub(super) may_be_updated: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Flag(bool),
    OneOf(&'static [&'static str]),
    /// A list of roles whose names don't show.
    Roles,
    Watermark,
    Object,
    Text,
}

const fn updatable(name: &'static str, kind: Kind) -> Rule {
    Rule {
        name,
        kind,
        may_be_updated: true,
    }
}

const fn at_creation(name: &'static str, kind: Kind) -> Rule {
    Rule {
        name,
        kind,
        may_be_updated: false,
    }
}

pub(super) const RULES: [Rule; 20] = [
    updatable("allowAttendeeToEnableCamera", Kind::Flag(true)),
    updatable("allowAttendeeToEnableMic", Kind::Flag(true)),
    updatable("allowBreakoutRooms", Kind::Flag(true)),
    updatable("allowCopyingAndSharingMeetingContent", Kind::Flag(true)),
    updatable("allowLiveShare", Kind::OneOf(&["enabled", "disabled"])),
    updatable(
        "allowMeetingChat",
        Kind::OneOf(&["enabled", "disabled", "limited"]),
    ),
    updatable("allowPowerPointSharing", Kind::Flag(true)),
    updatable("allowRecording", Kind::Flag(true)),
    updatable("allowTeamworkReactions", Kind::Flag(true)),
    updatable("allowTranscription", Kind::Flag(true)),
    updatable("allowWhiteboard", Kind::Flag(true)),
    updatable("anonymizeIdentityForRoles", Kind::Roles),
    updatable("broadcastSettings", Kind::Object),
    updatable("isEntryExitAnnounced", Kind::Flag(false)),
    updatable("recordAutomatically", Kind::Flag(false)),
    updatable("watermarkProtection", Kind::Watermark),
    at_creation("allowParticipantsToChangeName", Kind::Flag(false)),
    at_creation("isEndToEndEncryptionEnabled", Kind::Flag(false)),
    at_creation("meetingTemplateId", Kind::Text),
    at_creation(
        "shareMeetingChatHistoryDefault",
        Kind::OneOf(&["none", "all"]),
    ),
];

impl Rule {
    /// The rule for a property.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.name == name)
    }

    /// What Graph shows when nobody has set it.
    pub(super) fn default(&self) -> Value {
        match self.kind {
            Kind::Flag(value) => json!(value),
            Kind::OneOf(values) => json!(values[0]),
            Kind::Roles => json!([]),
            Kind::Watermark => {
                json!({"isEnabledForContentSharing": false, "isEnabledForVideo": false})
            }
            Kind::Object | Kind::Text => Value::Null,
        }
    }

    /// Whether a value has the right shape.
    pub(super) fn takes(&self, value: &Value) -> bool {
        match self.kind {
            Kind::Flag(_) => value.is_boolean(),
            Kind::OneOf(values) => value.as_str().is_some_and(|text| values.contains(&text)),
            Kind::Roles => value.as_array().is_some_and(|roles| {
                roles.len() <= 4
                    && roles.iter().all(|role| {
                        matches!(
                            role.as_str(),
                            Some("attendee" | "presenter" | "producer" | "coorganizer")
                        )
                    })
            }),
            Kind::Watermark => value.as_object().is_some_and(|flags| {
                flags.iter().all(|(name, value)| {
                    name.starts_with('@')
                        || (matches!(
                            name.as_str(),
                            "isEnabledForContentSharing" | "isEnabledForVideo"
                        ) && value.is_boolean())
                })
            }),
            Kind::Object => value.is_object(),
            Kind::Text => value.is_string(),
        }
    }
}
