//! What the server starts with, made from the settings. The rules that involve several settings are here.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chinwag::{
    Auth, Config, Limits, Mode, NodeName, Outbound, PublicUrl, Push, S3, Secret, Storage, StoreUrl, TlsFiles,
};

use super::table::{
    ALLOWED_ORIGINS, BEHIND_PROXY, BUS, DATA_DIR, EMBED_ORIGINS, HEARTBEAT_MS, JWT_AUDIENCE, JWT_ISSUER,
    JWT_SECRET_FILE, LIMITS, LISTEN, LOG, LOG_FORMAT, NODE, OUTBOUND_ALLOW, OUTBOUND_CA, PASSWORD_LOGIN,
    PROVISION_USERS, PUBLIC_URL, PUSH, PUSH_CONTACT, REGISTRATION, S3_ACCESS_KEY, S3_BUCKET, S3_ENDPOINT,
    S3_PATH_STYLE, S3_REGION, S3_SECRET_KEY_FILE, SHARED_FILES, STORE, Setting, TLS_CERT, TLS_KEY,
    TOKEN_IN_QUERY, TOKEN_MINUTES,
};
use super::{Settings, Value, parse};
use crate::failure::Failure;
use crate::logs::{self, Format, LogOptions};

/// Ten years: a longer time is a mistake in the unit.
pub(crate) const MAX_TOKEN_MINUTES: u64 = 10 * 366 * 24 * 60;
/// A heartbeat outside this range is a mistake in the unit.
const HEARTBEAT_RANGE_MS: (u64, u64) = (50, 3_600_000);

/// Everything that `serve` and `demo` need.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) config: Config,
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) log: LogOptions,
}

impl Options {
    /// Interprets the settings.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Failure> {
        let behind_proxy = switch(settings, &BEHIND_PROXY)?;
        let tls = tls(settings)?;
        let listen = listen(settings, behind_proxy, tls.is_some())?;
        let heartbeat = parsed(&settings.value(&HEARTBEAT_MS), |text| {
            parse::number(text, HEARTBEAT_RANGE_MS.0, HEARTBEAT_RANGE_MS.1)
        })?;
        let limits = Limits {
            is_enforced: switch(settings, &LIMITS)?,
            heartbeat: Duration::from_millis(heartbeat),
            ..Limits::default()
        };
        let config = Config {
            data_dir: data_dir(settings)?,
            store: store(settings)?,
            bus: parsed(&settings.value(&BUS), parse::bus)?,
            node: node(settings)?,
            mode: settings.mode(),
            auth: auth(settings)?,
            public_url: public_url(settings)?,
            allowed_origins: origins(settings, &ALLOWED_ORIGINS)?,
            embed_origins: origins(settings, &EMBED_ORIGINS)?,
            behind_proxy,
            metrics: true,
            storage: storage(settings)?,
            limits,
            push: push(settings)?,
            outbound: outbound(settings)?,
        };
        let log = LogOptions { node: config.store.as_ref().and(config.node.clone()), ..log(settings)? };
        Ok(Self { config, listen, tls, log })
    }
}

/// Only the data folder, for commands that work beside a server.
pub(crate) fn data_dir(settings: &Settings) -> Result<PathBuf, Failure> {
    parsed(&settings.value(&DATA_DIR), |text| Ok(PathBuf::from(text)))
}

/// The database, where it is not in the data folder.
pub(crate) fn store(settings: &Settings) -> Result<Option<StoreUrl>, Failure> {
    let value = settings.value(&STORE);
    value.text().is_some().then(|| parsed(&value, str::parse)).transpose()
}

/// The server's name, where its database may have several. Made here, so that it is in every line of the log.
fn node(settings: &Settings) -> Result<Option<NodeName>, Failure> {
    let value = settings.value(&NODE);
    if value.text().is_some() {
        return parsed(&value, str::parse).map(Some);
    }
    Ok(store(settings)?.map(|_| NodeName::of_this_host()))
}

/// How long tokens are valid.
pub(crate) fn token_lifetime(settings: &Settings) -> Result<Duration, Failure> {
    let minutes = parsed(&settings.value(&TOKEN_MINUTES), |text| parse::number(text, 1, MAX_TOKEN_MINUTES))?;
    Ok(Duration::from_secs(minutes * 60))
}

