use axum::body::Body;
use axum::http::Request;

use crate::world::{Reply, World};

async fn get(path: &str) -> Reply {
    World::new()
        .send(Request::get(path).body(Body::empty()).unwrap())
        .await
}

/// What the page loads: what stands in quotes after `src=` and `href=`.
fn loaded(page: &str) -> Vec<&str> {
    let parts = page.split("src=\"").skip(1).chain(page.split("href=\"").skip(1));
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn the_page_loads_nothing_but_what_is_served_beside_it() {
    let page = get("/docs").await;
    let files = loaded(&page.text);
    assert!(files.len() >= 5, "{files:?}");
    for file in files.into_iter().filter(|file| *file != "data:,") {
        let reply = get(file).await;
        assert_eq!(reply.status, 200, "{file}");
        assert!(reply.text.len() > 40, "{file}");
    }
    assert_eq!(get("/docs/..%2Fopenapi.json").await.status, 404);
    assert_eq!(get("/docs/nothing").await.status, 404);
}

#[tokio::test]
async fn the_page_and_its_files_hold_browsers_to_what_is_ours() {
    for path in [
        "/docs",
        "/docs/page.js",
        "/docs/swagger-ui.css",
        "/docs/swagger-ui-bundle.js",
    ] {
        let reply = get(path).await;
        let policy = reply.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{path}: {policy}"
        );
        for word in ["http:", "https:", "*", "'unsafe-eval'"] {
            assert!(!policy.contains(word), "{path}: {policy}");
        }
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    let page = get("/docs").await.text;
    assert!(!page.contains("<script>") && !page.contains("://"), "{page}");
}
