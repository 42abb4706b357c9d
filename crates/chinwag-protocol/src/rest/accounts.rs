//! Accounts, sign-ins and users.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::ids::UserId;
use crate::time::CreatedAt;

/// Changes of one's own account; an absent field stays.
#[derive(Clone, Default, Deserialize, ToSchema)]
pub struct UserChange {
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// A new password; all other sessions end.
    #[schema(format = Password)]
    pub password: Option<String>,
    /// With `password`: the current one.
    #[schema(format = Password)]
    pub current_password: Option<String>,
}

/// The public profile of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PublicUser {
    /// The user's id.
    pub id: UserId,
    /// The unique username.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
}

/// A user's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PresenceStatus {
    /// Here.
    Online,
    /// Here, but not active.
    Away,
    /// Do not disturb.
    Dnd,
    /// Here, but shown as offline to others.
    Invisible,
    /// Not here. Nobody can choose this: it means that no socket is open.
    Offline,
}

/// A refresh token to exchange.
#[derive(Clone, Deserialize, ToSchema)]
pub struct Refresh {
    /// From the most recent answer that had one. It works once.
    pub refresh_token: String,
}

/// A single-use credential for a WebSocket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ticket {
    /// For `/ws?ticket=`.
    pub ticket: String,
    /// Seconds until it expires.
    pub expires_in: u64,
}

/// A user's own account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// Unique on the server.
    pub id: UserId,
    /// Null for users from another application.
    pub email: Option<String>,
    /// Unique, and the token's `sub`.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// The role on the whole server.
    pub role: UserRole,
    /// False if disabled.
    pub is_active: bool,
    /// UTC.
    pub created_at: CreatedAt,
}

impl User {
    /// The name that people see: both names, or the username if both are empty.
    #[must_use]
    pub fn display_name(&self) -> String {
        let names = [self.first_name.trim(), self.last_name.trim()];
        let whole = names.join(" ");
        if whole.trim().is_empty() { self.username.clone() } else { whole.trim().to_owned() }
    }
}

/// A user's role on the whole server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UserRole {
    /// An ordinary user.
    User,
    /// An administrator of the server.
    Admin,
}

/// A new account.
#[derive(Clone, Deserialize, ToSchema)]
pub struct Register {
    /// 1 to 64 letters with their marks, digits, or `. _ -`, of one script; no `.` or `-` at its ends.
    pub username: String,
    /// The user's e-mail address.
    #[schema(max_length = 254)]
    pub email: String,
    /// 8 to 256 bytes.
    #[schema(format = Password)]
    pub password: String,
    /// Optional.
    #[serde(default)]
    pub first_name: String,
    /// Optional.
    #[serde(default)]
    pub last_name: String,
}

/// The first administrator, created with the link that `serve` printed.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(from = "WrittenSetup")]
pub struct Setup {
    /// From the link's fragment.
    pub token: String,
    /// The new account.
    #[serde(flatten)]
    pub account: Register,
}

/// The written form: serde can't report unknown fields of a flattened struct.
#[derive(Deserialize)]
struct WrittenSetup {
    token: String,
    username: String,
    email: String,
    password: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
}

impl From<WrittenSetup> for Setup {
    fn from(written: WrittenSetup) -> Self {
        let WrittenSetup { token, username, email, password, first_name, last_name } = written;
        Self { token, account: Register { username, email, password, first_name, last_name } }
    }
}

/// The OAuth2 password form.
#[derive(Clone, Deserialize, ToSchema)]
pub struct PasswordForm {
    /// Username or e-mail.
    pub username: String,
    /// In clear text: use TLS.
    #[schema(format = Password)]
    pub password: String,
    /// Ignored; the flow is `password`.
    pub grant_type: Option<String>,
    /// Accepted and ignored.
    pub scope: Option<String>,
    /// Accepted and ignored.
    pub client_id: Option<String>,
    /// Accepted and ignored.
    pub client_secret: Option<String>,
}

/// The answer to a sign-in.
#[derive(Clone, Serialize, ToSchema)]
pub struct Token {
    /// A JWT (HS256) with `sub`, `iat`, `exp` and `sid`.
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: &'static str,
    /// For `POST /auth/refresh`, once.
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// The user who signed in.
    pub user: User,
}

/// One sign-in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Session {
    /// The token's `sid`.
    pub id: String,
    /// UTC.
    pub created_at: CreatedAt,
    /// UTC.
    pub expires_at: CreatedAt,
    /// When it was last used, in UTC: now if a socket of it is open, otherwise when its tokens were last
    /// renewed.
    pub last_used_at: CreatedAt,
    /// The program that signed in, as it named itself.
    pub user_agent: String,
    /// True for the session of this request.
    pub current: bool,
}
