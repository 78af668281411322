//! Changes of the directory: tried out first, so that ids are given only for what is good.

use std::sync::Arc;

use axum::http::StatusCode;
use model::directory::{Directory, Edit, Room, Subscriber};
use model::{DidGroupId, DidId, KeyId};
use serde::Serialize;
use tokio::sync::MutexGuard;

use crate::auth::Caller;
use crate::backend::{Backend, EditRefused, IdKind};
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::router::Api;

/// Stands for an id that has not been given yet.
pub(super) const NEW_ID: u64 = u64::MAX;

/// The right to change the directory, held by one request at a time, and what that one wants.
pub(super) struct Editing<'a> {
    api: &'a Api,
    /// Who asks, looking at the directory as the edits so far would leave it.
    pub(super) caller: Caller,
    edits: Vec<Edit>,
    _alone: MutexGuard<'a, ()>,
}

impl<'a> Editing<'a> {
    /// Waits until nobody else edits. `may` is asked before, and again of what the caller is then.
    pub(super) async fn begin(
        api: &'a Api,
        caller: &Caller,
        may: fn(&Caller) -> Result<(), ApiError>,
    ) -> Result<Self, ApiError> {
        may(caller)?;
        let alone = api.edits.lock().await;
        let caller = caller.at(api.backend.directory())?;
        may(&caller)?;
        Ok(Self {
            api,
            caller,
            edits: Vec::new(),
            _alone: alone,
        })
    }

    /// Adds an edit, or says why the directory would refuse it.
    pub(super) fn add(&mut self, edit: Edit) -> Result<(), ApiError> {
        let next = self.caller.directory.edited(edit.clone());
        self.caller = self.caller.at(next.map_err(EditRefused::Error)?.into())?;
        self.edits.push(edit);
        Ok(())
    }

    /// Takes away an object that is as `conditions` demand; `current` is how clients know it.
    pub(super) async fn delete(
        mut self,
        edit: Edit,
        current: &impl Serialize,
        conditions: &Conditions,
    ) -> Result<StatusCode, ApiError> {
        self.add(edit)?;
        conditions.allow(current)?;
        self.commit().await?;
        Ok(StatusCode::NO_CONTENT)
    }

    /// Makes the edits, all or none; answers them with the ids they were given, and the directory that includes them.
    pub(super) async fn commit(mut self) -> Result<(Vec<Edit>, Arc<Directory>), ApiError> {
        for edit in &mut self.edits {
            give_ids(edit, &*self.api.backend).await?;
        }
        let made = self.api.backend.edit(self.caller.actor(), self.edits.clone());
        let directory = made.await?;
        Ok((self.edits, directory))
    }
}

async fn give_ids(edit: &mut Edit, backend: &dyn Backend) -> Result<(), ApiError> {
    match edit {
        Edit::PutSubscriber(Subscriber {
            callback: Some(callback),
            ..
        }) => callback.id = given(callback.id, IdKind::Callback, backend).await?,
        Edit::PutGroup(group) => group.id = DidGroupId(given(group.id.0, IdKind::DidGroup, backend).await?),
        Edit::PutDid(did) => did.id = DidId(given(did.id.0, IdKind::Did, backend).await?),
        Edit::PutRoom(room) | Edit::RenumberRoom { room, .. } => give_key_ids(room, backend).await?,
        Edit::PutSubscriber(_)
        | Edit::DeleteSubscriber(_)
        | Edit::DeleteGroup(_)
        | Edit::DeleteDid(_)
        | Edit::DeleteRoom(_) => {}
    }
    Ok(())
}

/// `id`, or a fresh one in place of none.
async fn given(id: u64, kind: IdKind, backend: &dyn Backend) -> Result<u64, ApiError> {
    match id {
        NEW_ID => {
            let ids = backend.new_ids(kind, 1).await?;
            ids.first().copied().ok_or_else(ApiError::internal)
        }
        id => Ok(id),
    }
}

async fn give_key_ids(room: &mut Room, backend: &dyn Backend) -> Result<(), ApiError> {
    let fresh = room.keychain.iter_mut().filter(|key| key.id.0 == NEW_ID);
    let fresh: Vec<_> = fresh.collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let ids = backend.new_ids(IdKind::Key, fresh.len()).await?;
    if ids.len() != fresh.len() {
        return Err(ApiError::internal());
    }
    fresh
        .into_iter()
        .zip(ids)
        .for_each(|(key, id)| key.id = KeyId(id));
    Ok(())
}
