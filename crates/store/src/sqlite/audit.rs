use model::directory::Edit;
use model::{Actor, LegId, Sid};
use sqlx::SqliteConnection;

use crate::StoreError;
use crate::assemble::describe;

/// Notes who made which edit.
pub(super) async fn note(
    db: &mut SqliteConnection,
    actor: &Actor,
    edit: &Edit,
    now_ms: i64,
) -> Result<(), StoreError> {
    let (action, object) = describe(edit);
    sqlx::query("INSERT INTO audit (at_ms, actor, action, object) VALUES (?1, ?2, ?3, ?4)")
        .bind(now_ms)
        .bind(actor_text(actor))
        .bind(action)
        .bind(object)
        .execute(db)
        .await?;
    Ok(())
}

/// An actor in words.
pub(super) fn actor_text(actor: &Actor) -> String {
    match actor {
        Actor::Leg(leg) => format!("leg {leg}"),
        Actor::User(sid) => format!("user {sid}"),
        Actor::Bridge => "bridge".to_owned(),
    }
}

/// The actor that was put in words.
pub(super) fn actor_of(text: &str) -> Option<Actor> {
    if text == "bridge" {
        return Some(Actor::Bridge);
    }
    match text.split_once(' ')? {
        ("leg", leg) => leg.parse().ok().map(|leg| Actor::Leg(LegId(leg))),
        ("user", sid) => Some(Actor::User(Sid::new(sid))),
        _ => None,
    }
}
