//! One user with a token, over REST.

use std::net::SocketAddr;

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Room, TestServer, open, soon};

#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) token: String,
    pub(crate) address: SocketAddr,
    http: reqwest::Client,
}

/// An answer, read whole. The body is `Null` if there is none, a string if it is no JSON.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    /// A header as text, empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn reply(request: RequestBuilder) -> Reply {
    let response = soon("an answer", request.send()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = soon("the body", response.text()).await.unwrap();
    let body = match serde_json::from_str(&text) {
        Ok(body) => body,
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => Value::String(text),
    };
    // Checked for every refusal in every test.
    assert!(status < 400 || body.get("detail").is_none() || body["code"].is_string(), "{status}: {body}");
    Reply { status, headers, body }
}

impl Person {
    pub(super) fn new(server: &TestServer, id: i64, token: &str) -> Self {
        Self { id, token: token.to_owned(), address: server.address, http: server.http.clone() }
    }

    /// The same person with the same token on another node.
    pub(crate) fn on(&self, node: &TestServer) -> Self {
        Self { address: node.address, ..self.clone() }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        reply(self.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        reply(self.request("POST", path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        reply(self.request("DELETE", path)).await
    }

    /// Makes a group with these others.
    pub(crate) async fn group(&self, title: &str, others: &[&Person]) -> i64 {
        let ids: Vec<i64> = others.iter().map(|person| person.id).collect();
        let made = self.post("/conversations/", &json!({"title": title, "participant_ids": ids})).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        made.body["id"].as_i64().unwrap()
    }

    /// Sends over REST; gives the message.
    pub(crate) async fn say(&self, conversation: i64, content: &str) -> Value {
        let sent = self.send(conversation, &json!({"content": content})).await;
        assert_eq!(sent.status, 201, "{:?}", sent.body);
        sent.body
    }

    pub(crate) async fn send(&self, conversation: i64, body: &Value) -> Reply {
        self.post(&format!("/conversations/{conversation}/messages"), body).await
    }

    /// The whole history, or the part that the query asks for.
    pub(crate) async fn history(&self, conversation: i64, query: &str) -> Vec<Value> {
        let history = self.get(&format!("/conversations/{conversation}/messages{query}")).await;
        assert_eq!(history.status, 200, "{:?}", history.body);
        history.body.as_array().unwrap().clone()
    }

    pub(crate) fn room_path(&self, conversation: impl std::fmt::Display) -> String {
        format!("/conversations/{conversation}/ws?token={}", self.token)
    }

    /// Opens a socket, whatever becomes of it.
    pub(crate) async fn knock(&self, conversation: impl std::fmt::Display) -> Room {
        open(self.address, &self.room_path(conversation)).await
    }

    /// Opens a socket and is let in.
    pub(crate) async fn enter(&self, conversation: i64) -> Room {
        let mut room = self.knock(conversation).await;
        let first = room.frame().await;
        assert_eq!(first["type"], "connection", "{first}");
        room
    }
}
