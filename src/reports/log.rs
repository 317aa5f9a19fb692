//! What the log says: warnings, with `-v` more. It tells of what reports and trackers say, so each event is made one safe
//! line, like everything else that is printed. And the last words of a panic.

use std::fmt;
use std::io::Write;
use std::panic::PanicHookInfo;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::untrusted::{Paint, line, within};
use crate::redact;

/// Longest event, in characters: errors of services are long.
const MAX: usize = 2_000;

/// Formats the log's events.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogFormat {
    /// Whether to colour.
    pub paint: Paint,
}

impl<S, N> FormatEvent<S, N> for LogFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (name, colour) = match *event.metadata().level() {
            Level::ERROR => ("ERROR", "31"),
            Level::WARN => (" WARN", "33"),
            Level::INFO => (" INFO", "32"),
            Level::DEBUG => ("DEBUG", "34"),
            Level::TRACE => ("TRACE", "35"),
        };
        let mut text = String::new();
        context.field_format().format_fields(Writer::new(&mut text), event)?;
        writeln!(out, "{} {}", self.paint.paint(colour, name), within(&text, MAX))
    }
}

/// Says where findsync panicked. What it says may be a report's words.
pub fn panic(out: &mut dyn Write, info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(String::new, |place| format!(" at {place}"));
    let payload = info.payload();
    let words =
        payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    // A slice that is cut in the wrong place, and an error that nobody expected, show the value.
    let words = redact::without_values(&words.unwrap_or("no message"));
    // There is nowhere else to say it.
    drop(writeln!(out, "findsync stopped because of a bug in it{place}: {}", line(&words)));
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().map_or(Ok(0), |mut kept| kept.write(bytes))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_without_commands() {
        let kept = Kept::default();
        let writer = kept.clone();
        let log = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .event_format(LogFormat::default())
            .finish();
        let component = "##vso[task.setvariable variable=a]b\n::add-mask::the\u{1b}[2J";
        tracing::subscriber::with_default(log, || tracing::warn!(component, "no label for {component}"));
        let said = String::from_utf8_lossy(&kept.0.lock().expect("no panic")).into_owned();
        assert_eq!(said.lines().count(), 1, "{said:?}");
        assert!(
            said.starts_with(" WARN no label for #") && !said.contains("##") && !said.contains('\u{1b}'),
            "{said:?}"
        );
    }
}
