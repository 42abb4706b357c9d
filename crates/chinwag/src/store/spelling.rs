//! The pieces of SQL that the engines spell differently. Each engine has one [`Spelling`], and the files by noun put its
//! pieces into their statements.

/// The spelling of one engine.
pub(super) struct Spelling {
    /// The numbers of the JSON list in parameter `?1`, as a set.
    pub listed: &'static str,
    /// The texts of the JSON list in parameter `?1`, as a set.
    pub listed_texts: &'static str,
    /// The pairs of a user and a session in parameter `?1`, a JSON list of them, with their place in it.
    pub stays: &'static str,
    /// The cursors in parameter `?1`, a JSON list of conversations and positions, as `wanted`, where user `?2` takes
    /// part, as `own`.
    pub cursors: &'static str,
    /// The events of the stretches in parameter `?1`, a JSON list of conversations and two positions each, with those
    /// who wrote them: in the order of the list, and of the log in each.
    pub missed: &'static str,
    /// Whether each of the words in parameter `?1`, a JSON list, begins one of a user's names.
    pub is_named: &'static str,
    /// Takes message `?1` out of the index of texts.
    pub delete_text: &'static str,
    /// Puts text `?2` of message `?1` into it.
    pub insert_text: &'static str,
    /// Texts that have all of these terms in them, each of three characters or more: a condition, and the values of its
    /// parameters, which are numbered from the given one on.
    pub matching: fn(&[&String], usize) -> (String, Vec<String>),
}

/// A JSON list, as [`Spelling::listed`] reads it.
pub(super) fn list(values: impl IntoIterator<Item = i64>) -> String {
    serde_json::Value::from_iter(values).to_string()
}

/// A JSON list of lists, as `stays`, `cursors` and `missed` read it.
pub(super) fn rows<T: serde::Serialize>(rows: impl IntoIterator<Item = T>) -> String {
    let rows: Vec<T> = rows.into_iter().collect();
    // Numbers and texts: there is nothing that could fail.
    serde_json::to_string(&rows).unwrap_or_default()
}
