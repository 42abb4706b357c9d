//! Webhooks: addresses of other applications that are told of events.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::ids::ConversationId;
use crate::time::CreatedAt;

/// A webhook to be.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewWebhook {
    /// Where events are posted to: an https URL, or an http one of a server that `--outbound-allow` names.
    #[schema(max_length = 2048)]
    pub url: String,
    /// Only events of this conversation; absent: of all.
    pub conversation_id: Option<ConversationId>,
    /// Only events of these types, such as `message`; absent: of all types.
    pub events: Option<Vec<String>>,
}

/// What to change about a webhook; what is absent stays. A change has it called at once, if it was failing.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct WebhookChange {
    /// False stops it; true lets it go on where it stood.
    pub enabled: Option<bool>,
    /// Where events are posted to from now on.
    #[schema(max_length = 2048)]
    pub url: Option<String>,
    /// Only events of these types from now on; null: of all types.
    #[serde(default, deserialize_with = "given")]
    pub events: Option<Option<Vec<String>>>,
}

/// Tells a field that is null from one that is absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A webhook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Webhook {
    /// Unique on the server.
    pub id: i64,
    /// Where events are posted to.
    pub url: String,
    /// Only events of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Only events of these types.
    pub events: Option<Vec<String>>,
    /// How it goes.
    pub state: WebhookState,
    /// Events of the server that it has passed, in the order of their commits.
    pub position: i64,
    /// Events of the server that lie before it, whether it wants them or not.
    pub lag: i64,
    /// Since when every try failed.
    pub failing_since: Option<CreatedAt>,
    /// What the last failed try came to.
    pub last_error: Option<String>,
    /// UTC.
    pub created_at: CreatedAt,
}

/// How a webhook goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// Its last call succeeded, or there was none yet.
    Active,
    /// Its last call failed; it is tried again.
    Failing,
    /// It is not called until somebody enables it.
    Disabled,
}

/// A webhook that was just made.
#[derive(Clone, Serialize, ToSchema)]
pub struct MadeWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// What its calls are signed with. Shown this once.
    pub secret: String,
}
