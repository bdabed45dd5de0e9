//! `exec`: fetches, then becomes a command, or supervises it.
//!
//! Nothing of ours reaches the command but the secrets and the variables that say where they are: descriptors are closed
//! by `execve`, handlers reset, and limits, masks, `no_new_privs` and Landlock were never touched in this mode.

mod delivery;
mod environment;
mod memory_file;
mod private;
mod program;
mod relay;
mod supervisor;

use std::process::ExitCode;

use super::ending;
use super::prepare::Prepared;
use crate::args::{ExecArgs, SpecSource};
use crate::failure::Failure;
use crate::report::Report;
use delivery::{Delivered, Deliverer};
use program::NotRun;
use relay::Relay;
use supervisor::Supervisor;

/// Why the command does not run, or does not run any longer by our doing.
#[derive(Debug, Default)]
struct Failed {
    failures: Vec<Failure>,
    /// 126 or 127, where the command itself is why.
    code: Option<u8>,
}

impl From<Vec<Failure>> for Failed {
    fn from(failures: Vec<Failure>) -> Self {
        Self { failures, code: None }
    }
}

impl From<NotRun> for Failed {
    fn from(error: NotRun) -> Self {
        Self { failures: vec![error.failure], code: Some(error.code) }
    }
}

/// Runs the mode to its end, which is that of this program if all goes well.
pub async fn run(args: &ExecArgs) -> ExitCode {
    match started(args).await {
        Ok(code) => code.into(),
        // Told already: the report itself could not be written.
        Err(Failed { failures, code: Some(code) }) if failures.is_empty() => code.into(),
        Err(failed) => {
            let mut report = Report::new("exec", super::specification::origin(&args.fetch.spec.spec));
            report.failures = failed.failures;
            report.exit_code = failed.code;
            let exit = ending::tell(&mut report, &args.fetch.reports);
            failed.code.map_or_else(|| exit.into(), Into::into)
        }
    }
}

/// Becomes the command, or supervises it to its end: its exit code.
async fn started(args: &ExecArgs) -> Result<u8, Failed> {
    let relay = args.supervision.watch.then(Relay::new);
    let (prepared, mut deliverer, delivered) = ending::unless_ended(async {
        let (program, _) = args.command.split_first().expect("the command line demands a command");
        program::check(program)?;
        let (prepared, mut deliverer) = prepare(args).await?;
        let fetched = prepared.fetch().await;
        let delivered = deliverer.deliver(&prepared, fetched)?.expect("the first time everything is new");
        delivered.environment.fits(&args.command)?;
        // A signal that came meanwhile is looked at once more, for the command would never see it.
        tokio::task::yield_now().await;
        Ok::<_, Failed>((prepared, deliverer, delivered))
    })
    .await?;
    let Delivered { environment, memory, published } = delivered;
    let mut report = Report::new("exec", super::specification::origin(&args.fetch.spec.spec));
    report.published = Some(published);
    let exit = ending::tell(&mut report, &args.fetch.reports);
    if !report.failures.is_empty() {
        return Err(Failed { failures: Vec::new(), code: Some(exit.code()) });
    }
    let command = program::command(&args.command, &environment);
    drop(environment);
    match relay {
        Some(relay) => {
            let supervisor = Supervisor::new(&prepared, deliverer, args);
            supervisor.run(command, memory, relay).await
        }
        None => {
            deliverer.keep();
            let Err(error) = program::become_it(command);
            deliverer.give_up();
            drop(memory);
            Err(error.into())
        }
    }
}

/// Everything before the first call; what is wrong with the specification and with the target is told together.
async fn prepare(args: &ExecArgs) -> Result<(Prepared, Deliverer), Vec<Failure>> {
    let prefix = match &args.fetch.spec.spec {
        SpecSource::Environment(prefix) => Some(prefix.clone()),
        _ => None,
    };
    let deliverer = Deliverer::open(args.delivery.chosen(), &args.rules, prefix);
    let (prepared, mut deliverer) = match (Prepared::new(&args.fetch).await, deliverer) {
        (Ok(prepared), Ok(deliverer)) => (prepared, deliverer),
        (prepared, deliverer) => {
            let of_spec = prepared.err().unwrap_or_default();
            return Err(of_spec.into_iter().chain(deliverer.err()).collect());
        }
    };
    deliverer.prepare(&prepared, &args.rules)?;
    Ok((prepared, deliverer))
}
