//! Forged tokens of every kind.

// A failed expectation is the point of a test.
#![allow(clippy::unwrap_used)]

use base64::Engine as _;
use serde_json::json;

use super::*;

const OWN: &[u8] = b"0123456789abcdef0123456789abcdef";
const SHARED: &[u8] = b"the host's secret, 32 bytes or more";

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(bytes).unwrap()
}

fn alone() -> Tokens {
    Tokens::new(&secret(OWN), &Auth::default())
}

fn beside_a_host() -> Tokens {
    Tokens::new(&secret(OWN), &Auth { shared_secret: Some(secret(SHARED)), ..Auth::default() })
}

fn strict() -> Tokens {
    let auth = Auth {
        shared_secret: Some(secret(SHARED)),
        audience: Some("chat".to_owned()),
        issuer: Some("https://host".to_owned()),
        ..Auth::default()
    };
    Tokens::new(&secret(OWN), &auth)
}

/// Signs any header and claims, as an attacker or another application with the secret could.
fn forge(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let encode = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let key = EncodingKey::from_secret(secret);
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

fn hs256() -> Value {
    json!({"alg": "HS256", "typ": "JWT"})
}

fn own_header() -> Value {
    json!({"alg": "HS256", "typ": OWN_TYPE})
}

/// The claims with some changed, or left out if `null`.
fn with(claims: &Value, changes: &Value) -> Value {
    let mut claims = claims.as_object().unwrap().clone();
    claims.extend(changes.as_object().unwrap().clone());
    claims.retain(|_, value| !value.is_null());
    Value::Object(claims)
}

fn holder(subject: &str, session: Option<&str>) -> Holder {
    Holder::Subject { subject: subject.to_owned(), session: session.map(str::to_owned) }
}

#[test]
fn what_is_signed_here_is_accepted_here_and_by_no_host() {
    let now = Timestamp::now();
    for tokens in [alone(), beside_a_host(), strict()] {
        let token = tokens.sign("alice", "s1", now, Timestamp(now.0 + 60_000)).unwrap();
        let claims = tokens.verify(&token).unwrap();
        assert_eq!(claims.holder, Holder::Session("s1".to_owned()));
        assert_eq!(claims.expires_at.0, (now.0 + 60_000) / 1000 * 1000);
        let host = Validation::new(Algorithm::HS256);
        let taken = jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_secret(SHARED), &host);
        assert_eq!(*taken.unwrap_err().kind(), ErrorKind::InvalidSignature);
    }
}

#[test]
fn a_token_of_the_host_needs_a_shared_secret_and_its_sid_is_its_own() {
    let claims = json!({"sub": "alice", "exp": seconds_now() + 60.0});
    for (sid, session) in
        [(Value::Null, None), (json!("theirs"), Some("theirs")), (json!(7), None), (json!({}), None)]
    {
        let token = forge(&hs256(), &with(&claims, &json!({"sid": sid})), SHARED);
        assert_eq!(beside_a_host().verify(&token).unwrap().holder, holder("alice", session));
        assert_eq!(alone().verify(&token), Err(Flaw::OwnSignature));
    }
}

#[test]
fn neither_kind_passes_for_the_other_even_under_the_same_key() {
    let now = Timestamp::now();
    let same = Auth { shared_secret: Some(secret(OWN)), ..Auth::default() };
    let tokens = Tokens::new(&secret(OWN), &same);
    let own = tokens.sign("alice", "s1", now, Timestamp(now.0 + 60_000)).unwrap();
    assert_eq!(tokens.verify(&own).unwrap().holder, Holder::Session("s1".to_owned()));
    let base = json!({"sub": "alice", "exp": seconds_now() + 60.0, "sid": "s1"});
    let ours = json!({"iss": OWN_ISSUER});
    for (header, claims, expected) in [
        (hs256(), with(&base, &ours), Err(Flaw::Pretence)),
        (hs256(), with(&base, &json!({"iss": [OWN_ISSUER, "x"]})), Err(Flaw::Pretence)),
        (own_header(), base.clone(), Err(Flaw::NoSession)),
        (json!({"alg": "HS256", "typ": "application/CHINWAG+JWT"}), base.clone(), Err(Flaw::NoSession)),
        (own_header(), with(&base, &json!({"iss": OWN_ISSUER, "sid": null})), Err(Flaw::NoSession)),
        (hs256(), base.clone(), Ok(holder("alice", Some("s1")))),
    ] {
        let found = tokens.verify(&forge(&header, &claims, OWN)).map(|claims| claims.holder);
        assert_eq!(found, expected, "{header} {claims}");
    }
    let as_ours = forge(&own_header(), &with(&base, &ours), SHARED);
    assert_eq!(beside_a_host().verify(&as_ours), Err(Flaw::OwnSignature));
}

