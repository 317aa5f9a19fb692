//! Pace: how fast we write, and when we hold still because a service asked us to.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Kind;

/// So many at once, then so many a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// How many may come at once.
    pub burst: u32,
    /// How many more may come a minute.
    pub per_minute: u32,
}

/// How fast to write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pace {
    /// Least time between the starts of two writes.
    pub gap: Duration,
    /// Bounds on what is created; all of them hold.
    pub creates: Vec<Bucket>,
}

#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    patience: Duration,
    writes: Mutex<Writes>,
    hold: std::sync::Mutex<Hold>,
}

#[derive(Debug, Default)]
struct Writes {
    /// When the next write may start.
    next: Option<Instant>,
    /// What is left in each bucket, and since when.
    left: Vec<(f64, Instant)>,
}

#[derive(Debug, Default)]
struct Hold {
    /// Nothing is sent before this.
    until: Option<Instant>,
    /// How long we have been told to wait so far.
    waited: Duration,
    /// When we were last told to.
    told: Option<Instant>,
}

impl Pacer {
    pub(super) fn new(pace: Pace, patience: Duration) -> Self {
        Self { pace, patience, writes: Mutex::default(), hold: std::sync::Mutex::default() }
    }

    /// Waits until a request of this kind may start.
    pub(super) async fn admit(&self, kind: Kind) {
        self.wait_for_hold().await;
        if kind == Kind::Read {
            return;
        }
        // Held while waiting: writers queue here, each with its own turn.
        let mut writes = self.writes.lock().await;
        if let Some(next) = writes.next {
            tokio::time::sleep_until(next).await;
        }
        if kind == Kind::Create {
            for (index, bucket) in self.pace.creates.iter().enumerate() {
                let now = Instant::now();
                if writes.left.len() == index {
                    writes.left.push((f64::from(bucket.burst), now));
                }
                let rate = f64::from(bucket.per_minute.max(1)) / 60.0;
                let (left, since) = writes.left[index];
                let left = (left + since.elapsed().as_secs_f64() * rate).min(f64::from(bucket.burst));
                let wait = Duration::from_secs_f64(((1.0 - left) / rate).max(0.0));
                tokio::time::sleep(wait).await;
                writes.left[index] = (left - 1.0, now);
            }
        }
        self.wait_for_hold().await;
        writes.next = Some(Instant::now() + self.pace.gap);
    }

    async fn wait_for_hold(&self) {
        // Again after each wait: another request may have been told to wait longer.
        while let Some(until) = self.held_until() {
            tokio::time::sleep_until(until).await;
        }
    }

    fn held_until(&self) -> Option<Instant> {
        self.held().until.filter(|until| *until > Instant::now())
    }

    /// Sends nothing for so long. The whole wait comes back where it is longer than a run may wait altogether.
    pub(super) fn hold(&self, wait: Duration) -> Result<(), Duration> {
        let mut hold = self.held();
        let now = Instant::now();
        let from = hold.until.map_or(now, |until| until.max(now));
        let until = now + wait;
        // Several requests that are told to wait at the same time wait once.
        let more = until.saturating_duration_since(from);
        if hold.waited + more > self.patience {
            return Err(wait);
        }
        hold.waited += more;
        hold.told = Some(now);
        hold.until = Some(from.max(until));
        Ok(())
    }

    /// Whether we were told to wait after a moment.
    pub(super) fn held_since(&self, moment: Instant) -> bool {
        self.held().told.is_some_and(|told| told >= moment)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Hold> {
        // Every change of `Hold` is whole, so a panic elsewhere leaves it right.
        self.hold.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacer() -> Pacer {
        let creates = vec![Bucket { burst: 2, per_minute: 600 }];
        Pacer::new(Pace { gap: Duration::from_millis(10), creates }, Duration::from_millis(300))
    }

    async fn took(pacer: &Pacer, kind: Kind) -> u128 {
        let begun = Instant::now();
        pacer.admit(kind).await;
        begun.elapsed().as_millis()
    }

    #[tokio::test]
    async fn creates_wait_for_the_bucket_and_reads_for_nothing() {
        let pacer = pacer();
        assert!(took(&pacer, Kind::Create).await < 10);
        assert!((9..80).contains(&took(&pacer, Kind::Create).await), "the gap");
        assert!(took(&pacer, Kind::Create).await >= 80, "the bucket");
        assert!(took(&pacer, Kind::Read).await < 10);
        assert!(took(&pacer, Kind::Write).await < 80, "writes create nothing");
    }

    #[tokio::test]
    async fn everything_holds_still_but_not_for_ever() {
        let pacer = pacer();
        let (short, long) = (Duration::from_millis(100), Duration::from_millis(300));
        assert_eq!(pacer.hold(short), Ok(()));
        assert_eq!(pacer.hold(short), Ok(()), "at the same time: waited for once");
        assert!((90..190).contains(&took(&pacer, Kind::Read).await));
        assert_eq!(pacer.hold(long), Err(long));
        assert_eq!(pacer.hold(short), Ok(()));
    }
}
