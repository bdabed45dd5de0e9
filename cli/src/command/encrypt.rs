//! `sealctl encrypt`: plaintext in, one message out for each input.

use std::fs::File;
use std::io::{IsTerminal, Write};

use sealkit_envelope::armor::ArmorWriter;
use sealkit_envelope::{EncryptError, Sealed, Sealing};
use sealkit_host::exit::Exit;

use super::pipeline::{Hand, Pipeline, Trace, refuse_mixed_output};
use crate::args::EncryptArgs;
use crate::error::{self, CliError};
use crate::io::collect::{Source, collect};
use crate::io::input::{self, Input};
use crate::io::metered::{FileAt, MeteredFile, MeteredReader};
use crate::io::output::{self, Content, Output, Planned, Written};
use crate::io::target::{Job, Wanted, assign};
use crate::keys::{Direction, Session};
use crate::report::Done;

/// Encrypts all inputs.
///
/// # Errors
/// A command line that can't be carried out, and keys that can't be had at all.
pub(crate) fn run(args: &EncryptArgs) -> Result<Exit, CliError> {
    let is_terminal = std::io::stdin().is_terminal();
    let inputs = collect(&args.inputs, Direction::Encrypt, args.output.as_deref(), is_terminal)?;
    let wanted = Wanted { output: args.output.as_deref(), beside: false };
    let jobs = assign(&inputs, wanted, Direction::Encrypt)?;
    refuse_mixed_output(&jobs, &args.run)?;
    let session = Session::open(args.intent())?;
    let pipeline = Pipeline { operation: "encrypt", direction: Direction::Encrypt, run: &args.run, session: &session };
    let task = Task { args, session: &session, many: inputs.many, written: Written::default() };
    pipeline.run(&inputs, &jobs, |job, hand, trace| task.one(job, hand, trace))
}

struct Task<'a> {
    args: &'a EncryptArgs,
    session: &'a Session,
    many: bool,
    written: Written,
}

impl Task<'_> {
    fn one(&self, job: &Job, hand: Hand<'_>, trace: &mut Trace) -> Result<Done, CliError> {
        let content = if self.args.armor { Content::Base64 } else { Content::Binary };
        let planned = output::plan(&job.target, content, self.args.force, self.many)?;
        if self.args.rm {
            may_remove(&job.source, &planned)?;
        }
        let plan = self.session.encrypt_plan(job.source.path())?;
        if self.args.run.dry_run {
            input::exists(&job.source)?;
            return Ok(Done { keys: plan.keys.clone(), ..Done::default() });
        }
        let input = Input::open(&job.source)?;
        if let (true, Input::File(file)) = (self.args.rm, &input) {
            file.removable()?;
        }
        let output = planned.open(&job.target)?;

        let encryptor = plan.encryptor.clone().with_threads(hand.threads);
        let begun = self.session.block_on(encryptor.begin(&plan.context, input.length()));
        let failed = |error| error::encrypting(&job.source.shown(), &job.target.shown().unwrap_or_default(), error);
        let sealing = begun.map_err(failed)?;
        trace.wrapped = sealing.encrypted_data_keys().first().cloned();
        let suite = sealing.suite().name();
        let sealed = self.seal(sealing, &input, &output, hand).map_err(failed)?;

        if let Input::File(file) = &input {
            file.unchanged()?;
        }
        output.commit(&job.target, self.args.force, &self.written)?;
        if let (true, Input::File(file)) = (self.args.rm, &input) {
            self.remove(file, hand)?;
        }
        Ok(Done { bytes: sealed.plaintext_bytes, suite: Some(suite), keys: plan.keys.clone() })
    }

    /// From file to file on all cores; whatever else is involved, in order.
    fn seal(&self, sealing: Sealing, input: &Input, output: &Output, hand: Hand<'_>) -> Result<Sealed, EncryptError> {
        match (input, output) {
            (Input::File(from), Output::File(to)) if !self.args.armor => {
                sealing.run_at(&MeteredFile::new(&from.file, hand.meter), from.length, &FileAt(to.file()))
            }
            (Input::File(from), _) => self.stream(sealing, MeteredReader::new(&from.file, hand.meter), output),
            (Input::Stream(from), _) => self.stream(sealing, MeteredReader::new(from, hand.meter), output),
        }
    }

    fn stream(
        &self,
        sealing: Sealing,
        from: MeteredReader<'_, &File>,
        output: &Output,
    ) -> Result<Sealed, EncryptError> {
        let to: &File = match output {
            Output::File(new) => new.file(),
            Output::Stream { file, .. } => file,
            Output::Nothing => return sealing.run(from, std::io::sink()),
        };
        if !self.args.armor {
            return sealing.run(from, to);
        }
        let mut armor = ArmorWriter::new(to);
        let sealed = sealing.run(from, &mut armor)?;
        armor.finish().and_then(|mut to| to.flush()).map_err(EncryptError::Write)?;
        Ok(sealed)
    }

    fn remove(&self, file: &crate::io::input::RegularFile, hand: Hand<'_>) -> Result<(), CliError> {
        let names = file.names();
        file.remove()?;
        if names > 1 && !self.args.run.quiet {
            let path = crate::io::naming::shown(file.path());
            hand.meter
                .progress
                .say(&format!("note: {path}: removed, but the file has {} more hard link(s)", names - 1));
        }
        Ok(())
    }
}

/// Only what lies in a file now may be removed.
fn may_remove(source: &Source, planned: &Planned) -> Result<(), CliError> {
    if *source == Source::Stdin {
        return Err(CliError::usage("--rm", "standard input is no file to remove").hint("leave out --rm"));
    }
    if !matches!(planned, Planned::File(_) | Planned::InNewDirectory) {
        return Err(CliError::usage(
            "--rm",
            format!("{} would be removed though it is not kept in a file", source.shown()),
        )
        .hint("leave out --rm, or write to a file"));
    }
    Ok(())
}
