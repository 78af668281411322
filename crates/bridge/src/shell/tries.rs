//! Posts that somebody asks for by REST, to see whether a webhook answers: few at once of one account.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Sid, Webhook};

use super::post::Poster;
use crate::webhooks::{Outcome, Places};

/// At once of one account. Each takes up to 10 s, and the look-up of a name one of the threads that all share, for longer than that where nobody
/// answers.
const AT_ONCE: usize = 4;

/// Those under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Tries(Arc<Mutex<Places<Sid>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
struct Try {
    tries: Tries,
    owner: Sid,
}

impl Tries {
    /// Posts `body` under the name `id`, also where nobody waits for it any more; nothing where too many of the account are under way.
    pub(super) async fn post(
        &self,
        poster: &Arc<Poster>,
        webhook: Webhook,
        id: String,
        body: Vec<u8>,
    ) -> Option<Outcome> {
        let (place, poster) = (self.begin(&webhook.subscriber_sid)?, poster.clone());
        let posted = tokio::spawn(async move {
            let outcome = poster.post(&webhook, &id, body).await;
            drop(place);
            outcome
        });
        Some(posted.await.unwrap_or(Outcome::Failed("the bridge failed")))
    }

    fn begin(&self, owner: &Sid) -> Option<Try> {
        let mut places = self.places();
        if places.of(owner) >= AT_ONCE {
            return None;
        }
        places.take(owner.clone());
        Some(Try {
            tries: self.clone(),
            owner: owner.clone(),
        })
    }

    fn places(&self) -> MutexGuard<'_, Places<Sid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        self.tries.places().free(&self.owner);
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::super::post::tests::{poster, webhook};
    use super::*;

    #[test]
    fn one_account_has_four_at_once_and_others_have_theirs() {
        let (tries, one, other) = (Tries::default(), Sid::new("a"), Sid::new("b"));
        let mut under_way: Vec<_> = (0..AT_ONCE).map(|_| tries.begin(&one)).collect();
        assert!(under_way.iter().all(Option::is_some));
        assert!(tries.begin(&one).is_none());
        assert!(tries.begin(&other).is_some());
        under_way.pop();
        assert!(tries.begin(&one).is_some());
    }

    #[tokio::test]
    async fn one_that_nobody_waits_for_any_more_keeps_its_place_until_it_is_over() {
        // Whoever connects waits to be accepted.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = webhook(&format!("http://{}/hook", silent.local_addr().unwrap()));
        let (tries, poster) = (Tries::default(), Arc::new(poster(1)));
        let body = b"{}".to_vec();
        let posting = tries.post(&poster, hook.clone(), "test_1".to_owned(), body);
        tokio::select! {
            biased;
            outcome = posting => panic!("{outcome:?}"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(tries.places().of(&hook.subscriber_sid), 1);
    }
}