#[test]
fn tokens_of_before_are_good_only_where_no_secret_is_shared() {
    let of_old = json!({"sub": "alice", "iat": seconds_now(), "exp": seconds_now() + 60.0, "sid": "s1"});
    let token = forge(&hs256(), &of_old, OWN);
    assert_eq!(alone().verify(&token).unwrap().holder, Holder::Session("s1".to_owned()));
    assert_eq!(beside_a_host().verify(&token), Err(Flaw::ForeignSignature));
    let without_session = forge(&hs256(), &with(&of_old, &json!({"sid": null})), OWN);
    assert_eq!(alone().verify(&without_session), Err(Flaw::NoSession));
}

#[test]
fn every_bad_token_is_refused_for_its_reason() {
    let now = seconds_now();
    let good = json!({"sub": "alice", "exp": now + 60.0, "sid": "s1"});
    let tokens = beside_a_host();
    let with = |changes: Value| with(&good, &changes);
    assert!(tokens.verify(&forge(&hs256(), &good, SHARED)).is_ok(), "the base of this table is good");
    let algorithm = |name: &str| json!({"alg": name});
    for (flaw, header, claims) in [
        (Flaw::Algorithm("none"), algorithm("none"), good.clone()),
        (Flaw::Algorithm("HS512"), algorithm("HS512"), good.clone()),
        (Flaw::Algorithm("RS256"), algorithm("RS256"), good.clone()),
        (Flaw::Algorithm("an unknown one"), algorithm("hunter2"), good.clone()),
        (Flaw::Critical, json!({"alg": "HS256", "crit": ["exp"]}), good.clone()),
        (Flaw::Expired, hs256(), with(json!({"exp": now - 31.0}))),
        (Flaw::Missing("exp"), hs256(), with(json!({"exp": null}))),
        (Flaw::Claims, hs256(), with(json!({"exp": "tomorrow"}))),
        (Flaw::Missing("sub"), hs256(), with(json!({"sub": null}))),
        (Flaw::Subject, hs256(), with(json!({"sub": ""}))),
        (Flaw::Subject, hs256(), with(json!({"sub": "a\u{0}b"}))),
        (Flaw::Subject, hs256(), with(json!({"sub": "x".repeat(256)}))),
        (Flaw::Missing("sub"), hs256(), with(json!({"sub": 1.5}))),
        (Flaw::Claims, hs256(), with(json!({"sub": ["alice"]}))),
        (Flaw::Early, hs256(), with(json!({"nbf": now + 300.0}))),
        (Flaw::Missing("nbf"), hs256(), with(json!({"nbf": "now"}))),
        (Flaw::FromFuture, hs256(), with(json!({"iat": now + 300.0}))),
    ] {
        assert_eq!(tokens.verify(&forge(&header, &claims, SHARED)), Err(flaw), "{header} {claims}");
    }
    let other = forge(&hs256(), &good, b"another secret, 32 bytes or more.");
    assert_eq!(tokens.verify(&other), Err(Flaw::ForeignSignature));
    let token = forge(&hs256(), &good, SHARED);
    let cut = &token[..token.len() - 2];
    for text in ["", "x", "a.b.c", "..", cut, &format!("{token}.x"), &"x".repeat(5000)] {
        assert!(tokens.verify(text).is_err(), "{text}");
    }
}

#[test]
fn a_subject_is_a_text_or_a_whole_number() {
    for (sub, subject) in [
        (json!("alice"), "alice"),
        (json!(7), "7"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(-1), "-1"),
        (json!("auth0|5f7c"), "auth0|5f7c"),
    ] {
        let token = forge(&hs256(), &json!({"sub": sub, "exp": seconds_now() + 60.0}), SHARED);
        assert_eq!(beside_a_host().verify(&token).unwrap().holder, holder(subject, None));
    }
}

#[test]
fn audience_and_issuer_are_required_once_they_are_set() {
    let good = json!({"sub": "alice", "exp": seconds_now() + 60.0, "aud": "chat", "iss": "https://host"});
    for (changes, expected) in [
        (json!({}), Ok(())),
        (json!({"aud": ["mail", "chat"]}), Ok(())),
        (json!({"aud": null}), Err(Flaw::Missing("aud"))),
        (json!({"aud": 5}), Err(Flaw::Missing("aud"))),
        (json!({"aud": []}), Err(Flaw::Audience)),
        (json!({"aud": "password reset"}), Err(Flaw::Audience)),
        (json!({"aud": ["mail"]}), Err(Flaw::Audience)),
        (json!({"iss": null}), Err(Flaw::Missing("iss"))),
        (json!({"iss": "https://other"}), Err(Flaw::Issuer)),
        (json!({"iss": ["https://host"]}), Err(Flaw::Issuer)),
    ] {
        let token = forge(&hs256(), &with(&good, &changes), SHARED);
        assert_eq!(strict().verify(&token).map(drop), expected, "{changes}");
    }
}

#[test]
fn clocks_may_differ_by_half_a_minute() {
    let token = forge(&hs256(), &json!({"sub": "alice", "exp": seconds_now() - 20.0}), SHARED);
    assert!(beside_a_host().verify(&token).is_ok());
}
