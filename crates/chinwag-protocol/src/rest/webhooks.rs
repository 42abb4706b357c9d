//! Webhooks: addresses of other applications that receive events.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::ids::ConversationId;
use crate::time::CreatedAt;

/// A webhook to create.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewWebhook {
    /// The address that events are posted to: an https URL, or an http URL of a server that
    /// `--outbound-allow` names.
    #[schema(max_length = 2048)]
    pub url: String,
    /// Only events of this conversation; if absent, of all.
    pub conversation_id: Option<ConversationId>,
    /// Only events of these types, such as `message`; if absent, of all types.
    pub events: Option<Vec<String>>,
}

/// Changes of a webhook; an absent field stays. A failing webhook is then called at once.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct WebhookChange {
    /// False stops it; true resumes it where it stood.
    pub enabled: Option<bool>,
    /// The address that events are posted to from now on.
    #[schema(max_length = 2048)]
    pub url: Option<String>,
    /// Only events of these types from now on; null means all types.
    #[serde(default, deserialize_with = "given")]
    pub events: Option<Option<Vec<String>>>,
}

/// Distinguishes a null field from an absent one.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A webhook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Webhook {
    /// Unique on the server.
    pub id: i64,
    /// The address that events are posted to.
    pub url: String,
    /// Only events of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Only events of these types.
    pub events: Option<Vec<String>>,
    /// The present state.
    pub state: WebhookState,
    /// The position in commit order up to which it has passed the server's events.
    pub position: i64,
    /// The number of the server's events that it has not passed yet, whether it wants them or not.
    pub lag: i64,
    /// Since when every call has failed.
    pub failing_since: Option<CreatedAt>,
    /// The error of the last failed call.
    pub last_error: Option<String>,
    /// UTC.
    pub created_at: CreatedAt,
}

/// The state of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// Its last call succeeded, or there was none yet.
    Active,
    /// Its last call failed; it will be retried.
    Failing,
    /// It is not called until somebody enables it.
    Disabled,
}

/// A webhook that was just created.
#[derive(Clone, Serialize, ToSchema)]
pub struct MadeWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// The secret that signs its calls. Shown only once.
    pub secret: String,
}
