//! A child process of ourselves for programs that people write, which may run for ever or fill the memory: it has a limit
//! of both, no environment, and its end is an error like any other.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The hidden command that makes of the program a worker.
pub const COMMAND: &str = "worker";

/// The first part of a request: what it is about.
pub const DEFINITION: &str = "definition";
/// The same, for templates.
pub const TEMPLATE: &str = "template";

/// What a worker may have at least, in bytes.
pub const MEMORY: u64 = 256 << 20;
/// The processor's time for one request, at least.
pub const TIME: Duration = Duration::from_secs(2);
/// A worker that waits for something uses no processor's time: this ends it all the same.
const GRACE: Duration = Duration::from_secs(if cfg!(unix) { 30 } else { 1 });
/// The longest answer, and the longest part of a request.
const MAX_PART: u64 = 4 << 30;
/// How much is read of what a worker prints as it dies.
const MAX_LAST_WORDS: u64 = 4096;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Lets workers be started by a program that knows the command [`COMMAND`]. Without it, what workers are for runs in this
/// process, and nothing but its own limits holds it.
pub fn start_by(program: PathBuf) {
    // The first one stays.
    drop(PROGRAM.set(program));
}

/// How a worker ended that was to answer.
#[derive(Debug)]
pub enum Ended {
    /// It took longer than it may.
    Slow(Duration),
    /// It wanted more memory than it may have.
    Large(u64),
    /// Its calls were nested too deeply.
    Deep,
    /// Anything else.
    Failed(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow(time) => write!(f, "it does not end within {} s", time.as_secs()),
            Self::Large(bytes) => write!(f, "it takes more than {} MB of memory", bytes >> 20),
            Self::Deep => write!(f, "it is nested, or calls itself, too deeply"),
            Self::Failed(why) => write!(f, "it could not be run: {why}"),
        }
    }
}

/// A running worker.
pub struct Worker {
    child: Child,
    requests: ChildStdin,
    replies: Receiver<io::Result<Reply>>,
    errors: ChildStderr,
    memory: u64,
}

/// What a worker made of a request: an answer, or an error of its own.
pub type Reply = Result<Vec<u8>, Vec<u8>>;

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("pid", &self.child.id()).finish_non_exhaustive()
    }
}

