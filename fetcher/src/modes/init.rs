//! `init`: fetches once, publishes, ends.

use sealkit_host::exit::Exit;

use super::prepare::Fetched;
use super::publishing::{prepare, publish_all};
use super::{confinement, ending};
use crate::args::InitArgs;
use crate::failure::Failure;
use crate::report::{Published, Report};

/// Runs the mode to its end.
pub async fn run(args: &InitArgs) -> Exit {
    let mut report = Report::new("init", super::specification::origin(&args.fetch.spec.spec));
    match ending::unless_ended(once(args)).await {
        Ok((published, unrecorded)) => {
            report.failures.extend(unrecorded);
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

async fn once(args: &InitArgs) -> Result<(Published, Option<Failure>), Vec<Failure>> {
    let (prepared, mut publisher) = prepare(&args.fetch, &args.target).await?;
    confinement::confine(&prepared, &args.fetch, publisher.target().path(), false);
    let fetched: Fetched = prepared.fetch().await.with_variables_as_files(&prepared.plan);
    publish_all(&prepared, &mut publisher, &fetched)
}
