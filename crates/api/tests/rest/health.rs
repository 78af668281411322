use axum::body::Body;
use axum::http::Request;

use crate::world::World;

#[tokio::test]
async fn health_is_told_without_credentials() {
    let world = World::new();
    let ask = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(world.send(ask("/livez")).await.text, r#"{"status":"ok"}"#);
    assert_eq!(world.send(ask("/readyz")).await.status, 200);
    let readiness = &mut world.backend.state().readiness.clone();
    readiness.ready = false;
    readiness.reasons = vec!["draining".into()];
    world.backend.state().readiness = readiness.clone();
    let reply = world.send(ask("/readyz")).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.text, r#"{"ready":false,"reasons":["draining"]}"#);
    assert_eq!(world.send(ask("/livez")).await.status, 200, "alive all the same");
}
