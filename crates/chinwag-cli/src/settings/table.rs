//! Every setting, defined once: flags, environment variables, file keys, help, defaults and `config show` all
//! come from here.

use chinwag::Mode;
use clap::{Arg, ArgAction, ValueHint};

mod files;

pub(crate) use files::{
    S3_ACCESS_KEY, S3_BUCKET, S3_ENDPOINT, S3_PATH_STYLE, S3_REGION, S3_SECRET_KEY_FILE, SHARED_FILES,
};

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The key in the file.
    pub(crate) key: &'static str,
    /// The flag, without the dashes.
    pub(crate) flag: &'static str,
    /// The environment variable.
    pub(crate) env: &'static str,
    /// The placeholder after the flag in the help.
    placeholder: &'static str,
    /// Empty if the setting is unset by default.
    default: &'static str,
    /// The group in the help.
    group: &'static str,
    pub(crate) shape: Shape,
    help: &'static str,
}

/// The form of a value in the file and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A string.
    Text,
    /// A string, completed by the shell as a path.
    Path,
    /// A whole number.
    Number,
    /// `true`, `false`, `"on"` or `"off"`.
    Switch,
    /// Like a switch, and the flag alone means on.
    Flag,
    /// A list of strings; the flag may be repeated, the variable uses commas.
    List,
}

const NETWORK: &str = "Network";
const DATA: &str = "Data";
const SECURITY: &str = "Security";
const PUSH_GROUP: &str = "Push and webhooks";
const LOGGING: &str = "Logging";

pub(crate) const LISTEN: Setting = Setting {
    key: "listen",
    flag: "listen",
    env: "CHINWAG_LISTEN",
    placeholder: "ADDR:PORT",
    default: "127.0.0.1:8000",
    group: NETWORK,
    shape: Shape::Text,
    help: "Where to listen; port 0 lets the system choose",
};

pub(crate) const TLS_CERT: Setting = Setting {
    key: "tls_cert",
    flag: "tls-cert",
    env: "CHINWAG_TLS_CERT",
    placeholder: "FILE",
    default: "",
    group: NETWORK,
    shape: Shape::Path,
    help: "PEM file with the certificate chain: serve HTTPS",
};

pub(crate) const TLS_KEY: Setting = Setting {
    key: "tls_key",
    flag: "tls-key",
    env: "CHINWAG_TLS_KEY",
    placeholder: "FILE",
    default: "",
    group: NETWORK,
    shape: Shape::Path,
    help: "PEM file with the certificate's key",
};

pub(crate) const BEHIND_PROXY: Setting = Setting {
    key: "behind_proxy",
    flag: "behind-proxy",
    env: "CHINWAG_BEHIND_PROXY",
    placeholder: "on|off",
    default: "off",
    group: NETWORK,
    shape: Shape::Flag,
    help: "A proxy in front does TLS and sets X-Forwarded-For",
};

pub(crate) const PUBLIC_URL: Setting = Setting {
    key: "public_url",
    flag: "public-url",
    env: "CHINWAG_PUBLIC_URL",
    placeholder: "URL",
    default: "",
    group: NETWORK,
    shape: Shape::Text,
    help: "The address at which browsers reach the server, if a proxy gives it another one or a path",
};

pub(crate) const ALLOWED_ORIGINS: Setting = Setting {
    key: "allowed_origins",
    flag: "allowed-origin",
    env: "CHINWAG_ALLOWED_ORIGIN",
    placeholder: "ORIGIN",
    default: "",
    group: NETWORK,
    shape: Shape::List,
    help: "Web page origin that may use the server, besides its own; repeat it, or use commas",
};

pub(crate) const EMBED_ORIGINS: Setting = Setting {
    key: "embed_origins",
    flag: "embed-origin",
    env: "CHINWAG_EMBED_ORIGIN",
    placeholder: "ORIGIN",
    default: "",
    group: NETWORK,
    shape: Shape::List,
    help: "Web page origin that may show the chat's widget; repeat it, or use commas",
};

pub(crate) const HEARTBEAT_MS: Setting = Setting {
    key: "heartbeat_ms",
    flag: "heartbeat-ms",
    env: "CHINWAG_HEARTBEAT_MS",
    placeholder: "MS",
    default: "25000",
    group: NETWORK,
    shape: Shape::Number,
    help: "Milliseconds between two pings on a WebSocket",
};

pub(crate) const DATA_DIR: Setting = Setting {
    key: "data_dir",
    flag: "data-dir",
    env: "CHINWAG_DATA_DIR",
    placeholder: "DIR",
    default: "./chinwag-data",
    group: DATA,
    shape: Shape::Path,
    help: "Folder with the database and the secrets; made if missing",
};

