//! Who a command is on the server: a token, a user with a password, or a demo's sample user.

use hyper::Method;
use serde_json::Value;

use super::{Body, CallError, Client};
use crate::commands::password;
use crate::failure::{Exit, Failure};

/// What every demo has, and nobody else.
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
    /// A token; the variable keeps it out of the list of processes
    #[arg(long, env = "CHINWAG_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Sign in as this user, whatever token there is; asks for the password
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Read the password from the first line of stdin
    #[arg(long, requires = "user")]
    pub(crate) password_stdin: bool,
}

/// A way in, which can be taken again when a token has run out.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) client: Client,
    pub(crate) token: String,
    credentials: Option<Credentials>,
}

struct Credentials {
    username: String,
    password: String,
}

impl AccessArguments {
    /// Signs in, if there is no token.
    pub(crate) async fn enter(self) -> Result<Access, Failure> {
        let client = Client::new(&self.url)?;
        let credentials = match (self.token.filter(|token| !token.is_empty()), self.user) {
            // The user comes first: a variable in the shell must not change whom the command names.
            (_, Some(username)) => {
                Credentials { password: password_of(&username, self.password_stdin)?, username }
            }
            (Some(token), None) => return Ok(Access { client, token, credentials: None }),
            (None, None) => demo_credentials(&client).await?,
        };
        let token = sign_in(&client, &credentials).await.map_err(|error| error.explain(&client))?;
        Ok(Access { client, token, credentials: Some(credentials) })
    }
}

impl Access {
    /// Gets a new token, if there is a password to get it with.
    pub(crate) async fn renew(&mut self) -> Result<bool, CallError> {
        let Some(credentials) = &self.credentials else { return Ok(false) };
        self.token = sign_in(&self.client, credentials).await?;
        Ok(true)
    }

    /// An authorized request.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Body) -> Result<Value, CallError> {
        self.client.call(method, path, Some(&self.token), body).await
    }
}

fn password_of(username: &str, is_on_stdin: bool) -> Result<String, Failure> {
    if is_on_stdin {
        password::from_stdin()
    } else {
        password::ask(&format!("Password of {}: ", crate::output::printable_line(username)))
    }
}

async fn demo_credentials(client: &Client) -> Result<Credentials, Failure> {
    let health = client.call(Method::GET, "/healthz", None, Body::Empty).await;
    let health = health.map_err(|error| error.explain(client))?;
    if health.get("demo") != Some(&Value::Bool(true)) {
        return Err(Failure::new(Exit::Usage, "this server is no demo, so it has to know who you are")
            .fix("add --user NAME, or --token, or set CHINWAG_TOKEN"));
    }
    Ok(Credentials { username: DEMO_USER.to_owned(), password: DEMO_PASSWORD.to_owned() })
}

async fn sign_in(client: &Client, credentials: &Credentials) -> Result<String, CallError> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("username", &credentials.username)
        .append_pair("password", &credentials.password)
        .finish();
    let answer = client.call(Method::POST, "/auth/token", None, Body::Form(form)).await?;
    let token = answer.get("access_token").and_then(Value::as_str);
    token.map(str::to_owned).ok_or_else(|| CallError::Unreachable("it is no chinwag server".to_owned()))
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Credentials({})", self.username)
    }
}
