//! Where a database is, and how a connection to it is opened.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::sync::mpsc;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::sql::{DatabaseError, DatabaseErrorKind};
use super::{Link, Trace, errors};

/// The oldest version that has all that is used here: `pg_current_xact_id`, and an extension for trigrams that an
/// ordinary owner of a database may create.
const OLDEST: u32 = 13;

/// The version and the encoding of the server, and the settings of a connection. A plan is made once for a prepared
/// statement, perhaps when a table is still empty: without indexes it would be slow for as long as the connection lasts.
/// A server whose client is gone notices it in about 20 seconds. For an account called chinwag, PostgreSQL would make new
/// tables in the schema of that name, which has what applications call.
const SETTINGS: &str = "SELECT current_setting('server_version_num')::INT / 10000, current_setting('server_encoding'), \
     set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' \
         ELSE current_setting('synchronous_commit') END, FALSE), \
     set_config('enable_seqscan', 'off', FALSE), set_config('enable_hashjoin', 'off', FALSE), \
     set_config('enable_mergejoin', 'off', FALSE), set_config('jit', 'off', FALSE), \
     set_config('tcp_keepalives_idle', '5', FALSE), set_config('tcp_keepalives_interval', '5', FALSE), \
     set_config('tcp_keepalives_count', '3', FALSE), \
     CASE WHEN to_regclass('chinwag.events') IS NULL THEN set_config('search_path', \
         (SELECT string_agg(quote_ident(name), ', ' ORDER BY place) \
          FROM unnest(array_remove(current_schemas(FALSE), 'chinwag')) WITH ORDINALITY AS schemas (name, place)), FALSE) END";

/// To open a connection, and to notice that one is dead.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a database is.
pub(in crate::store) struct Target {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Target {
    /// Reads an address: `postgres://user:password@host:port/database`, with `sslmode` and `sslrootcert`.
    pub(in crate::store) fn parse(address: &str) -> Result<Self, String> {
        let (address, certificates) = without_root_certificates(address)?;
        let mut config: Config = address.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            format!("{error}{}", cause.unwrap_or_default())
        })?;
        if config.get_dbname().is_none() {
            return Err("it names no database: postgres://user@host/database".to_owned());
        }
        if config.get_application_name().is_none() {
            config.application_name("chinwag");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        config.keepalives_idle(PATIENCE).keepalives_interval(PATIENCE).tcp_user_timeout(PATIENCE * 2);
        // Of several hosts the one that takes writes.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let tls = match (config.get_ssl_mode(), certificates) {
            (SslMode::Disable, _) => None,
            (SslMode::Prefer, None) => Some(client(Trust::Anybody)?),
            (_, certificates) => Some(client(Trust::Known(certificates.as_deref()))?),
        };
        Ok(Self { config, tls: tls.map(MakeRustlsConnect::new) })
    }

    /// Opens a connection, and looks whether it keeps what is promised.
    pub(super) async fn connect(&self) -> Result<Link, DatabaseError> {
        let (notified, _) = mpsc::unbounded_channel();
        let link = self.open(notified).await?;
        let asked = link.client.query_one(SETTINGS, &[]);
        let row = asked.await.map_err(|error| errors::database_error(&error))?;
        let version = u32::try_from(row.get::<_, i32>(0)).unwrap_or_default();
        if version < OLDEST {
            let text = format!("this is PostgreSQL {version}; it takes {OLDEST} or later");
            return Err(DatabaseError::other(&text));
        }
        let encoding: &str = row.get(1);
        if encoding != "UTF8" {
            let text = format!("the database is encoded in {encoding}; make one in UTF8");
            return Err(DatabaseError::other(&text));
        }
        Ok(link)
    }

    /// What became of a transaction, on a connection that is new.
    ///
    /// After a crash PostgreSQL gives the id of a transaction of which nothing reached the disk to another one. So an id is
    /// known to be committed only together with a row of its transaction.
    pub(super) async fn fate(&self, transaction: &str, trace: &Trace) -> Result<(Link, Fate), DatabaseError> {
        let link = self.connect().await?;
        let status = "SELECT pg_xact_status(CAST($1::TEXT AS xid8))";
        let status: Option<String> = match link.client.query_one(status, &[&transaction]).await {
            Ok(row) => row.get(0),
            // It lies ahead of this database, which has lost it.
            Err(error) if error.code() == Some(&SqlState::INVALID_PARAMETER_VALUE) => None,
            Err(error) => return Err(errors::database_error(&error)),
        };
        let fate = match status.as_deref() {
            Some("in progress") => Fate::Open,
            Some("committed") if link.has(trace).await? => Fate::Committed,
            _ => Fate::Lost,
        };
        Ok((link, fate))
    }

    /// Opens a connection that only hears notifications.
    pub(super) async fn listener(
        &self,
        notified: mpsc::UnboundedSender<String>,
    ) -> Result<Client, DatabaseError> {
        Ok(self.open(notified).await?.client)
    }

    async fn open(&self, notified: mpsc::UnboundedSender<String>) -> Result<Link, DatabaseError> {
        match &self.tls {
            Some(tls) => self.open_with(tls.clone(), notified).await,
            None => self.open_with(NoTls, notified).await,
        }
    }

    async fn open_with<T>(
        &self,
        tls: T,
        notified: mpsc::UnboundedSender<String>,
    ) -> Result<Link, DatabaseError>
    where
        T: tokio_postgres::tls::MakeTlsConnect<Socket> + Send,
        T::Stream: Send + 'static,
    {
        let opened = tokio::time::timeout(PATIENCE * 2, self.config.connect(tls)).await;
        let opened = opened.map_err(|_| {
            DatabaseError::new(DatabaseErrorKind::Away, "the database did not answer in 10 s")
        })?;
        let (client, mut connection) = opened.map_err(|error| errors::database_error(&error))?;
        let is_unconfirmed = Arc::<AtomicBool>::default();
        let heard = Arc::clone(&is_unconfirmed);
        tokio::spawn(async move {
            let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                match message {
                    AsyncMessage::Notice(notice) if *notice.code() == SqlState::WARNING => {
                        heard.store(true, Ordering::Relaxed);
                    }
                    // Nobody may listen.
                    AsyncMessage::Notification(told) => drop(notified.send(told.payload().to_owned())),
                    _ => {}
                }
            }
        });
        Ok(Link {
            client,
            statements: Default::default(),
            deferred: Default::default(),
            gathered: Default::default(),
            is_in_transaction: Default::default(),
            is_failed: Default::default(),
            is_unconfirmed,
        })
    }
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    /// It has not ended.
    Open,
    Lost,
}

