//! Swagger UI at `/docs`, embedded in the binary.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::error::detail;
use super::ui::accepts;

/// Swagger UI builds its page by script, so it can't run under the Trusted Types of our own pages.
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

/// The page's paths are relative to the address without the slash.
pub(super) async fn without_slash() -> Redirect {
    Redirect::permanent("../docs")
}

pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    if name == "start.js" {
        return ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], START).into_response();
    }
    let Some(packed) = chinwag_web::documentation().iter().find(|packed| packed.name == name) else {
        return detail(StatusCode::NOT_FOUND, "Not Found");
    };
    let content_type = (header::CONTENT_TYPE, packed.content_type);
    let mut response = if accepts(&headers, "gzip") {
        ([content_type, (header::CONTENT_ENCODING, "gzip")], packed.gzip).into_response()
    } else if let Ok(bytes) = packed.unpack() {
        ([content_type], bytes).into_response()
    } else {
        return detail(StatusCode::INTERNAL_SERVER_ERROR, "internal error");
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn with_csp(mut response: Response) -> Response {
    let name: HeaderName = header::CONTENT_SECURITY_POLICY;
    response.headers_mut().insert(name, HeaderValue::from_static(CSP));
    response
}
