//! How a webhook proves whose it is: the signature of <https://www.standardwebhooks.com>, for which
//! there are libraries in most languages.
//!
//! Signed is `ID.SECONDS.BODY` with HMAC-SHA256; `webhook-id`, `webhook-timestamp` and
//! `webhook-signature: v1,BASE64` go with the request. A secret that begins with `whsec_` is base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::model::{Secret, Timestamp};

/// The headers of one request.
pub(crate) fn headers(
    id: &str,
    at: Timestamp,
    body: &[u8],
    key: &Secret,
) -> [(&'static str, Secret); 3] {
    let seconds = at.as_millis().div_euclid(1000).to_string();
    let key = key.reveal();
    let decoded = key
        .strip_prefix("whsec_")
        .and_then(|k| STANDARD.decode(k).ok());
    let key = decoded.unwrap_or_else(|| key.as_bytes().to_vec());
    let mut signed = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    signed.update(format!("{id}.{seconds}.").as_bytes());
    signed.update(body);
    let signature = format!("v1,{}", STANDARD.encode(signed.sign()));
    [
        ("webhook-id", Secret::new(id)),
        ("webhook-timestamp", Secret::new(seconds)),
        ("webhook-signature", Secret::new(signature)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn it_is_the_standard_s_signature() {
        let key = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let at = Timestamp::from_millis(1_614_265_330_000);
        let headers = headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at,
            b"{\"test\": 2432232314}",
            &key,
        );
        let values = headers.map(|(_, value)| value.reveal().to_owned());
        assert_eq!(
            values,
            [
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                "1614265330",
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
            ]
        );
    }
}
