//! JSON Schemas of frames and commands, derived from the types: one flat object for each `type`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

const PREFIX: &str = "#/components/schemas/";

/// Schemas by name, as under `components`.
pub(super) type Schemas = BTreeMap<String, Value>;

/// The variants of a tagged enum: each `type` with its schema, and the schemas that those refer to.
pub(super) fn variants<T: ToSchema>() -> (Vec<(String, Value)>, Schemas) {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let named: Schemas = named.into_iter().map(|(name, schema)| (name, to_json(&schema))).collect();
    let whole = to_json(&T::schema());
    let variants = whole.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let variants = variants.filter_map(|variant| {
        let flat = flatten(variant, &named);
        let kind = flat.pointer("/properties/type/enum/0")?.as_str()?.to_owned();
        Some((kind, flat))
    });
    (variants.collect(), named)
}

fn to_json(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// The name of a schema: `message_edited` and `Frame` become `MessageEditedFrame`.
pub(super) fn name(kind: &str, suffix: &str) -> String {
    let mut name = String::new();
    for word in kind.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name + suffix
}

/// Merges an `allOf` of objects into one object, so that it can be read in one place.
pub(super) fn flatten(schema: &Value, named: &Schemas) -> Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix(PREFIX));
    if let Some(target) = target.and_then(|name| named.get(name)) {
        return flatten(target, named);
    }
    let Some(parts) = schema.get("allOf").and_then(Value::as_array) else { return schema.clone() };
    let mut properties = Map::new();
    let mut required = Vec::new();
    for part in parts.iter().map(|part| flatten(part, named)) {
        properties.extend(part.get("properties").and_then(Value::as_object).cloned().unwrap_or_default());
        required.extend(part.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    let description = schema.get("description").cloned().unwrap_or_default();
    json!({"type": "object", "description": description, "required": required, "properties": properties})
}

/// Rewrites what JSON Schema draft 7 reads differently: it ignores everything beside a `$ref`.
pub(super) fn to_draft_7(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(to_draft_7);
            if object.len() > 1
                && let Some(reference) = object.remove("$ref")
            {
                object.insert("allOf".to_owned(), json!([{"$ref": reference}]));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(to_draft_7),
        _ => {}
    }
}

/// Drops the schemas that these do not lead to.
pub(super) fn keep_reachable(schemas: &mut Schemas, roots: &BTreeSet<String>) {
    let mut reached = BTreeSet::new();
    let mut next: Vec<String> = roots.iter().cloned().collect();
    while let Some(name) = next.pop() {
        if reached.insert(name.clone())
            && let Some(schema) = schemas.get(&name)
        {
            references(schema, &mut next);
        }
    }
    schemas.retain(|name, _| reached.contains(name));
}

fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            found.extend(reference.and_then(|path| path.strip_prefix(PREFIX)).map(str::to_owned));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
