//! Work on the parts of a large report, on all cores.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What a core takes at a time; less than that is not worth a thread.
const PORTION: usize = 256;
/// As deep as the main thread's: programs recur.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// What the workers make of the parts, portion by portion and in order. Each thread has a worker of its own.
pub(super) fn in_portions<P: Send, R: Send, W: FnMut(Vec<P>) -> R>(
    parts: Vec<P>,
    worker: impl Fn() -> W + Sync,
) -> Vec<R> {
    let count = parts.len();
    let mut parts = parts.into_iter();
    let portion = || Some(parts.by_ref().take(PORTION).collect::<Vec<_>>()).filter(|portion| !portion.is_empty());
    run(count, std::iter::from_fn(portion), worker)
}

/// Changes each of the items.
pub(super) fn each<T: Send>(items: &mut [T], f: impl Fn(&mut T) + Sync) {
    run(items.len(), items.chunks_mut(PORTION), || |portion: &mut [T]| portion.iter_mut().for_each(&f));
}

fn run<P, R: Send, W: FnMut(P) -> R>(
    count: usize,
    portions: impl Iterator<Item = P> + Send,
    worker: impl Fn() -> W + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let portions = Mutex::new(portions.enumerate());
    let work = || {
        let mut work = worker();
        let mut done = Vec::new();
        loop {
            let next = portions.lock().unwrap_or_else(PoisonError::into_inner).next();
            match next {
                Some((number, portion)) => done.push((number, work(portion))),
                None => return done,
            }
        }
    };
    let mut done = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        // A thread that the system refuses is work for the others.
        let others: Vec<_> = (1..cores.min(count / PORTION)).filter_map(|number| spawn(number).ok()).collect();
        let mut done = work();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_in_order() {
        for count in [0, 1, PORTION, 10 * PORTION + 1] {
            let parts: Vec<_> = (0..count).collect();
            let done = in_portions(parts.clone(), || |portion: Vec<usize>| portion);
            assert_eq!(done.concat(), parts);
            let mut doubled = parts.clone();
            each(&mut doubled, |part| *part *= 2);
            assert_eq!(doubled, parts.iter().map(|part| part * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_panic_is_not_swallowed() {
        let parts: Vec<_> = (0..4 * PORTION).collect();
        let worker = || |portion: Vec<usize>| assert!(!portion.contains(&700), "no");
        assert!(std::panic::catch_unwind(|| in_portions(parts, worker)).is_err());
    }
}
