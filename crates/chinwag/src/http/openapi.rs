//! The OpenAPI document at `/openapi.json`, made from the table of routes, with the parts that all routes
//! share. Client generators read it, so it keeps to what all of them understand: objects without `allOf`, a
//! name for each alternative, a description for each answer.

use chinwag_protocol::limits;
use serde_json::{Map, Value, json};
use utoipa::openapi::security::{Flow, OAuth2, Password, Scopes, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, Paths, Server};
use utoipa_axum::router::UtoipaMethodRouter;

use super::Shared;
use super::routes::table;

type Object = Map<String, Value>;

/// The OpenAPI document of all routes, as served at `/openapi.json`.
#[must_use]
pub fn openapi_document() -> String {
    document(table())
}

pub(super) fn document(table: Vec<UtoipaMethodRouter<Shared>>) -> String {
    let mut openapi = empty();
    for (schemas, paths, _) in table {
        openapi.paths.paths.extend(paths.paths);
        if let Some(components) = &mut openapi.components {
            components.schemas.extend(schemas);
        }
    }
    let mut document = serde_json::to_value(&openapi).unwrap_or_default();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, operations) in paths {
            for (method, operation) in operations.as_object_mut().into_iter().flatten() {
                complete(path, method, operation);
            }
        }
    }
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        name_events(schemas);
        let known = schemas.clone();
        schemas.values_mut().for_each(|schema| flatten(schema, &known));
        bound(schemas);
    }
    document.to_string()
}

fn empty() -> OpenApi {
    let scheme =
        SecurityScheme::OAuth2(OAuth2::new([Flow::Password(Password::new("auth/token", Scopes::new()))]));
    let mut components = Components::new();
    components.add_security_scheme("OAuth2PasswordBearer", scheme);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("chinwag")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Real-time messaging. Live frames come over WebSocket: [try the sockets](docs/ws), or read \
                     [their description](asyncapi.json).",
                ))
                .license(Some(utoipa::openapi::License::new("MIT OR Apache-2.0")))
                .build(),
        )
        // Relative to the document itself, so that it is right below any path.
        .servers(Some([Server::new("./")]))
        .paths(Paths::new())
        .components(Some(components))
        .security(Some([SecurityRequirement::new("OAuth2PasswordBearer", Vec::<String>::new())]))
        .build()
}

/// Adds the refusals that follow from a route's inputs, and a description to each answer without one.
fn complete(path: &str, method: &str, operation: &mut Value) {
    let is_open = operation.get("security").is_some();
    let has_body = operation.get("requestBody").is_some();
    let parameters = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let has_key = parameters.iter().any(|parameter| parameter.get("name") == Some(&"Idempotency-Key".into()));
    let is_change = method != "get";
    let names_something = path.contains('{');
    let is_for_participants = path.starts_with("/conversations/{");
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        bound_parameter(parameter);
    }
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let common = [
        ("401", "Detail", !is_open),
        ("403", "Detail", is_for_participants),
        ("404", "Detail", names_something),
        ("408", "Detail", has_body),
        ("409", "Detail", has_key),
        ("413", "Detail", has_body),
        ("422", "ValidationDetail", has_body || !parameters.is_empty()),
        ("429", "Detail", is_change),
        ("503", "Detail", !is_open || is_change),
    ];
    for (status, schema, _) in common.into_iter().filter(|(_, _, is_common)| *is_common) {
        let schema = format!("#/components/schemas/{schema}");
        let refusal = json!({"content": {"application/json": {"schema": {"$ref": schema}}}});
        responses.entry(status).or_insert(refusal);
    }
    for (status, response) in responses {
        let Some(response) = response.as_object_mut() else { continue };
        response.entry("description").or_insert_with(|| sentence(status).into());
        if matches!(status.as_str(), "429" | "503") {
            let seconds =
                json!({"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}});
            response.entry("headers").or_insert(json!({"Retry-After": seconds}));
        }
        // A file's bytes, whatever its type.
        if let Some(content) = response.get_mut("content").and_then(Value::as_object_mut)
            && content.contains_key("*/*")
        {
            let bytes = json!({"schema": {"type": "string", "format": "binary"}});
            // Generators recognise bytes by this type; the file's actual type may differ.
            content.insert("application/octet-stream".to_owned(), bytes.clone());
            content.insert("*/*".to_owned(), bytes);
        }
    }
}

fn sentence(status: &str) -> &'static str {
    match status {
        "200" => "The result",
        "201" => "Created",
        "206" => "The requested part",
        "400" => "The request is invalid as a whole",
        "401" => "No valid token",
        "403" => "Not a participant, or not allowed",
        "404" => "Not found",
        "408" => "The body did not arrive in time",
        "409" => "The key was used for something else",
        "413" => "The body is too large",
        "416" => "The file ends before that part",
        "422" => "A field, parameter or header is invalid",
        "429" => "Too many; try again after some seconds",
        "503" => "Not available now; try again",
        _ => "See the status",
    }
}

