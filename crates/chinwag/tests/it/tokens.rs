//! Tokens of another application, and invalid ones.

use chinwag::Config;
use serde_json::{Value, json};

use crate::harness::{SECRET, TestServer, foreign_token, now, open, reply, sign};

#[tokio::test]
async fn a_token_of_the_other_application_is_its_user() {
    let server = TestServer::provisioning().await;
    let anna = server.person("Anna").await;
    let me = anna.get("/users/me").await.body;
    assert_eq!((&me["username"], &me["email"]), (&json!("Anna"), &Value::Null));
    let conversation = anna.group("Alone", &[]).await;
    anna.enter(conversation).await;
    assert_eq!(anna.post("/auth/logout", &Value::Null).await.status, 400, "only the other one can");
}

#[tokio::test]
async fn without_provisioning_an_unknown_user_stays_outside() {
    let server = TestServer::provisioning_with(|config| config.auth.provision = false).await;
    let token = foreign_token("stranger");
    let refused = reply(server.http.get(server.url("/users/me")).bearer_auth(&token)).await;
    assert_eq!(refused.status, 401);
    let path = format!("/conversations/1/ws?token={token}");
    assert_eq!(open(server.address, &path).await.refused_with().await, 4000);
}

#[tokio::test]
async fn a_user_is_provisioned_once_even_if_twenty_requests_come_at_once() {
    let server = TestServer::provisioning().await;
    let token = foreign_token("popular");
    let requests: Vec<_> = (0..20)
        .map(|_| tokio::spawn(reply(server.http.get(server.url("/users/me")).bearer_auth(&token))))
        .collect();
    let mut ids = Vec::new();
    for request in requests {
        let answer = request.await.unwrap();
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        ids.push(answer.body["id"].as_i64().unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let users = server.beside(|accounts| accounts.list().unwrap().len()).await;
    assert_eq!(users, 1);
}

#[tokio::test]
async fn subjects_that_only_look_alike_are_different_people() {
    let server = TestServer::provisioning().await;
    let mut ids = vec![server.person("anna").await.id];
    for subject in ["ANNA", "an na", "an-na"] {
        ids.push(server.person(subject).await.id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 4, "{ids:?}");
    for subject in ["", "line\nbreak", &"x".repeat(256)] {
        let token = foreign_token(subject);
        let refused = reply(server.http.get(server.url("/users/me")).bearer_auth(token)).await;
        assert_eq!(refused.status, 401, "{subject:?}");
    }
}

#[tokio::test]
async fn every_bad_token_is_told_by_4001() {
    let server = TestServer::provisioning().await;
    let good = json!({"sub": "anna", "iat": now(), "exp": now() + 3600});
    let with = |field: &str, value: Value| {
        let mut claims = good.clone();
        claims[field] = value;
        sign(&claims, SECRET)
    };
    let cut = foreign_token("anna");
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", cut.split('.').nth(1).unwrap());
    for (why, token) in [
        ("none", String::new()),
        ("no token", "hello".to_owned()),
        ("cut", cut[..cut.len() - 3].to_owned()),
        ("unsigned", unsigned),
        ("other secret", sign(&good, b"somebody else's secret, also long enough")),
        ("expired", with("exp", json!(now() - 60))),
        ("not yet", with("nbf", json!(now() + 600))),
        ("sub is a list", with("sub", json!(["anna"]))),
        ("exp is text", with("exp", json!("never"))),
    ] {
        let path = format!("/conversations/1/ws?token={token}");
        assert_eq!(open(server.address, &path).await.refused_with().await, 4001, "{why}");
        let refused = reply(server.http.get(server.url("/users/me")).bearer_auth(&token)).await;
        assert_eq!(refused.status, 401, "{why}");
        assert_eq!(refused.header("www-authenticate"), "Bearer", "{why}");
    }
    assert_eq!(open(server.address, "/conversations/1/ws").await.refused_with().await, 4001);
}

#[tokio::test]
async fn a_token_is_only_taken_as_bearer() {
    let server = TestServer::provisioning().await;
    let token = foreign_token("anna");
    for (header, status) in [
        (format!("bearer {token}"), 200),
        (format!("BEARER {token}"), 200),
        (format!("Basic {token}"), 401),
        (token.clone(), 401),
        ("Bearer".to_owned(), 401),
        ("Bearer ".to_owned(), 401),
    ] {
        let request = server.http.get(server.url("/users/me")).header("authorization", &header);
        assert_eq!(reply(request).await.status, status, "{header}");
    }
    let in_query = server.get(&format!("/users/me?token={token}")).await;
    assert_eq!(in_query.status, 401, "tokens in query strings end up in logs");
}

#[tokio::test]
async fn provisioning_needs_a_secret_to_trust() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
    config.auth.provision = true;
    let error = chinwag::Server::builder(config).build().await.err().unwrap();
    assert!(error.to_string().contains("auth.provision"), "{error}");
}
