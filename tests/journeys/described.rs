//! Our own OpenAPI document as the judge of what the control API answers.

use serde_json::{Value, json};

/// The document, ready to judge.
pub(crate) struct Described(pub(crate) Value);

impl Described {
    /// The document as it lies in the source.
    pub(crate) fn load() -> Self {
        Self(
            serde_json::from_str(include_str!("../../src/edge/api/openapi.json"))
                .expect("the document is JSON"),
        )
    }

    /// What is wrong with this answer, in sentences; nothing if it is as described.
    pub(crate) fn judge(&self, method: &str, path: &str, status: u16, answer: &Value) -> Vec<String> {
        let operation = &self.0["paths"][path][method.to_lowercase()];
        if !operation.is_object() {
            return vec![format!("{method} {path} is not described")];
        }
        let mut described = &operation["responses"][status.to_string()];
        if let Some(reference) = described["$ref"].as_str() {
            described =
                self.0.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere");
        }
        let schema = &described["content"]["application/json"]["schema"];
        if !schema.is_object() {
            return vec![format!("{method} {path} answers {status}, which is not described")];
        }
        self.complaints(schema, answer)
    }

    /// What is wrong with this value, by this schema of the document's.
    pub(crate) fn complaints(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut schema = schema.clone();
        // References point into the document's components.
        schema["components"] = self.0["components"].clone();
        as_json_schema(&mut schema);
        let validator = jsonschema::validator_for(&schema).expect("the document holds schemas");
        let complaint =
            |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
        validator.iter_errors(value).map(complaint).collect()
    }

    /// What is wrong with a value that should be of this name in the document.
    pub(crate) fn complaints_about(&self, name: &str, value: &Value) -> Vec<String> {
        self.complaints(&json!({ "$ref": format!("#/components/schemas/{name}") }), value)
    }
}

/// OpenAPI 3.0 says `nullable` where JSON Schema says `null`.
fn as_json_schema(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.remove("nullable") == Some(json!(true))
                && let Some(kind) = object.get("type").cloned()
            {
                object.insert("type".to_owned(), json!([kind, "null"]));
            }
            object.values_mut().for_each(as_json_schema);
        }
        Value::Array(values) => values.iter_mut().for_each(as_json_schema),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
