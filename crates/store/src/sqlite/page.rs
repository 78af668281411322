//! Pages of lists that may have millions of rows: counted without reading them where that can be, and read from the nearer end.

use model::query::Query;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::fault::whole;
use super::lists::Lists;
use super::owners::Owners;
use super::query::Table;
use crate::{Records, Scope, StoreError};

/// Which rows a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Rows before it.
    pub(super) skip: u64,
    /// Its rows.
    pub(super) take: u64,
    /// Whether both are counted from the end of the list. Rows that are skipped are read one by one: from the nearer end they are fewer.
    pub(super) from_end: bool,
}

impl Cut {
    /// The page of `query` in a list of `total` rows.
    fn of(query: &Query, total: u64) -> Self {
        let behind = total.saturating_sub(query.offset);
        let take = behind.min(query.limit.into());
        let (before, after) = (query.offset, behind - take);
        Self {
            skip: before.min(after),
            take,
            from_end: after < before,
        }
    }

    /// The first page of `query`, whatever there is behind it.
    fn first(query: &Query) -> Self {
        Self {
            skip: 0,
            take: query.limit.into(),
            from_end: false,
        }
    }
}

impl Table {
    /// One page of the rows of `scope`, and how many there are in all, as of one moment.
    pub(super) async fn read<R>(
        &self,
        lists: &Lists,
        scope: &Scope,
        query: &Query,
        each: fn(&SqliteRow) -> Result<R, StoreError>,
    ) -> Result<Records<R>, StoreError> {
        let found = async |db: &mut SqliteConnection| {
            let owners = Owners::of(db, scope, self.outlives).await?;
            self.found(db, &owners, query).await
        };
        let (rows, total) = lists.read(scope, found).await?;
        Ok(Records {
            page: rows.iter().map(each).collect::<Result<_, _>>()?,
            total,
        })
    }

    async fn found(
        &self,
        db: &mut SqliteConnection,
        owners: &Owners,
        query: &Query,
    ) -> Result<(Vec<SqliteRow>, u64), StoreError> {
        if query.offset > 0 {
            let total = self.total(db, owners, query).await?;
            let rows = self.rows(db, owners, query, Cut::of(query, total)).await?;
            return Ok((rows, total));
        }
        let rows = self.rows(db, owners, query, Cut::first(query)).await?;
        // A list that ends on its first page needs not be gone through again.
        let total = match rows.len() < query.limit as usize {
            true => rows.len() as u64,
            false => self.total(db, owners, query).await?,
        };
        Ok((rows, total))
    }

    async fn total(
        &self,
        db: &mut SqliteConnection,
        owners: &Owners,
        query: &Query,
    ) -> Result<u64, StoreError> {
        let mut sql = self.count(owners, query)?;
        let total: i64 = sql.build_query_scalar().fetch_one(db).await?;
        whole(total, "count")
    }

