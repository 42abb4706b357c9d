//! The document that clients are generated from.

use serde_json::{Value, json};

use crate::harness::{TestServer, reply};

/// Every route that the document has to show.
const ROUTES: [(&str, &[&str]); 34] = [
    ("/auth/token", &["post"]),
    ("/auth/logout", &["post"]),
    ("/auth/refresh", &["post"]),
    ("/auth/ticket", &["post"]),
    ("/auth/sessions", &["get"]),
    ("/auth/sessions/{session_id}", &["delete"]),
    ("/setup", &["post"]),
    ("/users", &["get"]),
    ("/users/register", &["post"]),
    ("/users/me", &["get", "patch"]),
    ("/conversations", &["get", "post"]),
    ("/conversations/{conversation_id}", &["get", "patch"]),
    ("/conversations/{conversation_id}/participants", &["get", "post"]),
    ("/conversations/{conversation_id}/participants/{user_id}", &["delete", "patch"]),
    ("/conversations/{conversation_id}/messages", &["get", "post"]),
    ("/conversations/{conversation_id}/messages/{message_id}", &["delete", "get", "patch"]),
    ("/conversations/{conversation_id}/messages/{message_id}/reactions/{emoji}", &["delete", "put"]),
    ("/conversations/{conversation_id}/messages/{message_id}/pin", &["delete", "put"]),
    ("/conversations/{conversation_id}/pins", &["get"]),
    ("/conversations/{conversation_id}/read", &["post"]),
    ("/conversations/{conversation_id}/events", &["get"]),
    ("/conversations/{conversation_id}/notifications", &["put"]),
    ("/push/key", &["get"]),
    ("/push/subscriptions", &["get", "post"]),
    ("/push/subscriptions/{subscription_id}", &["delete"]),
    ("/webhooks", &["get", "post"]),
    ("/webhooks/{webhook_id}", &["delete", "get", "patch"]),
    ("/search", &["get"]),
    ("/files", &["post"]),
    ("/files/{file_id}", &["get"]),
    ("/files/{file_id}/thumbnails/{size}", &["get"]),
    ("/healthz", &["get"]),
    ("/readyz", &["get"]),
    ("/metrics", &["get"]),
];

#[tokio::test]
async fn the_document_is_3_1_and_shows_every_route() {
    let server = TestServer::demo().await;
    let answer = server.get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/json"));
    let document = answer.body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in ROUTES {
        let mut shown: Vec<_> = paths[path].as_object().unwrap().keys().map(String::as_str).collect();
        shown.sort_unstable();
        assert_eq!(shown, methods, "{path}");
    }
    assert_eq!(paths.len(), ROUTES.len(), "a new route belongs into this table");
}

#[tokio::test]
async fn authorize_signs_in_with_the_password_flow() {
    let server = TestServer::demo().await;
    let document = server.get("/openapi.json").await.body;
    let scheme = &document["components"]["securitySchemes"]["OAuth2PasswordBearer"];
    assert_eq!(scheme["type"], "oauth2");
    assert_eq!(scheme["flows"]["password"]["tokenUrl"], "auth/token");
    assert_eq!(document["security"], json!([{"OAuth2PasswordBearer": []}]));
    let is_open = |path: &str, method: &str| document["paths"][path][method]["security"] == json!([{}]);
    for (path, method) in
        [("/auth/token", "post"), ("/users/register", "post"), ("/healthz", "get"), ("/metrics", "get")]
    {
        assert!(
            is_open(path, method),
            "{path} needs no token: {}",
            document["paths"][path][method]["security"]
        );
    }
    assert!(!is_open("/users/me", "get"));
}