fn parsed<T>(value: &Value, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<T, Failure> {
    let text = value.text().ok_or_else(|| value.refuse("the value is empty"))?;
    parse(text).map_err(|what| value.refuse(what))
}

fn switch(settings: &Settings, setting: &'static Setting) -> Result<bool, Failure> {
    parsed(&settings.value(setting), parse::switch)
}

fn switch_if_set(settings: &Settings, setting: &'static Setting) -> Result<Option<bool>, Failure> {
    let value = settings.value(setting);
    value.text().is_some().then(|| parsed(&value, parse::switch)).transpose()
}

fn listen(settings: &Settings, behind_proxy: bool, has_tls: bool) -> Result<SocketAddr, Failure> {
    let value = settings.value(&LISTEN);
    let address = parsed(&value, parse::listen).map_err(|failure| {
        failure.fix("give an IP address and a port, such as 127.0.0.1:8000 or 0.0.0.0:443")
    })?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    if settings.mode() == Mode::Demo {
        let what = format!(
            "{address} can be reached from other computers, and everybody knows the passwords of a demo"
        );
        return Err(value.refuse(what).fix(
            "use a loopback address such as 127.0.0.1:8000, or `chinwag serve` with users of your own",
        ));
    }
    if !behind_proxy && !has_tls {
        let what = format!(
            "{address} can be reached from other computers, and plain HTTP would show them passwords and messages"
        );
        return Err(value.refuse(what).fix(
            "add --tls-cert and --tls-key, or --behind-proxy if a proxy in front does TLS, \
             or listen on 127.0.0.1",
        ));
    }
    Ok(address)
}

fn tls(settings: &Settings) -> Result<Option<TlsFiles>, Failure> {
    let (certificate, key) = (settings.value(&TLS_CERT), settings.value(&TLS_KEY));
    match (certificate.text(), key.text()) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(certificate.refuse("a certificate needs its key").fix("add --tls-key FILE")),
        (None, Some(_)) => Err(key.refuse("a key needs its certificate").fix("add --tls-cert FILE")),
        (Some(certificate_path), Some(key_path)) => {
            let files = TlsFiles { certificate: certificate_path.into(), key: key_path.into() };
            for (value, path) in [(&certificate, &files.certificate), (&key, &files.key)] {
                File::open(path).map_err(|error| unreadable(value, path, &error))?;
            }
            Ok(Some(files))
        }
    }
}

fn auth(settings: &Settings) -> Result<Auth, Failure> {
    let shared_secret = shared_secret(&settings.value(&JWT_SECRET_FILE))?;
    let provision = switch(settings, &PROVISION_USERS)?;
    if provision && shared_secret.is_none() {
        return Err(settings
            .value(&PROVISION_USERS)
            .refuse("users can be provisioned only by an application that shares its token secret")
            .fix("add --jwt-secret-file FILE"));
    }
    let named = |setting| {
        let value = settings.value(setting);
        match value.text().map(str::to_owned) {
            Some(_) if shared_secret.is_none() => Err(value
                .refuse("this concerns tokens of an application that shares its secret")
                .fix("add --jwt-secret-file FILE")),
            text => Ok(text),
        }
    };
    let (audience, issuer) = (named(&JWT_AUDIENCE)?, named(&JWT_ISSUER)?);
    // If another application's users come in by its tokens, strangers may register only if the operator says
    // so.
    let registration = switch_if_set(settings, &REGISTRATION)?.unwrap_or(shared_secret.is_none());
    Ok(Auth {
        shared_secret,
        audience,
        issuer,
        provision,
        registration,
        setup_link: true,
        password_login: switch_if_set(settings, &PASSWORD_LOGIN)?,
        token_lifetime: token_lifetime(settings)?,
        token_in_query: switch(settings, &TOKEN_IN_QUERY)?,
    })
}

