//! Events as the API sees them.

use api::{Answer, EventBackend, Hub, Kept, Missed, Records, Scope, Unavailable, Unlisted};
use model::query::Query;
use model::{Happening, MeetingId};

use super::backend::{BridgeBackend, tenants};

impl EventBackend for BridgeBackend {
    fn hub(&self) -> &Hub {
        &self.hub
    }

    fn missed(&self, scope: Scope, wanted: Missed) -> Answer<'_, Result<Vec<Happening>, Unavailable>> {
        Box::pin(async move {
            let wanted = store::Missed {
                after: wanted.after,
                upto: wanted.upto,
                number: wanted.number,
                limit: wanted.limit,
            };
            let missed = self.store.missed(&tenants(&scope), wanted).await;
            missed.map_err(Self::unavailable)
        })
    }

    fn kept(&self) -> Answer<'_, Result<Kept, Unavailable>> {
        Box::pin(async move {
            let kept = self.store.kept().await.map_err(Self::unavailable)?;
            Ok(Kept {
                forgotten: kept.forgotten,
                newest: kept.newest,
            })
        })
    }

    fn meeting_log(
        &self,
        scope: Scope,
        meeting: MeetingId,
        query: Query,
    ) -> Answer<'_, Result<Records<Happening>, Unlisted>> {
        Box::pin(async move {
            let log = self
                .store
                .meeting_log(&tenants(&scope), meeting, &query)
                .await
                .map_err(|error| self.unlisted(error))?;
            Ok(Records {
                page: log.page,
                total: log.total,
            })
        })
    }
}
