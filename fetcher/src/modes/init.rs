//! `init`: fetches once, publishes, ends.

use sealkit_host::exit::Exit;

use super::prepare::{Fetched, Prepared, open_target};
use super::publishing::publish_all;
use super::{confinement, ending};
use crate::args::InitArgs;
use crate::failure::Failure;
use crate::publish::Publisher;
use crate::report::{Published, Report};

/// Runs the mode to its end.
pub async fn run(args: &InitArgs) -> Exit {
    let mut report = Report::new("init", super::specification::origin(&args.fetch.spec.spec));
    match ending::unless_ended(once(args)).await {
        Ok(published) => {
            tracing::info!(
                directory = published.target.as_ref().map(|path| path.display().to_string()),
                generation = published.generation,
                files = published.outputs.len(),
                changed = published.is_changed,
                "published"
            );
            report.published = Some(published);
        }
        Err(failures) => report.failures = failures,
    }
    ending::tell(&mut report, &args.fetch.reports)
}

async fn once(args: &InitArgs) -> Result<Published, Vec<Failure>> {
    let (prepared, mut publisher) = prepare(args).await?;
    confinement::confine(&prepared, &args.fetch, publisher.target().path(), false);
    let fetched: Fetched = prepared.fetch().await.with_variables_as_files();
    publish_all(&prepared, &mut publisher, &fetched)
}

/// Everything before the first call; what is wrong with the specification and with the target is told together.
async fn prepare(args: &InitArgs) -> Result<(Prepared, Publisher), Vec<Failure>> {
    let target = open_target(&args.target.target, &args.target.rules);
    let (prepared, target) = match (Prepared::new(&args.fetch).await, target) {
        (Ok(prepared), Ok(target)) => (prepared, target),
        (prepared, target) => {
            let of_spec = prepared.err().unwrap_or_default();
            return Err(of_spec.into_iter().chain(target.err()).collect());
        }
    };
    prepared.check_rights(&target).map_err(|failure| vec![failure])?;
    let publisher = Publisher::new(target, args.target.rules.keep).map_err(|error| vec![error.into()])?;
    Ok((prepared, publisher))
}
