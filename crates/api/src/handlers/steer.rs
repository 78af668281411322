use std::sync::Arc;

use model::Live;

use crate::auth::Caller;
use crate::backend::{LiveCommand, Target};
use crate::error::ApiError;
use crate::router::Api;

/// Does `commands` one after another, up to the first that is refused; answers a snapshot that includes them.
pub(super) async fn steer(
    api: &Api,
    caller: &Caller,
    target: Target,
    commands: Vec<LiveCommand>,
) -> Result<Arc<Live>, ApiError> {
    let mut live = api.backend.live();
    for command in commands {
        live = api.backend.command(caller.actor(), target, command).await?;
    }
    Ok(live)
}
