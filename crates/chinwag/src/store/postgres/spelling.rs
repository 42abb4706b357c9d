//! How PostgreSQL says what the engines do not agree on.

use super::super::spelling::Spelling;

/// The pairs of numbers in parameter `?1`, a JSON list of them, as `listed` with the columns `one` and `other`.
pub(in crate::store) const PAIRS: &str = "(SELECT CAST(value ->> 0 AS BIGINT) AS one, CAST(value ->> 1 AS BIGINT) AS other \
     FROM json_array_elements(CAST(?1 AS JSON)) AS given (value)) AS listed";

/// Asks which of the client ids in parameter `?1`, a JSON list of senders and client ids, have a message.
pub(in crate::store) const USED_CLIENT_IDS: &str = "SELECT actor_id, client_id FROM json_array_elements(CAST(?1 AS JSON)) AS listed (value) \
     JOIN events ON client_id = value ->> 1 AND actor_id = CAST(value ->> 0 AS BIGINT)";

pub(in crate::store) const SPELLING: Spelling = Spelling {
    listed: "(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(?1 AS JSON)) AS listed (value))",
    listed_texts: "(SELECT value FROM json_array_elements_text(CAST(?1 AS JSON)) AS listed (value))",
    stays: "(SELECT place - 1 AS place, CAST(value ->> 0 AS BIGINT) AS user_id, value ->> 1 AS session_id \
             FROM json_array_elements(CAST(?1 AS JSON)) WITH ORDINALITY AS listed (value, place))",
    cursors: "(SELECT CAST(value ->> 0 AS BIGINT) AS conversation_id, CAST(value ->> 1 AS BIGINT) AS seq \
               FROM json_array_elements(CAST(?1 AS JSON)) AS listed (value)) AS wanted \
              JOIN participants AS own ON own.conversation_id = wanted.conversation_id AND own.user_id = ?2",
    // Each stretch is read by the index, in its order; the rows are asked for a few at a time.
    missed: "json_array_elements(CAST(?1 AS JSON)) WITH ORDINALITY AS wanted (value, place) \
             CROSS JOIN LATERAL (SELECT * FROM events AS found \
                 WHERE found.conversation_id = CAST(wanted.value ->> 0 AS BIGINT) \
                   AND found.seq > CAST(wanted.value ->> 1 AS BIGINT) \
                   AND found.seq <= CAST(wanted.value ->> 2 AS BIGINT)) AS events \
             JOIN users ON users.id = events.actor_id ORDER BY wanted.place, events.seq",
    is_named: "NOT EXISTS (SELECT 1 FROM json_array_elements_text(CAST(?1 AS JSON)) AS listed (word) \
               WHERE strpos(users.name_key, ' ' || word) = 0)",
    delete_text: "DELETE FROM message_text WHERE id = ?1",
    insert_text: "INSERT INTO message_text (id, content) VALUES (?1, ?2)",
    matching,
};

/// The index of trigrams finds candidates for each pattern.
fn matching(terms: &[&String], first: usize) -> (String, Vec<String>) {
    let conditions: Vec<String> =
        (first..).take(terms.len()).map(|number| format!("content LIKE ?{number}")).collect();
    let condition = format!("events.id IN (SELECT id FROM message_text WHERE {})", conditions.join(" AND "));
    (condition, terms.iter().map(|term| pattern(term)).collect())
}

fn pattern(term: &str) -> String {
    let mut pattern = String::from("%");
    for character in term.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
