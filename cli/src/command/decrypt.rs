//! `sealctl decrypt` and `sealctl verify`: each message's plaintext, or nothing but the verdict.

use std::io::{self, IsTerminal, Write};

use sealkit_envelope::{DecryptError, Opened, Opening, WriteAt};
use sealkit_host::exit::Exit;

use super::pipeline::{Hand, Pipeline, Trace, refuse_mixed_output};
use crate::args::{DecryptArgs, RunArgs, VerifyArgs};
use crate::error::{self, CliError};
use crate::io::collect::collect;
use crate::io::input::Input;
use crate::io::message::{self, Body};
use crate::io::metered::{FileAt, MeteredFile};
use crate::io::output::{self, Content, Output, Written};
use crate::io::target::{Job, Target, Wanted, assign};
use crate::io::terminal::TextOnly;
use crate::keys::{Direction, Intent, Session};
use crate::report::{Done, name_of};

/// Decrypts all inputs.
///
/// # Errors
/// A command line that can't be carried out.
pub(crate) fn decrypt(args: &DecryptArgs) -> Result<Exit, CliError> {
    let is_terminal = io::stdin().is_terminal();
    let inputs = collect(&args.inputs, Direction::Decrypt, args.output.as_deref(), is_terminal)?;
    let wanted = Wanted { output: args.output.as_deref(), beside: args.beside };
    let jobs = assign(&inputs, wanted, Direction::Decrypt)?;
    refuse_mixed_output(&jobs, &args.run)?;
    Task::open("decrypt", args.intent(), &args.run, args.force, inputs.many)?.run(&inputs, &jobs)
}

/// Authenticates all inputs.
///
/// # Errors
/// A command line that can't be carried out.
pub(crate) fn verify(args: &VerifyArgs) -> Result<Exit, CliError> {
    let inputs = collect(&args.inputs, Direction::Decrypt, None, io::stdin().is_terminal())?;
    let items = inputs.items.iter();
    let jobs: Vec<_> = items.map(|item| Job { source: item.source.clone(), target: Target::Nothing }).collect();
    Task::open("verify", args.intent(), &args.run, false, inputs.many)?.run(&inputs, &jobs)
}

struct Task<'a> {
    operation: &'static str,
    run: &'a RunArgs,
    session: Session,
    force: bool,
    many: bool,
    written: Written,
}

impl<'a> Task<'a> {
    fn open(
        operation: &'static str,
        intent: Intent,
        run: &'a RunArgs,
        force: bool,
        many: bool,
    ) -> Result<Self, CliError> {
        Ok(Self { operation, run, session: Session::open(intent)?, force, many, written: Written::default() })
    }

    fn run(&self, inputs: &crate::io::collect::Collected, jobs: &[Job]) -> Result<Exit, CliError> {
        let pipeline = Pipeline {
            operation: self.operation,
            direction: Direction::Decrypt,
            run: self.run,
            session: &self.session,
        };
        pipeline.run(inputs, jobs, |job, hand, trace| self.one(job, hand, trace))
    }

    fn one(&self, job: &Job, hand: Hand<'_>, trace: &mut Trace) -> Result<Done, CliError> {
        let shown = job.source.shown();
        let failed = |error| error::decrypting(&shown, &job.target.shown().unwrap_or_default(), error);
        let planned = output::plan(&job.target, Content::Plaintext, self.force, self.many)?;
        let input = Input::open(&job.source)?;
        let limits = self.session.limits(job.source.path())?;
        let (header, body) = message::open(&input, hand.meter, &limits).map_err(failed)?;
        let suite = Some(header.suite().name());
        let header_length = header.len() as u64;
        let plan = self.session.decrypt_plan(job.source.path(), &header)?;
        if self.run.dry_run {
            let keys = header.encrypted_data_keys().iter().map(name_of).collect();
            return Ok(Done { suite, keys, bytes: 0 });
        }
        let decryptor = plan.decryptor.clone().with_threads(hand.threads);
        let opening = self.session.block_on(decryptor.unwrap(header, &plan.context)).map_err(failed)?;
        trace.wrapped = Some(opening.unwrapped_by().clone());
        let keys = vec![name_of(opening.unwrapped_by())];

        // Not before the header is verified: a FIFO's reader need not be woken for a message of somebody else's.
        let output = planned.open(&job.target)?;
        let opened = release(opening, body, header_length, &output, hand).map_err(failed)?;
        output.commit(&job.target, self.force, &self.written)?;
        Ok(Done { bytes: opened.plaintext_bytes, suite, keys })
    }
}

/// From file to file on all cores; whatever else is involved, in order.
fn release(
    opening: Opening,
    body: Body<'_>,
    header_length: u64,
    output: &Output,
    hand: Hand<'_>,
) -> Result<Opened, DecryptError> {
    match (body, output) {
        (Body::File(from), Output::File(to)) => {
            opening.run_at(&MeteredFile::new(&from.file, hand.meter), header_length, &FileAt(to.file()))
        }
        (Body::File(from), Output::Nothing) => {
            opening.run_at(&MeteredFile::new(&from.file, hand.meter), header_length, &Discarded)
        }
        (body, Output::File(to)) => opening.run(from_header(body, header_length, hand)?, to.file()),
        (body, Output::Nothing) => opening.run(from_header(body, header_length, hand)?, io::sink()),
        (body, Output::Stream { file, text_only: false }) => opening.run(from_header(body, header_length, hand)?, file),
        (body, Output::Stream { file, text_only: true }) => {
            let mut text = TextOnly::new(file);
            let opened = opening.run(from_header(body, header_length, hand)?, &mut text)?;
            text.finish().and_then(|()| (&*file).flush()).map_err(DecryptError::Write)?;
            Ok(opened)
        }
    }
}

/// A body to read in order, whatever holds it.
fn from_header<'a>(
    body: Body<'a>,
    header_length: u64,
    hand: Hand<'a>,
) -> Result<Box<dyn io::Read + Send + 'a>, DecryptError> {
    match body {
        Body::File(from) => {
            let mut file = &from.file;
            io::Seek::seek(&mut file, io::SeekFrom::Start(header_length)).map_err(DecryptError::Read)?;
            Ok(Box::new(crate::io::metered::MeteredReader::new(file, hand.meter)))
        }
        streamed => Ok(Box::new(streamed)),
    }
}

/// Where `verify` writes.
struct Discarded;

impl WriteAt for Discarded {
    fn write_all_at(&self, _buffer: &[u8], _offset: u64) -> io::Result<()> {
        Ok(())
    }
}
