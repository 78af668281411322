//! Signatures of Standard Webhooks 1.0: HMAC-SHA256 over "id.timestamp.body" (<https://www.standardwebhooks.com>, "Signature scheme").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use model::Webhook;
use sha2::Sha256;

/// What is signed beside the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signing<'a> {
    /// `webhook-id`: the same at every attempt.
    pub(crate) id: &'a str,
    /// `webhook-timestamp`: of this attempt, epoch seconds.
    pub(crate) timestamp_s: i64,
    /// The body as it is sent.
    pub(crate) body: &'a [u8],
}

/// The headers that tell a receiver what it got and from whom. While a secret is being changed both sign.
pub(crate) fn headers(webhook: &Webhook, signing: &Signing<'_>) -> [(&'static str, String); 3] {
    let old = webhook.old_secret.as_ref();
    let old = old.filter(|(_, until_ms)| signing.timestamp_s.saturating_mul(1000) < *until_ms);
    let secrets = [&webhook.secret].into_iter().chain(old.map(|(secret, _)| secret));
    let signatures: Vec<_> = secrets.map(|secret| signature(secret, signing)).collect();
    [
        ("webhook-id", signing.id.to_owned()),
        ("webhook-timestamp", signing.timestamp_s.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

fn signature(secret: &[u8], signing: &Signing<'_>) -> String {
    // HMAC takes keys of any length (RFC 2104, section 2).
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is good");
    mac.update(format!("{}.{}.", signing.id, signing.timestamp_s).as_bytes());
    mac.update(signing.body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use model::Sid;

    use super::*;

    fn webhook(secret: &str) -> Webhook {
        Webhook {
            id: "whk_1".into(),
            subscriber_sid: Sid::new("a"),
            is_callback: false,
            url: String::new(),
            types: Vec::new(),
            description: String::new(),
            is_disabled: false,
            created_ms: 0,
            secret: STANDARD.decode(secret).unwrap(),
            old_secret: None,
        }
    }

    /// The vector that the specification's reference libraries are tested with.
    const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const VECTOR: Signing<'_> = Signing {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp_s: 1_614_265_330,
        body: br#"{"test": 2432232314}"#,
    };
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_published_vector_is_signed_as_published() {
        let headers = headers(&webhook(SECRET), &VECTOR);
        assert_eq!(
            headers[0],
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned())
        );
        assert_eq!(headers[1], ("webhook-timestamp", "1614265330".to_owned()));
        assert_eq!(headers[2], ("webhook-signature", SIGNED.to_owned()));
    }

    #[test]
    fn while_a_secret_is_changed_both_sign_and_then_only_the_new_one() {
        let mut webhook = webhook("bmV3IHNlY3JldA==");
        let until_ms = VECTOR.timestamp_s * 1000 + 1;
        webhook.old_secret = Some((STANDARD.decode(SECRET).unwrap(), until_ms));
        let [.., (_, both)] = headers(&webhook, &VECTOR);
        let (new, old) = both.split_once(' ').unwrap();
        assert_eq!(old, SIGNED);
        webhook.old_secret = Some((STANDARD.decode(SECRET).unwrap(), until_ms - 1));
        let [.., (_, alone)] = headers(&webhook, &VECTOR);
        assert_eq!(alone, new);
    }
}