pub(crate) const STORE: Setting = Setting {
    key: "store",
    flag: "store",
    env: "CHINWAG_STORE",
    placeholder: "URL",
    default: "",
    group: DATA,
    shape: Shape::Text,
    help: "PostgreSQL database in place of the folder's own: postgres://user:password@host/database",
};

pub(crate) const BUS: Setting = Setting {
    key: "bus",
    flag: "bus",
    env: "CHINWAG_BUS",
    placeholder: "BUS",
    default: "notify",
    group: DATA,
    shape: Shape::Text,
    help: "How several servers of one PostgreSQL database hear of each other at once: notify, none",
};

pub(crate) const NODE: Setting = Setting {
    key: "node",
    flag: "node",
    env: "CHINWAG_NODE",
    placeholder: "NAME",
    default: "",
    group: DATA,
    shape: Shape::Text,
    help: "The server's name among those of its PostgreSQL database [default: the host's name and a random part]",
};

pub(crate) const JWT_SECRET_FILE: Setting = Setting {
    key: "jwt_secret_file",
    flag: "jwt-secret-file",
    env: "CHINWAG_JWT_SECRET_FILE",
    placeholder: "FILE",
    default: "",
    group: SECURITY,
    shape: Shape::Path,
    help: "File with the HS256 secret shared with your application",
};

pub(crate) const JWT_AUDIENCE: Setting = Setting {
    key: "jwt_audience",
    flag: "jwt-audience",
    env: "CHINWAG_JWT_AUDIENCE",
    placeholder: "TEXT",
    default: "",
    group: SECURITY,
    shape: Shape::Text,
    help: "The `aud` of your application's tokens for the chat, or one of them; others are refused",
};

pub(crate) const JWT_ISSUER: Setting = Setting {
    key: "jwt_issuer",
    flag: "jwt-issuer",
    env: "CHINWAG_JWT_ISSUER",
    placeholder: "TEXT",
    default: "",
    group: SECURITY,
    shape: Shape::Text,
    help: "The `iss` of your application's tokens; others are refused",
};

pub(crate) const PROVISION_USERS: Setting = Setting {
    key: "provision_users",
    flag: "provision-users",
    env: "CHINWAG_PROVISION_USERS",
    placeholder: "on|off",
    default: "off",
    group: SECURITY,
    shape: Shape::Flag,
    help: "Create a user for an unknown `sub` in a token of your application",
};

pub(crate) const TOKEN_MINUTES: Setting = Setting {
    key: "token_minutes",
    flag: "token-minutes",
    env: "CHINWAG_TOKEN_MINUTES",
    placeholder: "MINUTES",
    default: "3000",
    group: SECURITY,
    shape: Shape::Number,
    help: "How long a token is valid",
};

pub(crate) const TOKEN_IN_QUERY: Setting = Setting {
    key: "token_in_query",
    flag: "token-in-query",
    env: "CHINWAG_TOKEN_IN_QUERY",
    placeholder: "on|off",
    default: "off",
    group: SECURITY,
    shape: Shape::Flag,
    help: "Accept /ws?token=, although proxies log URLs",
};

pub(crate) const REGISTRATION: Setting = Setting {
    key: "registration",
    flag: "registration",
    env: "CHINWAG_REGISTRATION",
    placeholder: "on|off",
    default: "",
    group: SECURITY,
    shape: Shape::Switch,
    help: "Whether anybody may create an account [default: on, and off with a shared secret]",
};

pub(crate) const PASSWORD_LOGIN: Setting = Setting {
    key: "password_login",
    flag: "password-login",
    env: "CHINWAG_PASSWORD_LOGIN",
    placeholder: "on|off",
    default: "",
    group: SECURITY,
    shape: Shape::Switch,
    help: "Whether accounts of this server sign in by password [default: on, and off with a shared secret]",
};

pub(crate) const LIMITS: Setting = Setting {
    key: "limits",
    flag: "limits",
    env: "CHINWAG_LIMITS",
    placeholder: "on|off",
    default: "on",
    group: SECURITY,
    shape: Shape::Switch,
    help: "Rate limits; off is for load tests",
};

pub(crate) const PUSH: Setting = Setting {
    key: "push_enabled",
    flag: "push",
    env: "CHINWAG_PUSH",
    placeholder: "on|off",
    default: "on",
    group: PUSH_GROUP,
    shape: Shape::Switch,
    help: "Whether devices can get notifications",
};

pub(crate) const PUSH_CONTACT: Setting = Setting {
    key: "push_contact",
    flag: "push-contact",
    env: "CHINWAG_PUSH_CONTACT",
    placeholder: "URL",
    default: "",
    group: PUSH_GROUP,
    shape: Shape::Text,
    help: "The contact for push services: mailto:you@example.com; Apple's requires it",
};

