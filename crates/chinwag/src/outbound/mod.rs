//! Calls to servers of others: push services and webhooks. Which addresses may be called ([`target`]), how
//! ([`client`]), and what is put into a call: encrypted payloads ([`web_push`]), proof of who sends
//! ([`vapid`], [`signature`]).
//!
//! Knows no conversations and no database. Nothing outside of this folder opens a connection.

mod client;
mod signature;
mod target;
mod vapid;
mod web_push;

pub(crate) use client::{Answer, CallError, Client};
pub(crate) use signature::{WebhookSecret, sign};
pub(crate) use target::{Policy, Target};
pub(crate) use vapid::Vapid;
pub(crate) use web_push::{DeviceKeys, MAX_PLAINTEXT, encrypt};
