//! Swagger UI at `/docs`, from the binary.

use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::error::detail;

/// Swagger UI builds its page with script, so it can't live under the Trusted Types of our own pages.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                   connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Paths are relative to `/docs`, so that the page also works nested under a host's path.
const PAGE: &str = r##"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>chinwag API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"##;

const START: &str = r##"window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"##;

pub(super) async fn page() -> Response {
    with_csp(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PAGE).into_response())
}

/// The page's paths are relative to the form without the slash.
pub(super) async fn without_slash() -> Redirect {
    Redirect::permanent("../docs")
}

pub(super) async fn file(Path(name): Path<String>) -> Response {
    if name == "start.js" {
        return ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], START).into_response();
    }
    vendored(&name).unwrap_or_else(|| detail(StatusCode::NOT_FOUND, "Not Found"))
}

fn vendored(name: &str) -> Option<Response> {
    let is_wanted = matches!(name, "swagger-ui.css" | "swagger-ui-bundle.js");
    let file = utoipa_swagger_ui::serve(name, Default::default()).ok().flatten().filter(|_| is_wanted)?;
    let mut response = ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response();
    if file.gzpipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("gzip"));
    }
    Some(response)
}

fn with_csp(mut response: Response) -> Response {
    let name: HeaderName = header::CONTENT_SECURITY_POLICY;
    response.headers_mut().insert(name, header::HeaderValue::from_static(CSP));
    response
}