/// Names each kind of event, and the field that tells them apart.
fn name_events(schemas: &mut Object) {
    let Some(Value::Array(variants)) = schemas.get_mut("Event").and_then(|event| event.get_mut("oneOf"))
    else {
        return;
    };
    let variants = std::mem::take(variants);
    let (mut references, mut mapping) = (Vec::new(), Object::new());
    for variant in variants {
        let Some(kind) = kind_of(&variant) else { continue };
        let words = kind.split('_').map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            format!("{}{rest}", first.to_uppercase())
        });
        let name = format!("{}Event", words.collect::<String>());
        let reference = format!("#/components/schemas/{name}");
        references.push(json!({"$ref": reference}));
        mapping.insert(kind, reference.into());
        schemas.insert(name, variant);
    }
    let event = json!({
        "description": "One durable entry of a conversation's log. More types may be added: skip those that you do not know.",
        "oneOf": references,
        "discriminator": {"propertyName": "type", "mapping": mapping},
    });
    schemas.insert("Event".to_owned(), event);
}

fn kind_of(variant: &Value) -> Option<String> {
    let parts = variant.get("allOf")?.as_array()?;
    parts.iter().find_map(|part| Some(part.pointer("/properties/type/enum/0")?.as_str()?.to_owned()))
}

/// Merges the parts of an `allOf` into one object.
fn flatten(schema: &mut Value, known: &Object) {
    let Some(parts) = schema.get("allOf").and_then(Value::as_array) else { return };
    let (mut properties, mut required) = (Object::new(), Vec::new());
    for part in parts {
        let name = part.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        let mut part = name.and_then(|name| known.get(name)).unwrap_or(part).clone();
        flatten(&mut part, known);
        if let Some(Value::Object(more)) = part.get_mut("properties").map(Value::take) {
            properties.extend(more);
        }
        if let Some(Value::Array(more)) = part.get_mut("required").map(Value::take) {
            required.extend(more);
        }
    }
    let mut whole = json!({"type": "object", "required": required, "properties": properties});
    if let (Some(description), Some(whole)) = (schema.get("description"), whole.as_object_mut()) {
        whole.insert("description".to_owned(), description.clone());
    }
    *schema = whole;
}

/// Adds the server's bounds, from the constants that enforce them. Only those that JSON Schema can express:
/// it counts characters, not bytes, so a bound in bytes becomes the number of characters that no valid text
/// can exceed.
fn bound(schemas: &mut Object) {
    let bytes = limits::PASSWORD_BYTES;
    let password = json!({"minLength": bytes.start().div_ceil(4), "maxLength": bytes.end()});
    let name = json!({"maxLength": limits::MAX_NAME_CHARS});
    let title = json!({"minLength": 1, "maxLength": limits::MAX_NAME_CHARS});
    let topic = json!({"maxLength": limits::MAX_TOPIC_CHARS});
    let content = json!({"maxLength": limits::MAX_CONTENT_CHARS});
    let hash = json!({"pattern": "^[0-9a-f]{64}$"});
    for (schema, property, bounds) in [
        ("Register", "username", &title),
        ("Register", "first_name", &name),
        ("Register", "last_name", &name),
        ("Register", "password", &password),
        ("Setup", "username", &title),
        ("Setup", "first_name", &name),
        ("Setup", "last_name", &name),
        ("Setup", "password", &password),
        ("UserChange", "first_name", &name),
        ("UserChange", "last_name", &name),
        ("UserChange", "password", &password),
        ("NewConversation", "title", &title),
        ("NewConversation", "participant_ids", &json!({"maxItems": limits::MAX_PARTICIPANTS})),
        ("ConversationChange", "title", &title),
        ("ConversationChange", "topic", &topic),
        ("NewMessage", "content", &content),
        ("NewMessage", "client_id", &key_bounds()),
        ("NewMessage", "attachments", &json!({"maxItems": limits::MAX_ATTACHMENTS})),
        ("EditMessage", "content", &content),
        ("EditMessage", "content", &json!({"minLength": 1})),
        ("UploadedFile", "sha256", &hash),
    ] {
        let path = format!("/{schema}/properties/{property}");
        let mut whole = Value::Object(std::mem::take(schemas));
        if let (Some(Value::Object(property)), Some(bounds)) = (whole.pointer_mut(&path), bounds.as_object())
        {
            property.extend(bounds.clone());
        }
        if let Value::Object(whole) = whole {
            *schemas = whole;
        }
    }
}

fn key_bounds() -> Value {
    json!({"minLength": 1, "maxLength": limits::MAX_CLIENT_ID_BYTES})
}

fn bound_parameter(parameter: &mut Value) {
    let bounds = match parameter.get("name").and_then(Value::as_str) {
        Some("Idempotency-Key") => key_bounds(),
        Some("q") => json!({"minLength": 1, "maxLength": limits::MAX_SEARCH_CHARS}),
        Some("size") => json!({"enum": limits::THUMBNAIL_SIZES}),
        Some("conversation_id" | "message_id" | "user_id" | "file_id" | "subscription_id" | "webhook_id") => {
            json!({"minimum": 1})
        }
        Some("before" | "after" | "before_id") => json!({"minimum": 0}),
        _ => return,
    };
    let Some(Value::Object(schema)) = parameter.get_mut("schema") else { return };
    // `after` is a seq in one route, and a cursor in another.
    let is_number = schema.get("type").is_some_and(|kind| kind.to_string().contains("integer"));
    if let Some(bounds) = bounds.as_object().filter(|bounds| is_number || !bounds.contains_key("minimum")) {
        schema.extend(bounds.clone());
    }
}
