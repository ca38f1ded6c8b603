//! Twilio's own OpenAPI document as the judge of REST requests and of the simulated carrier's answers.
//!
//! Found at `BATON_TWILIO_SPEC`, or beside the repository; where it is absent the judge is absent, in one printed line.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

/// The document, ready to judge.
pub(crate) struct TwilioSpec(Value);

impl TwilioSpec {
    /// Reads the document, if it is there.
    pub(crate) fn load() -> Option<Self> {
        let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(BESIDE);
        let path = std::env::var_os("BATON_TWILIO_SPEC").map_or_else(beside, PathBuf::from);
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("skipped: no Twilio document at {}", path.display());
            return None;
        };
        let mut document: Value = serde_json::from_str(&text).expect("the document is JSON");
        as_json_schema(&mut document["components"]);
        Some(Self(document))
    }

    /// What is wrong with a request, in sentences; nothing if it is right.
    pub(crate) fn judge_request(&self, method: &str, path: &str, form: &[(String, String)]) -> Vec<String> {
        let Some((template, operation)) = self.operation(method, path) else {
            return vec![format!("{method} {path} is no operation of the document")];
        };
        let mut complaints = Vec::new();
        let mut schema = match method {
            "POST" => {
                operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"].clone()
            }
            _ => query_schema(operation),
        };
        as_json_schema(&mut schema);
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        let mut body = Map::new();
        for (name, value) in form {
            match properties.get(name) {
                None => complaints.push(format!("unknown field {name}")),
                Some(property) if property["type"] == "array" => {
                    let values = body.entry(name.clone()).or_insert_with(|| json!([]));
                    values.as_array_mut().expect("it was made an array").push(json!(value));
                }
                Some(property) => {
                    if body.insert(name.clone(), typed(property, value)).is_some() {
                        complaints.push(format!("{name} is given twice"));
                    }
                }
            }
        }
        self.validate(schema, &Value::Object(body), &mut complaints);
        for (part, value) in template.split('/').zip(path.split('/')) {
            let name = part.trim_end_matches(".json").trim_matches(['{', '}']);
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            if let Some(parameter) = parameters.into_iter().find(|p| p["in"] == "path" && p["name"] == name) {
                let value = json!(value.trim_end_matches(".json"));
                self.validate(parameter["schema"].clone(), &value, &mut complaints);
            }
        }
        complaints
    }

    /// What is wrong with a resource of this kind (`call`, `incoming_phone_number`) in an answer.
    pub(crate) fn judge_resource(&self, kind: &str, resource: &Value) -> Vec<String> {
        let mut complaints = Vec::new();
        let schema = self.0["components"]["schemas"][format!("api.v2010.account.{kind}")].clone();
        assert!(schema.is_object(), "the document has no {kind}");
        for name in resource.as_object().into_iter().flatten().map(|(name, _)| name) {
            if schema["properties"].get(name).is_none() {
                complaints.push(format!("unknown field {name}"));
            }
        }
        self.validate(schema, resource, &mut complaints);
        complaints
    }

    fn operation(&self, method: &str, path: &str) -> Option<(&str, &Value)> {
        let fits = |template: &str| {
            let (template, path): (Vec<_>, Vec<_>) =
                (template.split('/').collect(), path.split('/').collect());
            template.len() == path.len()
                && template.iter().zip(&path).all(|(part, given)| match part.strip_prefix('{') {
                    Some(rest) => is_json(rest) == is_json(given),
                    None => part == given,
                })
        };
        let paths = self.0["paths"].as_object()?;
        let (template, operations) = paths.iter().find(|(template, _)| fits(template))?;
        Some((template, operations.get(method.to_lowercase())?))
    }

    fn validate(&self, mut schema: Value, value: &Value, complaints: &mut Vec<String>) {
        // References point into the document's components.
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::validator_for(&schema).expect("the document holds schemas");
        for error in validator.iter_errors(value) {
            complaints.push(format!("{}: {error}", error.instance_path()));
        }
    }
}

fn is_json(part: &str) -> bool {
    part.strip_suffix(".json").is_some()
}

/// The query of a GET as if it were a form.
fn query_schema(operation: &Value) -> Value {
    let mut properties = Map::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "query" {
            let name = parameter["name"].as_str().expect("a parameter has a name");
            properties.insert(name.to_owned(), parameter["schema"].clone());
        }
    }
    json!({"type": "object", "properties": properties})
}

/// A form's text as the type that the document gives it.
fn typed(property: &Value, text: &str) -> Value {
    let parsed = match property["type"].as_str() {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("number") => text.parse::<f64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    parsed.unwrap_or_else(|| json!(text))
}

/// OpenAPI 3.0 says `nullable` where JSON Schema says `null`.
fn as_json_schema(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.remove("nullable") == Some(json!(true)) {
                if let Some(kind) = object.get("type").cloned() {
                    object.insert("type".to_owned(), json!([kind, "null"]));
                } else if let Some(reference) = object.remove("$ref") {
                    object.insert("anyOf".to_owned(), json!([{"$ref": reference}, {"type": "null"}]));
                }
            }
            object.values_mut().for_each(as_json_schema);
        }
        Value::Array(values) => values.iter_mut().for_each(as_json_schema),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Where the project's shared folder lies.
const BESIDE: &str = "../shared/twilio/twilio_api_v2010.json";
