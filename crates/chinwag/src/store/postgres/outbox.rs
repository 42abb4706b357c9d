//! How an application written in Rust leaves a message in its own transaction.

use chinwag_protocol::{ConversationId, UserId};
use tokio_postgres::{Error, Transaction};

/// Leaves a message, which exists if and only if the transaction commits.
pub(crate) async fn leave_in_outbox(
    transaction: &Transaction<'_>,
    conversation_id: ConversationId,
    sender_id: UserId,
    content: &str,
    key: &str,
) -> Result<(), Error> {
    const SEND: &str = "SELECT chinwag.send($1, $2, $3, $4)";
    transaction.execute(SEND, &[&conversation_id.0, &sender_id.0, &content, &key]).await?;
    Ok(())
}