impl Link {
    async fn has(&self, trace: &Trace) -> Result<bool, DatabaseError> {
        let text = match trace {
            Trace::Event(..) => "SELECT EXISTS (SELECT 1 FROM events WHERE id = $1 AND stamp = $2)",
            Trace::Notice(..) => "SELECT EXISTS (SELECT 1 FROM notices WHERE id = $1 AND stamp = $2)",
        };
        let (Trace::Event(id, stamp) | Trace::Notice(id, stamp)) = trace;
        let asked = self.client.query_one(text, &[&id, &stamp.as_str()]).await;
        Ok(asked.map_err(|error| errors::database_error(&error))?.get(0))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the password.
        formatter.debug_tuple("Target").field(&self.config).finish()
    }
}

/// The address without `sslrootcert`, which the driver does not know, and what that says.
fn without_root_certificates(address: &str) -> Result<(String, Option<String>), String> {
    let Ok(mut url) = url::Url::parse(address) else {
        return Err("it is no address: postgres://user@host/database".to_owned());
    };
    let mut certificates = None;
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter_map(|(name, value)| {
            if name == "sslrootcert" {
                certificates = Some(value.into_owned());
                return None;
            }
            Some((name.into_owned(), value.into_owned()))
        })
        .collect();
    if certificates.is_none() {
        return Ok((address.to_owned(), None));
    }
    url.set_query(None);
    if !others.is_empty() {
        url.query_pairs_mut().extend_pairs(others);
    }
    Ok((url.into(), certificates))
}

/// Whose certificates are good.
#[derive(Clone, Copy)]
enum Trust<'a> {
    /// Anybody's, as with libpq's `prefer`: it keeps listeners out, and nobody else.
    Anybody,
    /// Those that an authority of this file vouches for, or of the system.
    Known(Option<&'a str>),
}

fn client(trust: Trust<'_>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(match trust {
        Trust::Anybody => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth(),
        Trust::Known(file) => builder.with_root_certificates(roots(file)?).with_no_client_auth(),
    })
}

fn roots(file: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let failed = |error: &dyn fmt::Display| format!("can't read the certificates in {file}: {error}");
    for certificate in CertificateDer::pem_file_iter(Path::new(file)).map_err(|error| failed(&error))? {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() { Err(failed(&"there are none")) } else { Ok(roots) }
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
