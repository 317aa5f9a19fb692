//! How far a long run has come, on stderr: a bar on a terminal, a line now and then in a log.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::untrusted::line;

/// Time between two lines in a log.
const PAUSE: Duration = Duration::from_secs(15);

/// Shows how far a run has come.
pub enum Progress<'a> {
    /// Says nothing.
    Off,
    /// A bar.
    Bar(ProgressBar),
    /// Lines.
    Lines {
        /// Where to write them.
        out: &'a mut dyn Write,
        /// How much there is to do.
        total: u64,
        /// When the last one was written.
        last: Instant,
    },
}

impl<'a> Progress<'a> {
    /// A bar on stderr.
    #[must_use]
    pub fn bar(total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        // The template is a constant: where it does not parse, the default one serves.
        let style =
            ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self::Bar(bar.with_style(style))
    }

    /// Lines, one now and then.
    #[must_use]
    pub fn lines(total: u64, out: &'a mut dyn Write) -> Self {
        Self::Lines { out, total, last: Instant::now() }
    }

    /// Says that `done` things are done, the last of them about `what`.
    pub fn tell(&mut self, done: u64, what: &str) {
        match self {
            Self::Off => {}
            Self::Bar(bar) => {
                bar.set_message(line(what));
                bar.set_position(done);
            }
            Self::Lines { out, total, last } => {
                if last.elapsed() >= PAUSE {
                    *last = Instant::now();
                    // Progress that cannot be shown is no reason to stop.
                    let _ = writeln!(out, "{done} of {total} changes made");
                }
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
