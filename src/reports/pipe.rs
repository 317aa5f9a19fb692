//! A stream that others may close: who closes a pipe has read enough, and that is no failure of the run.

use std::io::{self, ErrorKind, Write};

/// Writes until the other side has read enough; what comes after that is left out.
#[derive(Debug)]
pub struct UntilClosed<W> {
    inner: W,
    closed: bool,
}

impl<W: Write> UntilClosed<W> {
    /// A stream that is open.
    pub const fn new(inner: W) -> Self {
        Self { inner, closed: false }
    }

    /// What came of a write; `instead` where the stream is closed.
    fn forgive<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = if self.closed { Ok(bytes.len()) } else { self.inner.write(bytes) };
        self.forgive(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = if self.closed { Ok(()) } else { self.inner.flush() };
        self.forgive(flushed, ())
    }
}
