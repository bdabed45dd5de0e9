//! Where values come from: Secrets Manager, Parameter Store and sealed files, in few calls that are fair to others.
//!
//! ```text
//! Plan ── groups ── Regions in order ── lane ── calls ── answers
//!         by kind,   the next one on     clients of a Region and role,
//!         role and   an outage only      pace, batch or not
//!         Regions
//!                          all of them out ── sealed file that stands in
//! ```
//!
//! Everything shares one deadline, and every call leaves its audit line. Which calls there are, and how they are
//! retried: `docs/fetcher.md`, "Sources and calls".

mod filter;
mod lane;
mod limits;
mod pace;
mod parameters;
mod path;
mod record;
mod route;
mod sealed;
mod secrets;
mod settings;

use std::sync::Arc;

use futures_util::future::join_all;
use sealkit_aws::{AwsConfig, Fault};
use sealkit_envelope::Plaintext;
use sealkit_host::audit;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::plan::Plan;

use lane::Lanes;
use record::Recorder;
use route::Route;

pub use record::AuditSink;
pub use settings::{ATTEMPT, DEADLINE, Settings, aws_options, session_name};

/// What a request was answered with.
#[derive(Debug)]
pub enum Answer {
    /// The one object that was asked for.
    One(Item),
    /// All that match a filter or lie below a path, in the order of their names; perhaps none.
    Many(Vec<Item>),
}

/// One value, and where it comes from.
pub struct Item {
    /// What the service calls it: the secret's name, the parameter's full name, the sealed file's path.
    pub name: String,
    /// The bytes, as they are.
    pub value: Plaintext,
    /// Which version it is: a VersionId, a parameter's number, a digest of a sealed message.
    pub version: String,
    /// The Region that answered.
    pub region: Option<String>,
    /// The request that brought it.
    pub request_id: Option<String>,
    /// Why the service could not be asked, where a sealed file stands in for it.
    pub stands_in_for: Option<Box<Fault>>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}

/// Everything that plans are fetched from, for the life of a process: clients, their credentials, and what was learnt
/// about the services (that batches are denied, that they throttle).
pub struct Sources {
    lanes: Lanes,
    recorder: Arc<Recorder>,
    default_region: Option<String>,
}

impl Sources {
    /// Makes no call. `aws` is best loaded with [`aws_options`].
    #[must_use]
    pub fn new(aws: AwsConfig, settings: Settings) -> Self {
        let default_region = aws.default_region().map(str::to_owned);
        let recorder = Arc::new(Recorder::new(settings.audit, settings.is_ecs));
        let lanes = Lanes::new(aws, settings.session_name, Arc::clone(&recorder));
        Self { lanes, recorder, default_region }
    }

    /// Fetches everything that `plan` requests, until `deadline` at the latest: one answer or failure a request, in
    /// their order.
    ///
    /// A failure names the labels of the entries that wait for the object. Absence is a failure too: whether it is
    /// fine is the entry's to say. When an audit line cannot be written, everything fails.
    pub async fn fetch(&self, plan: &Plan, deadline: Instant) -> Vec<Result<Answer, Failure>> {
        let labels: Vec<_> = (0..plan.requests.len()).map(|request| plan.labels(request)).collect();
        let route = Route { sources: self, plan, labels: &labels, deadline };
        let mut answers: Vec<Option<Result<Answer, Failure>>> = plan.requests.iter().map(|_| None).collect();
        let groups = route::groups(plan, self.default_region.as_deref());
        for (index, answer) in join_all(groups.iter().map(|group| route.follow(group))).await.into_iter().flatten() {
            answers[index] = Some(answer);
        }
        let answered = answers.into_iter().zip(&labels).map(|(answer, label)| match self.recorder.broken(label) {
            Some(failure) => Err(failure),
            None => answer.unwrap_or_else(|| Err(forgotten(label))),
        });
        answered.collect()
    }
}

fn forgotten(label: &str) -> Failure {
    Failure::other(label, audit::Failure::Internal, "it was never asked for", "report this as a bug")
}
