//! Checks every frame that any test receives against `/asyncapi.json`: no field more, none less.

use std::collections::HashMap;
use std::sync::OnceLock;

use chinwag::protocol::asyncapi;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// Fails on a frame of an unknown type, or one that does not match its description.
pub(crate) fn assert_described(frame: &Value) {
    let problems = problems(frame);
    assert!(problems.is_empty(), "not as /asyncapi.json describes it: {frame}\n{}", problems.join("\n"));
}

/// What is wrong with a frame.
pub(crate) fn problems(frame: &Value) -> Vec<String> {
    static VALIDATORS: OnceLock<HashMap<String, Validator>> = OnceLock::new();
    let kind = frame["type"].as_str().unwrap_or_default();
    let Some(validator) = VALIDATORS.get_or_init(compile).get(kind) else {
        return vec![format!("unknown type {kind:?}")];
    };
    validator.iter_errors(frame).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// One validator for each type of frame.
fn compile() -> HashMap<String, Validator> {
    let mut document = asyncapi::document("0.0.0");
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    schemas.values_mut().for_each(forbid_more);
    let components = json!({"schemas": schemas});
    let messages = document["components"]["messages"].as_object().unwrap();
    let frames = messages.iter().filter(|(name, _)| name.ends_with("Frame"));
    let validators = frames.map(|(_, message)| {
        let schema = json!({"$ref": message["payload"]["$ref"], "components": components});
        let validator = jsonschema::options().with_draft(Draft::Draft7).build(&schema).unwrap();
        (message["name"].as_str().unwrap().to_owned(), validator)
    });
    validators.collect()
}

/// Clients ignore fields that they do not know; a field that the document does not know is a mistake here.
fn forbid_more(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(forbid_more);
            // A field may be called `properties`, too, but then its schema is not a map of schemas.
            if object.get("type").is_some_and(|kind| kind == "object")
                && object.get("properties").is_some_and(Value::is_object)
            {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_more),
        _ => {}
    }
}
