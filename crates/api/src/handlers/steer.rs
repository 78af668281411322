use std::sync::Arc;

use model::Live;

use crate::auth::Caller;
use crate::backend::{LiveCommand, Target};
use crate::error::ApiError;
use crate::router::Api;

/// Does `commands` one after another, or none of them where one is refused; answers a snapshot that includes them.
pub(super) async fn steer(
    api: &Api,
    caller: &Caller,
    target: Target,
    mut commands: Vec<LiveCommand>,
) -> Result<Arc<Live>, ApiError> {
    let command = match commands.len() {
        0 => return Ok(api.backend.live()),
        1 => commands.remove(0),
        _ => LiveCommand::Several(commands),
    };
    Ok(api.backend.command(caller.actor(), target, command).await?)
}
