//! How a command signs in: with a token, as a user with a password, or as a demo's sample user.

use chinwag_client::{Api, Client, ClientError, Method, StatusCode};
use serde_json::Value;

use crate::failure::{Exit, Failure};
use crate::output;
use crate::password;

/// A user that only demo servers have.
const DEMO_USER: &str = "testuser";
const DEMO_PASSWORD: &str = "TestPassword123";

#[derive(Debug, clap::Args)]
pub(crate) struct AccessArguments {
    /// The server
    #[arg(
        long,
        env = "CHINWAG_URL",
        hide_env_values = true,
        value_name = "URL",
        value_hint = clap::ValueHint::Url,
        default_value = "http://localhost:8000"
    )]
    url: String,
    /// A token; set by the variable, it stays out of the process list
    #[arg(long, env = "CHINWAG_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Sign in as this user, even if there is a token; asks for the password
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Read the password from the first line of stdin
    #[arg(long, requires = "user")]
    pub(crate) password_stdin: bool,
}

/// A token, and how to get a new one when it expires.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) api: Api,
    credentials: Option<Credentials>,
}

struct Credentials {
    username: String,
    password: String,
}

impl AccessArguments {
    /// Signs in, unless there is a token.
    pub(crate) async fn enter(self) -> Result<Access, Failure> {
        let client = Client::new(&self.url, None).map_err(|error| {
            Failure::new(Exit::Usage, error)
                .fix("write it like http://localhost:8000 or https://chat.example.com")
        })?;
        let credentials = match (self.token.filter(|token| !token.is_empty()), self.user) {
            // The named user comes first: a variable in the shell must not change who the command acts as.
            (_, Some(username)) => {
                Credentials { password: password_of(&username, self.password_stdin)?, username }
            }
            (Some(token), None) => return Ok(Access { api: Api::new(&client, &token), credentials: None }),
            (None, None) => demo_credentials(&client).await?,
        };
        let api = sign_in(&client, &credentials).await.map_err(|error| explain(&error, &client))?;
        Ok(Access { api, credentials: Some(credentials) })
    }
}

impl Access {
    /// Gets a new token, if there is a password for it.
    pub(crate) async fn renew(&mut self) -> Result<bool, ClientError> {
        let Some(credentials) = &self.credentials else { return Ok(false) };
        self.api = sign_in(self.api.client(), credentials).await?;
        Ok(true)
    }

    /// Explains an error to the user of the command.
    pub(crate) fn explain(&self, error: &ClientError) -> Failure {
        explain(error, self.api.client())
    }
}

fn password_of(username: &str, is_on_stdin: bool) -> Result<String, Failure> {
    if is_on_stdin {
        password::from_stdin()
    } else {
        password::ask(&format!("Password of {}: ", output::printable_line(username)))
    }
}

async fn demo_credentials(client: &Client) -> Result<Credentials, Failure> {
    let health = client.call(client.request(Method::GET, "/healthz")).await;
    let health = health.map_err(|error| explain(&error, client))?;
    if health.get("demo") != Some(&Value::Bool(true)) {
        return Err(Failure::new(Exit::Usage, "this server is not a demo, so it must know who you are")
            .fix("add --user NAME, or --token, or set CHINWAG_TOKEN"));
    }
    Ok(Credentials { username: DEMO_USER.to_owned(), password: DEMO_PASSWORD.to_owned() })
}

async fn sign_in(client: &Client, credentials: &Credentials) -> Result<Api, ClientError> {
    let form = [("username", &credentials.username), ("password", &credentials.password)];
    let answer = client.call(client.request(Method::POST, "/auth/token").form(&form)).await?;
    let token = answer.get("access_token").and_then(Value::as_str);
    let token = token.ok_or_else(|| ClientError::Protocol("this is not a chinwag server".to_owned()))?;
    Ok(Api::new(client, token))
}

fn explain(error: &ClientError, client: &Client) -> Failure {
    match error {
        ClientError::Refused { status, detail, .. } => {
            let detail = if detail.is_empty() { "no explanation" } else { detail };
            let what = format!("the server refused: {} ({status})", output::printable_line(detail));
            let failure = Failure::new(Exit::Refused, what);
            if *status == StatusCode::UNAUTHORIZED {
                failure.fix("sign in with --user NAME, or give a valid --token")
            } else {
                failure
            }
        }
        ClientError::Unreachable { reason, .. } => unreachable(client, reason),
        error => unreachable(client, error),
    }
}

fn unreachable(client: &Client, reason: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Io, format!("can't reach {client}: {reason}"))
        .fix("is it running? `chinwag demo` starts a server here, --url names another one")
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Credentials({})", self.username)
    }
}
