//! The hidden command that runs what people program, in a process with limits.

use std::io;

use super::Console;
use crate::error::{DONE, Error};
use crate::worker::{self, DEFINITION, TEMPLATE};
use crate::{readers, template};

pub(super) fn serve(memory: u64, console: &mut Console<'_>) -> Result<u8, Error> {
    let mut templates = template::Worker::default();
    worker::serve(memory, &mut io::stdin().lock(), &mut console.out, |parts| match parts {
        [about, request @ ..] if about == DEFINITION.as_bytes() => readers::answer(request),
        [about, request @ ..] if about == TEMPLATE.as_bytes() => templates.answer(request),
        _ => Err(Vec::new()),
    })?;
    Ok(DONE)
}