#[tokio::test]
async fn every_refusal_has_words_and_a_code() {
    let server = TestServer::demo().await;
    let document = server.get("/openapi.json").await.body;
    let mut refusals = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                let Some(schema) = response.pointer("/content/application~1json/schema/$ref") else {
                    panic!("{method} {path}: {status} has no body");
                };
                let schema = document.pointer(schema.as_str().unwrap().trim_start_matches('#')).unwrap();
                assert_eq!(schema["required"], json!(["detail", "code"]), "{method} {path}: {status}");
                refusals += 1;
            }
        }
    }
    assert!(refusals > 100, "{refusals}");
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let server = TestServer::demo().await;
    let document = server.get("/openapi.json").await.body;
    let text = document.to_string();
    let references: Vec<_> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(!references.is_empty());
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_files_of_the_page_are_compressed_for_who_accepts_that() {
    let server = TestServer::demo().await;
    for (file, content_type) in [("swagger-ui.css", "text/css"), ("swagger-ui-bundle.js", "text/javascript")]
    {
        let url = server.url(&format!("/docs/{file}"));
        let plain = server.http.get(url.clone()).send().await.unwrap();
        assert!(plain.headers()["content-type"].to_str().unwrap().starts_with(content_type), "{file}");
        assert!(!plain.headers().contains_key("content-encoding"), "{file}");
        let small = server.http.get(url).header("accept-encoding", "br, gzip").send().await.unwrap();
        assert_eq!(small.headers()["content-encoding"], "gzip", "{file}");
        assert_eq!(small.headers()["vary"], "accept-encoding", "{file}");
        let (plain, small) = (plain.bytes().await.unwrap(), small.bytes().await.unwrap());
        assert!(small.starts_with(&[0x1f, 0x8b]) && small.len() * 3 < plain.len(), "{file}");
    }
}

#[tokio::test]
async fn the_page_asks_nobody_else() {
    let server = TestServer::demo().await;
    let page = server.get("/docs").await;
    assert_eq!(page.status, 200);
    let html = page.body.as_str().unwrap().to_owned();
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "start.js"] {
        assert!(html.contains(&format!("docs/{file}")), "{file}");
        assert_eq!(server.get(&format!("/docs/{file}")).await.status, 200, "{file}");
    }
    assert!(!html.contains("//"), "nothing from elsewhere");
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[tokio::test]
async fn a_generator_finds_all_that_it_needs() {
    let server = TestServer::demo().await;
    let document = server.get("/openapi.json").await.body;
    assert_eq!(document["servers"], json!([{"url": "./"}]));
    let mut ids = std::collections::BTreeSet::new();
    for (name, operation) in operations(&document) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: an id twice");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{name} {status}");
        }
        let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        let is_change = !name.starts_with("get ");
        assert!(!is_change || statuses.iter().any(|status| *status == "429"), "{name}");
    }
    assert!(ids.contains("list_webhooks") && ids.contains("list_conversations"));
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(!document.to_string().contains("allOf"), "generators drop it");
    let event = &schemas["Event"];
    assert_eq!(event["discriminator"]["propertyName"], "type");
    for (kind, reference) in event["discriminator"]["mapping"].as_object().unwrap() {
        let variant = document.pointer(reference.as_str().unwrap().trim_start_matches('#')).unwrap();
        assert_eq!(variant["properties"]["type"]["enum"], json!([kind]));
        let required = variant["required"].as_array().unwrap();
        for field in ["type", "conversation_id", "seq", "stamp", "ts", "actor_id"] {
            assert!(required.contains(&json!(field)), "{kind}: {field}");
        }
    }
    assert_eq!(
        event["oneOf"].as_array().unwrap().len(),
        event["discriminator"]["mapping"].as_object().unwrap().len()
    );
}

#[tokio::test]
async fn bounds_that_are_shown_are_those_that_are_kept() {
    let server = TestServer::demo().await;
    let user = server.sign_in("testuser").await;
    let document = server.get("/openapi.json").await.body;
    let most = |schema: &str, field: &str, bound: &str| {
        let found = &document["components"]["schemas"][schema]["properties"][field][bound];
        usize::try_from(found.as_u64().unwrap_or_else(|| panic!("{schema}.{field}: {bound}"))).unwrap()
    };
    for (schema, field, method, path) in [
        ("NewConversation", "title", "POST", "/conversations"),
        ("UserChange", "first_name", "PATCH", "/users/me"),
        ("UserChange", "last_name", "PATCH", "/users/me"),
        ("EditMessage", "content", "PATCH", "/conversations/1/messages/1"),
        ("NewMessage", "content", "POST", "/conversations/1/messages"),
    ] {
        let length = most(schema, field, "maxLength");
        for (length, is_good) in [(length, true), (length + 1, false)] {
            let body = json!({field: "ü".repeat(length)});
            let answer = reply(user.request(method, path).json(&body)).await;
            assert_eq!(answer.status < 300, is_good, "{schema}.{field} {length}: {:?}", answer.body);
        }
    }
    let most_keys = most("NewMessage", "client_id", "maxLength");
    for (length, is_good) in [(most_keys, true), (most_keys + 1, false), (0, false)] {
        let answer = user.send(1, &json!({"content": "a", "client_id": "k".repeat(length)})).await;
        assert_eq!(answer.status < 300, is_good, "{length}: {:?}", answer.body);
    }
}
