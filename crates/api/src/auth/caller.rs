//! What the one who asks may see and do.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use model::directory::{Did, DidGroup, Directory, Room, Subscriber, SubscriberRole};
use model::{Actor, CallView, DidGroupId, Live, MeetingNumber, MeetingView, Sid};

use crate::error::ApiError;

/// A subscriber that has shown good credentials, and the directory as it was then.
///
/// It sees what belongs to its tree: itself and all below it; an operator works for the subscriber it stands below and
/// sees that one's tree. Everything else does not exist for it.
#[derive(Clone)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) sid: Sid,
    /// Top of the tree it sees.
    pub(crate) top: Sid,
    /// The directory it sees a part of.
    pub(crate) directory: Arc<Directory>,
    role: SubscriberRole,
    /// DID groups lent to it.
    lent: Arc<[DidGroupId]>,
}

impl Caller {
    pub(crate) fn new(directory: Arc<Directory>, subscriber: &Subscriber) -> Self {
        Self {
            sid: subscriber.sid.clone(),
            top: subscriber.top().clone(),
            role: subscriber.role,
            lent: subscriber.lent_groups().collect(),
            directory,
        }
    }

    /// The same subscriber as `directory` has it, which may be newer.
    ///
    /// # Errors
    /// It is there no more: its credentials are good for nothing.
    pub(crate) fn at(&self, directory: Arc<Directory>) -> Result<Self, ApiError> {
        let subscriber = directory.subscriber(&self.sid).cloned();
        let subscriber = subscriber.ok_or_else(ApiError::bad_credentials)?;
        Ok(Self::new(directory, &subscriber))
    }

    /// The same caller, if by a newer directory it still is: there, with the same password, and above the same tree.
    pub(crate) fn still(&self, directory: Arc<Directory>) -> Option<Self> {
        let (before, now) = (
            self.directory.subscriber(&self.sid)?,
            directory.subscriber(&self.sid)?,
        );
        let newer = Self::new(directory.clone(), now);
        let same = before.password_hash == now.password_hash && newer.top == self.top;
        same.then_some(newer)
    }

    /// As it stands in logs of meetings.
    pub(crate) fn actor(&self) -> Actor {
        Actor::User(self.sid.clone())
    }

    /// Refuses a role that may look and steer but change nothing that is configured.
    pub(crate) fn may_configure(&self) -> Result<(), ApiError> {
        match self.role {
            SubscriberRole::Administrator | SubscriberRole::Regular => Ok(()),
            SubscriberRole::Operator => Err(ApiError::forbidden()),
        }
    }

    /// Refuses all but administrators.
    pub(crate) fn may_administer(&self) -> Result<(), ApiError> {
        match self.role {
            SubscriberRole::Administrator => Ok(()),
            SubscriberRole::Operator | SubscriberRole::Regular => Err(ApiError::forbidden()),
        }
    }

    /// What it may do.
    pub(crate) fn role(&self) -> SubscriberRole {
        self.role
    }

    /// Whether it may see secrets of `subscriber`: its own, and for administrators all of their tree.
    pub(crate) fn trusted_with(&self, subscriber: &Subscriber) -> bool {
        self.role == SubscriberRole::Administrator || subscriber.sid == self.sid
    }

    /// Whether what `owner` owns is in its tree.
    pub(crate) fn sees(&self, owner: &Sid) -> bool {
        self.directory.is_within(owner, &self.top)
    }

    /// Whether it may use a DID group: one of its tree, or one lent to it.
    pub(crate) fn sees_group(&self, group: &DidGroup) -> bool {
        self.lent.contains(&group.id) || self.sees(&group.subscriber_sid)
    }

    /// Whether it may see a DID.
    pub(crate) fn sees_did(&self, did: &Did) -> bool {
        self.group(did.did_group_id).is_some()
    }

    /// Whether it may see and steer a call. One that was in a meeting stays its owner's, whoever has the number of that meeting by now.
    pub(crate) fn sees_call(&self, call: &CallView) -> bool {
        self.sees(&call.subscriber_sid)
    }

    /// A DID group it may use.
    pub(crate) fn group(&self, id: DidGroupId) -> Option<&Arc<DidGroup>> {
        self.directory.group(id).filter(|group| self.sees_group(group))
    }

    /// A DID group of its tree; one that is lent to it belongs to somebody else.
    pub(crate) fn own_group(&self, id: DidGroupId) -> Option<&Arc<DidGroup>> {
        let group = self.directory.group(id);
        group.filter(|group| self.sees(&group.subscriber_sid))
    }

    /// A meeting room of its tree.
    pub(crate) fn room(&self, number: MeetingNumber) -> Result<&Arc<Room>, ApiError> {
        let room = self.directory.room(number);
        room.filter(|room| self.sees(&room.subscriber_sid))
            .ok_or_else(ApiError::not_found)
    }

    /// A subscriber of its tree.
    pub(crate) fn subscriber(&self, sid: &Sid) -> Result<&Arc<Subscriber>, ApiError> {
        let subscriber = self.directory.subscriber(sid);
        subscriber
            .filter(|subscriber| self.sees(&subscriber.sid))
            .ok_or_else(ApiError::no_such_sid)
    }

    /// A meeting of its tree.
    pub(crate) fn meeting<'a>(
        &self,
        live: &'a Live,
        number: MeetingNumber,
    ) -> Result<&'a Arc<MeetingView>, ApiError> {
        let meeting = live.meetings.get(&number);
        meeting
            .filter(|meeting| self.sees(&meeting.subscriber_sid))
            .ok_or_else(ApiError::not_found)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(ApiError::unauthorized)
    }
}
