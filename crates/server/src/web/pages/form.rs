//! What every form carries: what is wrong with it, and what can be chosen in it.

/// What is wrong with a form, in the order of its fields.
///
/// A form view keeps what was typed in plain fields beside its errors, so that
/// a refused form comes back as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    /// What is wrong with the whole, where no field is to blame.
    pub refusal: Option<String>,
    /// The field's id and one sentence.
    pub fields: Vec<(&'static str, String)>,
}

impl Errors {
    pub fn none() -> Self {
        Self::default()
    }

    pub fn is_empty(&self) -> bool {
        self.refusal.is_none() && self.fields.is_empty()
    }

    pub fn push(&mut self, field: &'static str, sentence: impl Into<String>) {
        self.fields.push((field, sentence.into()));
    }

    /// The first sentence about a field.
    pub fn on(&self, field: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(name, _)| *name == field)
            .map(|(_, sentence)| sentence.as_str())
    }
}

/// One thing that can be chosen, in a list, among radio buttons or checkboxes.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub value: String,
    pub label: String,
    /// One line that explains it.
    pub help: Option<String>,
    pub chosen: bool,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>, chosen: bool) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            help: None,
            chosen,
        }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