fn storage(settings: &Settings) -> Result<Storage, Failure> {
    let text = |setting| settings.value(setting).text().map(str::to_owned);
    let secret = settings.value(&S3_SECRET_KEY_FILE);
    let keys = match (text(&S3_ACCESS_KEY), shared_secret(&secret)?) {
        (Some(id), Some(secret)) => Some((id, secret)),
        (None, None) => None,
        (Some(_), None) => {
            let access_key = settings.value(&S3_ACCESS_KEY);
            return Err(access_key
                .refuse("an access key needs its secret")
                .fix("add --s3-secret-key-file FILE"));
        }
        (None, Some(_)) => {
            return Err(secret.refuse("a secret needs the id of its key").fix("add --s3-access-key ID"));
        }
    };
    let endpoint = settings.value(&S3_ENDPOINT);
    if let Some(url) = endpoint.text()
        && !url.starts_with("https://")
        && !url.starts_with("http://")
    {
        return Err(endpoint
            .refuse(format!("{url:?} is not an address"))
            .fix("write it like https://s3.example.com"));
    }
    let shared = settings.value(&SHARED_FILES);
    let Some(bucket) = text(&S3_BUCKET) else {
        if endpoint.text().is_some() {
            return Err(endpoint.refuse("no bucket is named").fix("add --s3-bucket NAME"));
        }
        return Ok(shared.text().map_or(Storage::Folder, |folder| Storage::Shared(folder.into())));
    };
    if shared.text().is_some() {
        return Err(shared
            .refuse("files are kept in a folder or in a bucket")
            .fix("leave out one of the two"));
    }
    Ok(Storage::S3(S3 {
        bucket,
        endpoint: text(&S3_ENDPOINT),
        region: text(&S3_REGION),
        keys,
        path_style: switch(settings, &S3_PATH_STYLE)?,
    }))
}

/// The file's bytes, without the line end that editors and `echo` add.
fn shared_secret(value: &Value) -> Result<Option<Secret>, Failure> {
    let Some(path) = value.text() else { return Ok(None) };
    let mut bytes = std::fs::read(path).map_err(|error| unreadable(value, Path::new(path), &error))?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Secret::new(bytes).map(Some).map_err(|what| value.refuse(format!("{what} in {path}")))
}

fn unreadable(value: &Value, path: &Path, error: &std::io::Error) -> Failure {
    value.refuse(format!("can't read {}: {error}", path.display()))
}

fn origins(settings: &Settings, setting: &'static Setting) -> Result<Vec<String>, Failure> {
    let value = settings.value(setting);
    let items = value.items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    items
        .map(|item| {
            parse::origin(item)
                .map_err(|what| value.refuse(what).fix("write it like https://app.example.com"))
        })
        .collect()
}

fn public_url(settings: &Settings) -> Result<Option<PublicUrl>, Failure> {
    let value = settings.value(&PUBLIC_URL);
    let url = value.text().map(|text| {
        text.parse()
            .map_err(|what: String| value.refuse(what).fix("write it like https://www.example.com/chat"))
    });
    url.transpose()
}

fn push(settings: &Settings) -> Result<Push, Failure> {
    let contact = settings.value(&PUSH_CONTACT);
    let contact = contact.text().map(|text| {
        parse::contact(text).map_err(|what| {
            contact.refuse(what).fix("write it like mailto:admin@example.com or https://example.com/contact")
        })
    });
    Ok(Push { is_enabled: switch(settings, &PUSH)?, contact: contact.transpose()? })
}

fn outbound(settings: &Settings) -> Result<Outbound, Failure> {
    let (allow, ca) = (settings.value(&OUTBOUND_ALLOW), settings.value(&OUTBOUND_CA));
    let items = allow.items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    let allowed = items
        .map(|item| {
            item.parse().map_err(|what: String| {
                allow.refuse(what).fix("write it like push.example.lan, 10.1.2.3 or 10.0.0.0/8")
            })
        })
        .collect::<Result<_, _>>()?;
    let extra_roots = ca.text().map(PathBuf::from);
    if let Some(path) = &extra_roots {
        File::open(path).map_err(|error| unreadable(&ca, path, &error))?;
    }
    Ok(Outbound { allowed, extra_roots, ..Outbound::default() })
}

fn log(settings: &Settings) -> Result<LogOptions, Failure> {
    let format = parsed(&settings.value(&LOG_FORMAT), |text| match text {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err(format!("{text:?} is neither text nor json")),
    })?;
    let filter = parsed(&settings.value(&LOG), |text| logs::check_filter(text).map(|()| text.to_owned()))?;
    Ok(LogOptions { format, filter, node: None })
}
