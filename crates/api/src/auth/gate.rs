//! The door of the API: lets nobody through without good credentials, and makes guessing them slow.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::directory::{Directory, Subscriber};

use super::basic::{Credentials, credentials};
use super::cache::Cache;
use super::caller::Caller;
use super::limit::Limiter;
use super::password::NOBODY;
use super::rate::Rates;
use super::turns::Turns;
use crate::backend::Backend;
use crate::error::ApiError;
use crate::limited::Limited;
use crate::router::Api;

/// Longest wait for one's turn.
const CHECK_WAIT: Duration = Duration::from_secs(5);

/// Address a request came from; an extension that the one who accepts connections puts on each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// What the credentials of a request were worth; stands in the extensions of its answer, for the one who accepts connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Login {
    /// Good.
    Good,
    /// There were none, or none that can be read.
    Missing,
    /// Wrong.
    Wrong,
    /// Not looked at: there were too many wrong ones before.
    Limited,
    /// Good, and refused: this login asks too often.
    Busy,
    /// Not looked at: too many wait, or the check failed.
    Unchecked,
}

/// Why a request was not let in.
enum Denied {
    Missing,
    Wrong,
    /// Too many were wrong; to be tried again after so many seconds.
    Limited(u64),
    /// Good, but too many requests; to be tried again after so many seconds.
    Busy(u64),
    Crowded,
    Fault,
}

impl Denied {
    const fn login(&self) -> Login {
        match self {
            Self::Missing => Login::Missing,
            Self::Wrong => Login::Wrong,
            Self::Limited(_) => Login::Limited,
            Self::Busy(_) => Login::Busy,
            Self::Crowded | Self::Fault => Login::Unchecked,
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Missing => Self::unauthorized(),
            Denied::Wrong => Self::bad_credentials(),
            Denied::Limited(seconds) | Denied::Busy(seconds) => Self::too_many_requests(seconds),
            Denied::Crowded => Self::unavailable(),
            Denied::Fault => Self::internal(),
        }
    }
}

/// What is known about credentials so far.
pub(crate) struct Gate {
    cache: Mutex<Cache>,
    limiter: Mutex<Limiter>,
    rates: Mutex<Rates>,
    turns: Turns,
    limited: Limited,
}

impl Gate {
    /// `per_second` requests of one login are let through, 0 for all. What tables forget is counted in `limited`.
    pub(crate) fn new(backend: &dyn Backend, per_second: u32, limited: Limited) -> Self {
        let mut key = [0; 32];
        for part in key.chunks_exact_mut(8) {
            part.copy_from_slice(&backend.random().to_le_bytes());
        }
        Self::with_key(key, per_second, limited)
    }

    /// The same; `key` must be random and of this process alone.
    fn with_key(key: [u8; 32], per_second: u32, limited: Limited) -> Self {
        Self {
            cache: Mutex::new(Cache::new(key)),
            limiter: Mutex::default(),
            rates: Mutex::new(Rates::new(per_second)),
            turns: Turns::default(),
            limited,
        }
    }

    async fn admit(
        &self,
        backend: &dyn Backend,
        headers: &HeaderMap,
        source: IpAddr,
    ) -> Result<Caller, Denied> {
        let credentials = credentials(headers).ok_or(Denied::Missing)?;
        let directory = backend.directory();
        let now_ms = || backend.now_ms();
        let subscriber = self.verified(&directory, &credentials, source, now_ms).await?;
        let in_time = locked(&self.rates).take(&subscriber.sid, backend.now_ms());
        in_time.map_err(Denied::Busy)?;
        Ok(Caller::new(directory.clone(), subscriber))
    }

    /// Whose credentials these are.
    async fn verified<'a>(
        &self,
        directory: &'a Directory,
        credentials: &Credentials,
        source: IpAddr,
        now_ms: impl Fn() -> i64,
    ) -> Result<&'a Arc<Subscriber>, Denied> {
        let subscriber = directory.login(&credentials.login);
        // An unknown login takes the same work as a wrong password.
        let stored = subscriber.map_or(NOBODY, |subscriber| &subscriber.password_hash);
        self.check(credentials, stored, source, now_ms).await?;
        subscriber.ok_or(Denied::Wrong)
    }

    async fn check(
        &self,
        credentials: &Credentials,
        stored: &str,
        source: IpAddr,
        now_ms: impl Fn() -> i64,
    ) -> Result<(), Denied> {
        if self.known(credentials, stored, source, now_ms())? {
            return Ok(());
        }
        let blame = locked(&self.limiter).blame(source, now_ms());
        let turn = tokio::time::timeout(CHECK_WAIT, self.turns.wait(source, blame));
        let Ok(turn) = turn.await else {
            return Err(Denied::Crowded);
        };
        let Ok(mut turn) = turn else {
            self.limited.note(|counts| counts.checks_refused += 1);
            return Err(Denied::Crowded);
        };
        // Others have had their turn meanwhile: guesses sent all at once must count one by one, and of good credentials
        // sent all at once only the first need the work.
        if self.known(credentials, stored, source, now_ms())? {
            return Ok(());
        }
        let (password, hash) = (credentials.password.clone(), stored.to_owned());
        let check = tokio::task::spawn_blocking(move || (turn.verifier().verify(&password, &hash), turn));
        let (good, turn) = check.await.map_err(|_| Denied::Fault)?;
        if good {
            let forgotten = locked(&self.cache).keep(credentials, stored);
            self.limited
                .note(|counts| counts.logins_forgotten += forgotten as u64);
            return Ok(());
        }
        tracing::debug!(%source, "wrong credentials");
        let forgotten = locked(&self.limiter).failed(&credentials.login, source, now_ms());
        self.limited
            .note(|counts| counts.wrong_logins_forgotten += forgotten as u64);
        turn.was_wrong();
        Err(Denied::Wrong)
    }

    /// Whether these credentials are known to be good. Refuses who has been wrong too often, good or not.
    fn known(
        &self,
        credentials: &Credentials,
        stored: &str,
        source: IpAddr,
        now_ms: i64,
    ) -> Result<bool, Denied> {
        let wait_s = locked(&self.limiter).wait_s(&credentials.login, source, now_ms);
        match wait_s {
            0 => Ok(locked(&self.cache).knows(credentials, stored)),
            seconds => Err(Denied::Limited(seconds)),
        }
    }
}

