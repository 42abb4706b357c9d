//! Accounts, sign-ins and people.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::ids::UserId;
use crate::time::CreatedAt;

/// What to change about oneself; what is absent stays.
#[derive(Clone, Default, Deserialize, ToSchema)]
pub struct UserChange {
    /// Shown to people.
    pub first_name: Option<String>,
    /// Shown to people.
    pub last_name: Option<String>,
    /// A new password; all other sessions end.
    #[schema(format = Password)]
    pub password: Option<String>,
    /// With `password`: the present one.
    #[schema(format = Password)]
    pub current_password: Option<String>,
}

/// What everybody may see of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PublicUser {
    /// Who.
    pub id: UserId,
    /// Unique name.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
}

/// Somebody's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PresenceStatus {
    /// Here.
    Online,
    /// Here, but not looking.
    Away,
    /// Do not disturb.
    Dnd,
    /// Here, but shown as offline to others.
    Invisible,
    /// Not here. Nobody can say this of themselves: closing the sockets does.
    Offline,
}

/// A refresh token to be spent.
#[derive(Clone, Deserialize, ToSchema)]
pub struct Refresh {
    /// From the last answer that had one. It works once.
    pub refresh_token: String,
}

/// A single-use credential for a WebSocket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ticket {
    /// For `/ws?ticket=`.
    pub ticket: String,
    /// Seconds until it is void.
    pub expires_in: u64,
}

/// A user, as they see themselves.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// Unique on the server.
    pub id: UserId,
    /// Null for users that another application vouched for.
    pub email: Option<String>,
    /// Unique, and the token's `sub`.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// On the whole server.
    pub role: UserRole,
    /// False if disabled.
    pub is_active: bool,
    /// UTC.
    pub created_at: CreatedAt,
}

impl User {
    /// What people call them: both names, or the username of somebody without any.
    #[must_use]
    pub fn display_name(&self) -> String {
        let names = [self.first_name.trim(), self.last_name.trim()];
        let whole = names.join(" ");
        if whole.trim().is_empty() { self.username.clone() } else { whole.trim().to_owned() }
    }
}

/// What a user may do on the whole server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UserRole {
    /// Everybody.
    User,
    /// Looks after the server.
    Admin,
}

/// A new account.
#[derive(Clone, Deserialize, ToSchema)]
pub struct Register {
    /// 1 to 64 letters with their marks, digits, or `. _ -`, of one script; no `.` or `-` at its ends.
    pub username: String,
    /// Where mail would reach the user.
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

/// The first administrator, made with the link that `serve` printed.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(from = "WrittenSetup")]
pub struct Setup {
    /// From the link's fragment.
    pub token: String,
    /// The account.
    #[serde(flatten)]
    pub account: Register,
}

/// As it is written. serde knows of a flattened struct no fields that it does not have.
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
    /// In clear: use TLS.
    #[schema(format = Password)]
    pub password: String,
    /// Accepted and ignored beyond `password`.
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
    /// Seconds until the access token is void.
    pub expires_in: u64,
    /// Who signed in.
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
    /// When it was used last, UTC: now while a socket of it is open, else when its tokens were made anew.
    pub last_used_at: CreatedAt,
    /// The program that signed in, as it named itself.
    pub user_agent: String,
    /// True for the session of this very request.
    pub current: bool,
}
