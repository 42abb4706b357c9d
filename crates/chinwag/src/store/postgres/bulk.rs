//! Many rows at once, by `COPY`, and how PostgreSQL describes its tables.

use futures_util::pin_mut;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::super::StoreError;
use super::super::catalogue::{Catalogue, Rows, Table};
use super::{Postgres, type_of};

pub(in crate::store) const CATALOGUE: Catalogue = Catalogue {
    tables: "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()",
    columns: "SELECT CAST(attname AS TEXT), format_type(atttypid, NULL), \
                  CAST(coalesce(array_position(CAST(indkey AS INT2[]), attnum) + 1, 0) AS BIGINT), attidentity <> '' \
              FROM pg_attribute LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary \
              WHERE attrelid = CAST(?1 AS REGCLASS) AND attnum > 0 AND NOT attisdropped",
    counted: "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(?1, 'id') AS REGCLASS))",
    count_on: &["SELECT setval(CAST(pg_get_serial_sequence(?1, 'id') AS REGCLASS), ?2)"],
    others: "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                 AND application_name = current_setting('application_name')",
    clear: |tables| vec![format!("TRUNCATE {}", tables.join(", "))],
    text_key: "id",
    before_filling: &[],
    after_filling: &[],
    // A server that starts now plans by what is there, and does not wait for PostgreSQL to look by itself.
    settle: "ANALYZE",
};

impl Postgres {
    /// Inserts rows: all of them or none.
    pub(in crate::store) fn fill(&self, table: &Table, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let types: Vec<Type> = table.columns.iter().map(|column| type_of(column.kind)).collect();
        let text = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name, table.column_list());
        self.driver.block_on(async {
            let failed = |error: tokio_postgres::Error| self.link.failed(&error);
            let sink = self.link.client.copy_in(&text).await.map_err(failed)?;
            let writer = BinaryCopyInWriter::new(sink, &types);
            pin_mut!(writer);
            for batch in rows {
                for row in batch? {
                    let values = row.iter().zip(&table.columns).map(|(kept, column)| kept.value(column.kind));
                    writer.as_mut().write_raw(values).await.map_err(failed)?;
                }
            }
            writer.finish().await.map_err(failed)?;
            Ok(())
        })
    }
}