pub(crate) const OUTBOUND_ALLOW: Setting = Setting {
    key: "outbound_allow",
    flag: "outbound-allow",
    env: "CHINWAG_OUTBOUND_ALLOW",
    placeholder: "HOST|NETWORK",
    default: "",
    group: PUSH_GROUP,
    shape: Shape::List,
    help: "Receiver inside your network that the server may call: a host name, or 10.1.0.0/16; repeat it, or use commas",
};

pub(crate) const OUTBOUND_CA: Setting = Setting {
    key: "outbound_ca",
    flag: "outbound-ca",
    env: "CHINWAG_OUTBOUND_CA",
    placeholder: "FILE",
    default: "",
    group: PUSH_GROUP,
    shape: Shape::Path,
    help: "PEM file with certificate authorities to trust besides the system's, for calls to other servers",
};

pub(crate) const LOG: Setting = Setting {
    key: "log",
    flag: "log",
    env: "CHINWAG_LOG",
    placeholder: "FILTER",
    default: "info",
    group: LOGGING,
    shape: Shape::Text,
    help: "error, warn, info, debug, trace, off, or a filter like info,chinwag=debug",
};

pub(crate) const LOG_FORMAT: Setting = Setting {
    key: "log_format",
    flag: "log-format",
    env: "CHINWAG_LOG_FORMAT",
    placeholder: "text|json",
    default: "text",
    group: LOGGING,
    shape: Shape::Text,
    help: "The format of log lines",
};

/// In the order of the help.
pub(crate) const SETTINGS: [&Setting; 34] = [
    &LISTEN,
    &TLS_CERT,
    &TLS_KEY,
    &BEHIND_PROXY,
    &PUBLIC_URL,
    &ALLOWED_ORIGINS,
    &EMBED_ORIGINS,
    &HEARTBEAT_MS,
    &DATA_DIR,
    &STORE,
    &BUS,
    &NODE,
    &SHARED_FILES,
    &S3_BUCKET,
    &S3_ENDPOINT,
    &S3_REGION,
    &S3_PATH_STYLE,
    &S3_ACCESS_KEY,
    &S3_SECRET_KEY_FILE,
    &JWT_SECRET_FILE,
    &JWT_AUDIENCE,
    &JWT_ISSUER,
    &PROVISION_USERS,
    &TOKEN_MINUTES,
    &TOKEN_IN_QUERY,
    &REGISTRATION,
    &PASSWORD_LOGIN,
    &LIMITS,
    &PUSH,
    &PUSH_CONTACT,
    &OUTBOUND_ALLOW,
    &OUTBOUND_CA,
    &LOG,
    &LOG_FORMAT,
];

/// Other spellings in the file, for people who group their keys.
pub(crate) const ALIASES: [(&str, &Setting); 5] = [
    ("auth.provision", &PROVISION_USERS),
    ("push.enabled", &PUSH),
    ("push.contact", &PUSH_CONTACT),
    ("outbound.allow", &OUTBOUND_ALLOW),
    ("outbound.ca", &OUTBOUND_CA),
];

impl Setting {
    /// The value if nobody sets one; empty for none. A demo has its own folder, so that it never finds the
    /// users of a real server.
    pub(crate) fn default_in(&self, mode: Mode) -> &'static str {
        if mode == Mode::Demo && self.key == DATA_DIR.key { "./chinwag-demo" } else { self.default }
    }

    /// The option on the command line. clap reads the environment for it; the file comes later.
    pub(crate) fn argument(&self, mode: Mode) -> Arg {
        let hint = match self.shape {
            Shape::Path if self.placeholder == "DIR" => ValueHint::DirPath,
            Shape::Path => ValueHint::FilePath,
            _ => ValueHint::Other,
        };
        let argument = Arg::new(self.key)
            .long(self.flag)
            .env(self.env)
            .hide_env_values(true)
            .value_name(self.placeholder)
            .value_hint(hint)
            .help(self.help)
            .help_heading(self.group)
            // For tests of clients; nobody needs it to run a server.
            .hide(self.key == HEARTBEAT_MS.key);
        let argument = match self.shape {
            Shape::Flag => argument.num_args(0..=1).require_equals(true).default_missing_value("on"),
            Shape::List => argument.action(ArgAction::Append).value_delimiter(','),
            Shape::Text | Shape::Path | Shape::Number | Shape::Switch => argument,
        };
        match self.default_in(mode) {
            "" => argument,
            default => argument.default_value(default),
        }
    }
}
