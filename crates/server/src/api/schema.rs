//! JSON Schema in few words.

use serde_json::{Map, Value, json};

/// An object with exactly these properties: name, schema, whether it is always there.
pub fn object(properties: &[(&str, Value, bool)]) -> Value {
    let required: Vec<&str> = properties
        .iter()
        .filter(|(.., required)| *required)
        .map(|(name, ..)| *name)
        .collect();
    let mut shapes = Map::new();
    for (name, schema, _) in properties {
        shapes.insert((*name).to_owned(), schema.clone());
    }
    let mut object = json!({
        "type": "object",
        "properties": shapes,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// The shape with a sentence about it.
pub fn about(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

/// Text.
pub fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// Text, or nothing.
pub fn text_or_null(description: &str) -> Value {
    json!({ "type": ["string", "null"], "description": description })
}

/// An id.
pub fn id(description: &str) -> Value {
    json!({ "type": "string", "format": "uuid", "description": description })
}

/// An instant in UTC.
pub fn instant(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}

/// An instant, or nothing.
pub fn instant_or_null(description: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "date-time", "description": description })
}

/// Yes or no.
pub fn truth(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

/// One of these words.
pub fn word(words: &[&str], description: &str) -> Value {
    json!({ "type": "string", "enum": words, "description": description })
}

/// A described shape.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Several of one shape.
pub fn list(items: &Value, description: &str) -> Value {
    json!({ "type": "array", "items": items, "description": description })
}

/// A page of a list.
pub fn page(of: &str) -> Value {
    object(&[
        ("items", list(&reference(of), "A part of the list."), true),
        (
            "next_page_token",
            text_or_null("Ask with it as `page_token` for the next part; null at the end."),
            true,
        ),
    ])
}
