//! Rate limits: how each service says "later", and how much later.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use http::header::{DATE, HeaderMap, RETRY_AFTER};

use super::Response;

/// Headers that say how many requests are left.
const REMAINING: [&str; 2] = ["x-ratelimit-remaining", "ratelimit-remaining"];
/// Headers that say when there will be more, in seconds since 1970.
const RESET: [&str; 2] = ["x-ratelimit-reset", "ratelimit-reset"];

/// Whether the service refused because of a limit, so that nothing was done.
///
/// GitHub answers 403 for its limits too, and for much else:
/// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#rate-limit-errors>
pub(super) fn is_limited(response: &Response) -> bool {
    match response.status.as_u16() {
        429 => true,
        403 => {
            response.headers.contains_key(RETRY_AFTER)
                || REMAINING.iter().any(|name| response.header(name) == Some("0"))
                || says_later(response)
        }
        // GitHub takes content that comes too fast for invalid.
        422 => says_later(response),
        _ => false,
    }
}

/// Whether only the words tell that it is a limit.
fn says_later(response: &Response) -> bool {
    let says = response.says().to_lowercase();
    ["rate limit", "abuse detection", "submitted too quickly"].iter().any(|words| says.contains(words))
}

/// How long the service asks to wait, where it says so.
pub(super) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(after) = text(RETRY_AFTER.as_str()) {
        return match after.parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
            Err(_) => Some(until(DateTime::parse_from_rfc2822(after).ok()?.timestamp(), headers)),
        };
    }
    REMAINING.iter().find_map(|name| text(name)).filter(|left| *left == "0")?;
    let reset: i64 = RESET.iter().find_map(|name| text(name))?.parse().ok()?;
    Some(until(reset, headers))
}

/// The time until a moment, by the service's own clock where it tells: ours may be wrong. One second more, as both are
/// cut to whole seconds.
fn until(moment: i64, headers: &HeaderMap) -> Duration {
    let theirs = headers.get(DATE).and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
    let ours = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
    let now = theirs.map_or_else(ours, |date| date.timestamp());
    Duration::from_secs((moment - now).max(0).unsigned_abs() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value"))).collect()
    }

    #[test]
    fn knows_a_limit_by_status_headers_or_words() {
        let is = |status: u16, pairs: &[_], body: &str| {
            is_limited(&Response {
                status: status.try_into().expect("a status"),
                headers: headers(pairs),
                body: body.as_bytes().to_vec(),
                what: "open an issue".to_owned(),
                service: "api.github.com".to_owned(),
            })
        };
        let too_quickly = r#"{"message": "Validation Failed", "errors": [{"resource": "Issue", "code": "custom",
            "message": "was submitted too quickly"}]}"#;
        assert!(is(429, &[], "") && is(403, &[("retry-after", "1")], "") && is(422, &[], too_quickly));
        assert!(is(403, &[], r#"{"message": "You have exceeded a secondary rate limit"}"#));
        assert!(!is(403, &[], r#"{"message": "Must have admin rights"}"#));
        assert!(!is(422, &[("retry-after", "1")], r#"{"message": "Validation Failed"}"#));
    }

    #[test]
    fn reads_each_way_of_saying_later() {
        let date = ("date", "Tue, 24 Nov 2026 09:00:00 GMT");
        let at = |pairs: &[_]| wait(&headers(pairs)).map(|wait| wait.as_secs());
        assert_eq!(at(&[("retry-after", "7")]), Some(7));
        assert_eq!(at(&[date, ("retry-after", "Tue, 24 Nov 2026 09:01:00 GMT")]), Some(61));
        assert_eq!(at(&[date, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795510830")]), Some(31));
        assert_eq!(at(&[date, ("ratelimit-remaining", "0"), ("ratelimit-reset", "1795510000")]), Some(1));
        assert_eq!(at(&[("x-ratelimit-remaining", "9"), ("x-ratelimit-reset", "1795510830")]), None);
        assert_eq!(at(&[]), None);
    }
}
