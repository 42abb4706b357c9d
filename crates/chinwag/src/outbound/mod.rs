//! Calls to other servers: push services and webhooks. Which addresses may be called ([`target`]), how
//! ([`client`]), and what goes into a call: encrypted payloads ([`web_push`]), proof of the sender
//! ([`vapid`], [`signature`]).
//!
//! This module knows no conversations and no database. Nothing outside this folder opens a connection.

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