/// What these locks guard is whole after every statement, so a panic elsewhere leaves nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets a request through as the [`Caller`] its credentials name.
pub(crate) async fn require(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>();
    let source = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let admitted = api.gate.admit(&*api.backend, request.headers(), source);
    let (login, mut response) = match admitted.await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            (Login::Good, next.run(request).await)
        }
        Err(denied) => (denied.login(), ApiError::from(denied).into_response()),
    };
    response.extensions_mut().insert(login);
    response
}

#[cfg(test)]
mod tests {
    use model::directory::Edit;

    use super::super::password::hash_password;
    use super::super::turns::Blame;
    use super::*;
    use crate::fixtures::subscriber;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
    const PASSWORD: &str = "secret";

    struct Door {
        gate: Gate,
        directory: Directory,
    }

    impl Door {
        /// Alice has a password, Anna none, and what is kept of Adam's is no hash.
        fn new() -> Self {
            let hash = hash_password(PASSWORD, [7; 16]);
            let all = [
                ("alice", hash),
                ("anna", String::new()),
                ("adam", PASSWORD.to_owned()),
            ];
            let mut directory = Directory::default();
            for (login, hash) in all {
                let edit = Edit::PutSubscriber(Subscriber {
                    password_hash: hash,
                    ..subscriber(login, None)
                });
                directory = directory.edited(edit).unwrap();
            }
            let gate = Gate::with_key([7; 32], 0, Limited::default());
            Self { gate, directory }
        }

        /// What credentials are worth, and what was computed to find out.
        async fn tried(&self, login: &str, password: &str, source: IpAddr) -> (Login, Vec<String>) {
            let credentials = Credentials {
                login: login.to_owned(),
                password: password.to_owned(),
            };
            let before = self.gate.turns.computed().len();
            let verified = self
                .gate
                .verified(&self.directory, &credentials, source, || 0)
                .await;
            let worth = verified.map_or_else(|denied| denied.login(), |_| Login::Good);
            (worth, self.gate.turns.computed().split_off(before))
        }
    }

    #[tokio::test]
    async fn whatever_is_wrong_takes_one_computation_at_the_cost_of_what_is_right() {
        let door = Door::new();
        let (worth, right) = door.tried("alice", PASSWORD, HERE).await;
        assert_eq!(worth, Login::Good);
        assert_eq!(right, ["argon2id m=19456,t=2,p=1 32"]);
        for (login, password) in [
            ("alice", "wrong"),
            ("alice", ""),
            ("nobody", PASSWORD),
            ("nobody", ""),
            ("", ""),
            ("anna", ""),
            ("adam", PASSWORD),
        ] {
            let (worth, computed) = door.tried(login, password, HERE).await;
            assert_eq!((worth, &computed), (Login::Wrong, &right), "{login}:{password}");
        }
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_is_turned_away_and_counted() {
        let door = Door::new();
        let others = (0..300).map(|n| IpAddr::V4(Ipv4Addr::from_bits(n)));
        let waiting: Vec<_> = others
            .map(|other| door.gate.turns.wait(other, Blame::default()))
            .collect();
        let refused = door.tried("alice", PASSWORD, HERE).await;
        assert_eq!(refused, (Login::Unchecked, vec![]));
        assert_eq!(door.gate.limited.counts().checks_refused, 1);
        drop(waiting);
    }

    #[tokio::test]
    async fn who_was_wrong_ten_times_has_nothing_computed_and_keeps_nobody_out_elsewhere() {
        let door = Door::new();
        for login in ["alice", "nobody"] {
            for _ in 0..10 {
                let (worth, computed) = door.tried(login, "wrong", HERE).await;
                assert_eq!((worth, computed.len()), (Login::Wrong, 1), "{login}");
            }
            for password in ["wrong", PASSWORD] {
                let refused = door.tried(login, password, HERE).await;
                assert_eq!(refused, (Login::Limited, vec![]), "{login}:{password}");
            }
        }
        assert_eq!(door.tried("alice", PASSWORD, THERE).await.0, Login::Good);
        let again = door.tried("alice", PASSWORD, THERE).await;
        assert_eq!(again, (Login::Good, vec![]), "what was verified is known");
        let refused = door.tried("alice", PASSWORD, HERE).await;
        assert_eq!(refused, (Login::Limited, vec![]), "and opens nothing here");
    }
}
