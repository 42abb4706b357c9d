//! Time on the wire: Unix milliseconds for programs, `YYYY-MM-DD HH:MM:SS` in UTC for people.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Milliseconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The clock's current time. It may jump; nothing may be ordered by it.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }

    /// The time this much later, in whole milliseconds; saturates.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(milliseconds(duration)))
    }

    /// The time this much earlier, in whole milliseconds; saturates.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(milliseconds(duration)))
    }

    /// `YYYY-MM-DD HH:MM:SS`, UTC, without a fraction.
    #[must_use]
    pub fn created_at(self) -> CreatedAt {
        CreatedAt(self)
    }
}

/// A timestamp written as `YYYY-MM-DD HH:MM:SS` in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreatedAt(pub Timestamp);

impl fmt::Display for CreatedAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0.0).unwrap_or_default();
        let utc = instant.to_zoned(jiff::tz::TimeZone::UTC);
        write!(
            formatter,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            utc.year(),
            utc.month(),
            utc.day(),
            utc.hour(),
            utc.minute(),
            utc.second()
        )
    }
}

impl Serialize for CreatedAt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl utoipa::PartialSchema for CreatedAt {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"))
            .examples([serde_json::json!("2025-11-22 10:30:00")])
            .into()
    }
}

impl ToSchema for CreatedAt {}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_utc_seconds() {
        assert_eq!(Timestamp(1_763_807_400_999).created_at().to_string(), "2025-11-22 10:30:00");
        assert_eq!(Timestamp(0).created_at().to_string(), "1970-01-01 00:00:00");
    }
}
