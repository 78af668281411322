//! The reference page at `/docs`: Swagger UI, kept packed in `docs/`, showing the document of this bridge. Nothing is loaded from
//! elsewhere, which the page's policy holds browsers to.

use axum::extract::Path;
use axum::http::HeaderName;
use axum::http::header::{
    CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// Scripts and requests of our own only. Swagger UI sets styles of single elements, and has its pictures within its styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const CSS: &str = "text/css; charset=utf-8";
pub(super) const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of the page.
struct File {
    name: &'static str,
    media_type: &'static str,
    /// `gzip` for those that are kept packed: every browser unpacks them.
    encoding: &'static str,
    bytes: &'static [u8],
}

const FILES: &[File] = &[
    File {
        name: "page.css",
        media_type: CSS,
        encoding: "identity",
        bytes: include_bytes!("../../docs/page.css"),
    },
    File {
        name: "page.js",
        media_type: SCRIPT,
        encoding: "identity",
        bytes: include_bytes!("../../docs/page.js"),
    },
    File {
        name: "swagger-ui.css",
        media_type: CSS,
        encoding: "gzip",
        bytes: include_bytes!("../../docs/swagger-ui.css.gz"),
    },
    File {
        name: "swagger-ui-bundle.js",
        media_type: SCRIPT,
        encoding: "gzip",
        bytes: include_bytes!("../../docs/swagger-ui-bundle.js.gz"),
    },
];

/// GET /docs
pub(crate) async fn page() -> Response {
    const PAGE: &[u8] = include_bytes!("../../docs/index.html");
    ([(CONTENT_TYPE, HTML)], HEADERS, PAGE).into_response()
}

/// GET /docs/{file}
pub(crate) async fn file(Path(name): Path<String>) -> Result<Response, ApiError> {
    let file = FILES.iter().find(|file| file.name == name);
    let file = file.ok_or_else(ApiError::not_found)?;
    let own = [(CONTENT_TYPE, file.media_type), (CONTENT_ENCODING, file.encoding)];
    Ok((own, HEADERS, file.bytes).into_response())
}

const HEADERS: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
];