impl Worker {
    /// Starts a worker that may have so much memory; none where no program for it was named.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(memory: u64) -> Result<Option<Self>, Ended> {
        let Some(program) = PROGRAM.get() else { return Ok(None) };
        let failed = |error: io::Error| Ended::Failed(error.to_string());
        let mut command = Command::new(program);
        command.arg(COMMAND).arg(memory.to_string()).env_clear();
        // The allocator takes from the system what it needs, not what it might need.
        command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(requests), Some(mut output), Some(errors)) = pipes else {
            return Err(Ended::Failed("it has no pipes".to_owned()));
        };
        let (sender, replies) = mpsc::channel();
        let listen = move || {
            loop {
                let reply = read_reply(&mut output);
                let is_last = reply.is_err();
                if sender.send(reply).is_err() || is_last {
                    return;
                }
            }
        };
        thread::Builder::new().spawn(listen).map_err(failed)?;
        Ok(Some(Self { child, requests, replies, errors, memory }))
    }

    /// Asks for something. A worker that did not answer is gone.
    ///
    /// # Errors
    /// Says how the worker ended.
    pub fn ask(&mut self, parts: &[&[u8]], time: Duration) -> Result<Reply, Ended> {
        // A worker that is gone says why when it is waited for.
        drop(self.send(parts, time));
        match self.replies.recv_timeout(time + GRACE) {
            Ok(Ok(reply)) => Ok(reply),
            Err(RecvTimeoutError::Timeout) => {
                self.end();
                Err(Ended::Slow(time))
            }
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(self.autopsy(time)),
        }
    }

    fn send(&mut self, parts: &[&[u8]], time: Duration) -> io::Result<()> {
        self.requests.write_all(&time.as_secs().to_le_bytes())?;
        self.requests.write_all(&(parts.len() as u64).to_le_bytes())?;
        parts.iter().try_for_each(|part| write_part(&mut self.requests, part))?;
        self.requests.flush()
    }

    fn end(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    fn autopsy(&mut self, time: Duration) -> Ended {
        let mut words = Vec::new();
        drop((&mut self.errors).take(MAX_LAST_WORDS).read_to_end(&mut words));
        let words = String::from_utf8_lossy(&words);
        let status = self.child.wait();
        let says = |text: &str| words.contains(text);
        if status.as_ref().is_ok_and(|status| is_out_of_time(*status)) {
            Ended::Slow(time)
        } else if says("overflowed its stack") {
            Ended::Deep
        } else if says("memory allocation") || says("capacity overflow") || status.as_ref().is_ok_and(|s| is_killed(*s))
        {
            Ended::Large(self.memory)
        } else {
            Ended::Failed("it ended before it was done".to_owned())
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

fn write_part(to: &mut impl Write, part: &[u8]) -> io::Result<()> {
    to.write_all(&(part.len() as u64).to_le_bytes())?;
    to.write_all(part)
}

fn read_number(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn read_part(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let length = read_number(from)?;
    if length > MAX_PART {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut part = Vec::new();
    from.take(length).read_to_end(&mut part)?;
    if part.len() as u64 == length { Ok(part) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn read_reply(from: &mut impl Read) -> io::Result<Reply> {
    let is_answer = read_number(from)? == 0;
    let part = read_part(from)?;
    Ok(if is_answer { Ok(part) } else { Err(part) })
}

/// Works: answers requests until there are no more. `memory` limits the process that this is called in.
///
/// # Errors
/// Where the limit cannot be set, or nobody listens any more.
pub fn serve(
    memory: u64,
    requests: &mut impl Read,
    replies: &mut impl Write,
    mut answer: impl FnMut(&[Vec<u8>]) -> Reply,
) -> io::Result<()> {
    limit::memory(memory)?;
    loop {
        let Ok(seconds) = read_number(requests) else { return Ok(()) };
        let parts = (0..read_number(requests)?).map(|_| read_part(requests)).collect::<io::Result<Vec<_>>>()?;
        limit::time(seconds)?;
        let reply = answer(&parts);
        replies.write_all(&u64::from(reply.is_err()).to_le_bytes())?;
        let (Ok(part) | Err(part)) = &reply;
        write_part(replies, part)?;
        replies.flush()?;
    }
}

#[cfg(unix)]
fn is_out_of_time(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

#[cfg(unix)]
fn is_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    // By the system, as memory ends.
    status.signal() == Some(rustix::process::Signal::KILL.as_raw())
}

#[cfg(unix)]
mod limit {
    use std::io;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    fn set(resource: Resource, most: u64) -> io::Result<()> {
        let maximum = getrlimit(resource).maximum;
        let current = maximum.map_or(most, |maximum| most.min(maximum));
        Ok(setrlimit(resource, Rlimit { current: Some(current), maximum })?)
    }

    pub(super) fn memory(most: u64) -> io::Result<()> {
        set(Resource::Core, 0)?;
        // What was mapped before, and what is only reserved, does not count.
        set(Resource::Data, most)
    }

    pub(super) fn time(seconds: u64) -> io::Result<()> {
        let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
        set(Resource::Cpu, u64::try_from(used).unwrap_or_default() + seconds)
    }
}

#[cfg(not(unix))]
fn is_out_of_time(_: ExitStatus) -> bool {
    false
}

#[cfg(not(unix))]
fn is_killed(_: ExitStatus) -> bool {
    false
}

/// Elsewhere only the time is limited, by whoever asks.
#[cfg(not(unix))]
mod limit {
    pub(super) fn memory(_: u64) -> std::io::Result<()> {
        Ok(())
    }

    pub(super) fn time(_: u64) -> std::io::Result<()> {
        Ok(())
    }
}