    async fn rows(
        &self,
        db: &mut SqliteConnection,
        owners: &Owners,
        query: &Query,
        cut: Cut,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut sql = self.page(owners, query, cut)?;
        if cut.take == 0 {
            return Ok(Vec::new());
        }
        let mut rows = sql.build().fetch_all(db).await?;
        if cut.from_end {
            rows.reverse();
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use model::Sid;
    use model::query::{Filter, OrderBy, Relation, Scalar, Test};
    use sqlx::{AssertSqlSafe, Row};
    use tempfile::TempDir;

    use super::super::{SqliteStore, audit, deliveries, happenings, records};
    use super::*;

    fn query(order: (&'static str, bool), filter: Option<Condition>) -> Query {
        let (field, descending) = order;
        Query {
            offset: 0,
            limit: 10,
            order: vec![OrderBy { field, descending }],
            filter: filter.map(|(name, test)| Filter::Field { name, test }),
        }
    }

    #[test]
    fn a_page_is_counted_from_the_nearer_end() {
        for (offset, total, expected) in [
            (1, 1_000, (1, 10, false)),
            (490, 1_000, (490, 10, false)),
            (500, 1_000, (490, 10, true)),
            (990, 1_000, (0, 10, true)),
            (995, 1_000, (0, 5, true)),
            (1_000, 1_000, (0, 0, true)),
            (u64::MAX, 1_000, (0, 0, true)),
            (1, 0, (0, 0, true)),
        ] {
            let query = Query {
                offset,
                ..query(("id", false), None)
            };
            let cut = Cut::of(&query, total);
            assert_eq!(
                (cut.skip, cut.take, cut.from_end),
                expected,
                "{offset} of {total}"
            );
        }
    }

    /// A list and whose rows of it are asked for.
    struct Asked<'a>(&'a SqliteStore, &'a Table, Scope);

    impl Asked<'_> {
        /// How SQLite would read the first page of `query`.
        async fn plan(&self, query: &Query) -> String {
            let Self(store, table, scope) = self;
            let mut db = store.lists.pool.acquire().await.unwrap();
            let owners = Owners::of(&mut db, scope, table.outlives).await.unwrap();
            let sql = table.page(&owners, query, Cut::first(query)).unwrap();
            let explained = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", sql.sql().as_str()));
            let steps = sqlx::query(explained).fetch_all(&mut *db).await.unwrap();
            let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
            steps.join("; ")
        }

        async fn is_read_by(&self, index: &str, order: (&'static str, bool), filter: Option<Condition>) {
            let query = query(order, filter);
            let plan = self.plan(&query).await;
            let is_good = plan.contains(index) && !plan.contains("TEMP B-TREE");
            assert!(is_good, "{query:?} for {:?}: {plan}", self.2);
        }
    }

    type Condition = (&'static str, Test);

    const NEWEST: (&str, bool) = ("created", true);

    fn is(field: &'static str, relation: Relation, value: Scalar) -> Option<Condition> {
        Some((field, Test::Is(relation, value)))
    }

    fn text(field: &'static str) -> Option<Condition> {
        is(field, Relation::Equal, Scalar::Text("1".to_owned()))
    }

    fn id(field: &'static str) -> Option<Condition> {
        is(field, Relation::Equal, Scalar::Whole(7))
    }

    fn since() -> Option<Condition> {
        is("created", Relation::GreaterOrEqual, Scalar::Whole(7))
    }

    fn one() -> Scope {
        Scope::tenant(Sid::new("a"))
    }

    fn several() -> Scope {
        Scope::of(Sid::new("a"), [Sid::new("b")])
    }

    #[tokio::test]
    async fn what_records_are_mostly_asked_for_is_found_by_an_index_in_its_order() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let calls = Asked(&store, &records::CDRS, one());
        calls.is_read_by("cdrs_by_subscriber", NEWEST, None).await;
        calls.is_read_by("cdrs_by_subscriber", NEWEST, since()).await;
        calls.is_read_by("cdrs_by_caller", NEWEST, text("caller")).await;
        let calls = Asked(&store, &records::CDRS, several());
        calls.is_read_by("cdrs_by_time", NEWEST, None).await;
        calls.is_read_by("cdrs_by_callee", NEWEST, text("callee")).await;
        let calls = Asked(&store, &records::CDRS, several().and_unowned(true));
        calls.is_read_by("cdrs_by_time", NEWEST, None).await;
        calls.is_read_by("cdrs_by_time", ("created", false), None).await;
        calls.is_read_by("cdrs_by_time", NEWEST, since()).await;
        calls.is_read_by("cdrs_by_caller", NEWEST, text("caller")).await;
        calls.is_read_by("cdrs_by_meeting", NEWEST, id("meetingId")).await;
        calls.is_read_by("PRIMARY KEY", NEWEST, id("id")).await;
        let meetings = Asked(&store, &records::MDRS, one());
        meetings.is_read_by("mdrs_by_subscriber", NEWEST, None).await;
        let meetings = Asked(&store, &records::MDRS, several().and_unowned(true));
        meetings.is_read_by("mdrs_by_time", NEWEST, None).await;
    }

    #[tokio::test]
    async fn what_other_lists_are_mostly_asked_for_is_found_by_an_index() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let changes = Asked(&store, &audit::SEEN, one());
        changes.is_read_by("audit_tenants_by_time", NEWEST, None).await;
        changes.is_read_by("audit_tenants_by_time", NEWEST, since()).await;
        changes.is_read_by("PRIMARY KEY", ("id", true), None).await;
        let plan = changes.plan(&query(NEWEST, text("object"))).await;
        assert!(plan.contains("audit_by_object"), "{plan}");
        let events = Asked(&store, &happenings::TABLE, one());
        let (by_place, of_meeting) = (("sequence", false), id("meetingId"));
        events
            .is_read_by("happenings_by_meeting", by_place, of_meeting)
            .await;
        let posted = Asked(&store, &deliveries::TABLE, one());
        let key = "deliveries USING PRIMARY KEY";
        posted.is_read_by(key, ("id", true), text("webhook")).await;
        let dead = Asked(&store, &deliveries::DEAD, one());
        let plan = dead.plan(&query(("id", true), text("webhook"))).await;
        assert!(plan.contains("deliveries_dead (webhook=?)"), "{plan}");
    }
}
