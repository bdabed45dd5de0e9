//! What every mode that fetches does before its first call, and the fetching itself.
//!
//! ```text
//! specification ── AWS settings ── plan ── target, rights ── Sources ── fetch ── Fetched
//!                  all mistakes of these together                        units, and who answered
//! ```

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use sealkit_aws::{AwsConfig, Fault};
use sealkit_host::text::error_chain;
use sealkit_host::{atomic, audit};
use tokio::time::Instant;

use super::record::{Delivered, Record};
use super::specification;
use crate::args::{AwsArgs, FetchArgs, TargetRules};
use crate::failure::Failure;
use crate::output::{MadeTo, Unit, render};
use crate::plan::{Defaults, Overrides, Plan, first_region};
use crate::source::{self, Answer, Settings, Sources};
use crate::spec::{Destination, File, Spec};
use crate::target::{TargetSettings, TmpfsDir};

/// All that is needed to fetch, as often as one likes.
pub struct Prepared {
    /// What is fetched, and what becomes of it.
    pub plan: Plan,
    /// Where it is fetched from.
    pub sources: Sources,
    /// How AWS is reached.
    pub aws: AwsConfig,
    /// Audit lines.
    pub record: Record,
    /// How long one fetch may take.
    deadline: Duration,
}

/// What one fetch came to.
#[derive(Debug)]
pub struct Fetched {
    /// Files and variables, or why there are none, in the order of the plan.
    pub units: Vec<Unit>,
    /// The entries that have a value, and who brought it.
    pub delivered: Vec<Delivered>,
    /// The entries whose sealed file stood in for the service, and why.
    pub stood_in: Vec<(String, Failure)>,
    /// When that was.
    pub at: SystemTime,
}

impl Prepared {
    /// Reads the specification, the AWS settings and the environment. Calls nobody but, if asked to, the Kubernetes API
    /// and the instance metadata service.
    ///
    /// # Errors
    /// Everything that is wrong, as far as it can be known at once.
    pub async fn new(args: &FetchArgs) -> Result<Self, Vec<Failure>> {
        let spec = specification::load(&args.spec).await.map_err(|error| specification::failures(&error))?;
        let mut failures = Vec::new();
        let record = Record::open(args.reports.audit.as_deref()).map_err(|failure| failures.push(failure)).ok();
        // Found now rather than when everything is published.
        if let Some(Err(error)) = args.reports.report.as_deref().map(atomic::Target::classify) {
            let hint = "correct --report, or the rights there";
            failures.push(Failure::other("", audit::Failure::Io, error_chain(&error), hint));
        }
        let aws = match AwsConfig::load(&aws_options(&spec, args)).await {
            Ok(aws) => Some(aws),
            Err(error) => {
                let message = format!("AWS settings: {}", error_chain(&error));
                failures.push(Failure::other("", audit::Failure::Config, message, ""));
                None
            }
        };
        let region = aws.as_ref().and_then(|aws| aws.default_region()).map(str::to_owned);
        // Where the settings are broken, the Region that is missing is their fault.
        let defaults = Defaults { region_is_required: aws.is_some(), region };
        let plan = match Plan::new(spec, &Overrides::from(&args.place), &defaults) {
            Ok(plan) => Some(plan),
            Err(errors) => {
                failures.extend(specification::mistakes(&errors));
                None
            }
        };
        let (Some(plan), Some(aws), Some(record)) = (plan, aws, record) else { return Err(failures) };
        if !failures.is_empty() {
            return Err(failures);
        }
        for notice in &plan.notices {
            tracing::warn!(spec = plan.origin, "{}", notice.message);
        }
        let mut settings = Settings::of_process(args.aws.session_name.as_deref());
        settings.audit = record.sink();
        let sources = Sources::new(aws.clone(), settings);
        Ok(Self { plan, sources, aws, record, deadline: args.aws.deadline })
    }

    /// Checks that owners and groups of the plan's files can be given in `target`, and those of its variables where they
    /// are files.
    ///
    /// # Errors
    /// All that can't.
    pub fn check_rights(&self, target: &TmpfsDir, variables_are_files: bool) -> Result<(), Failure> {
        let outputs = self.plan.entries.iter().flat_map(|(entry, _)| &entry.outputs);
        let variables = outputs.filter_map(|output| match &output.to {
            Destination::Variable(name) => Some(File { path: name.clone(), ..self.plan.defaults.clone() }),
            Destination::Variables { prefix } => {
                Some(File { path: format!("{prefix}*"), ..self.plan.defaults.clone() })
            }
            _ => None,
        });
        let variables: Vec<_> = variables.filter(|_| variables_are_files).collect();
        Ok(target.check_rights(self.files().chain(&variables))?)
    }

    /// The files that the plan knows by name, and the directories of those that it does not, with their rights.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let outputs = self.plan.entries.iter().flat_map(|(entry, _)| &entry.outputs);
        let of_entries = outputs.filter_map(|output| match &output.to {
            Destination::File(file) | Destination::Files { directory: file, .. } => Some(file),
            _ => None,
        });
        of_entries.chain(self.plan.composites.iter().map(|composite| &composite.file))
    }

    /// Fetches everything and makes it into bytes, within the deadline.
    pub async fn fetch(&self) -> Fetched {
        let answers = self.sources.fetch(&self.plan, Instant::now() + self.deadline).await;
        let at = SystemTime::now();
        let units = render(&self.plan, &answers, at);
        let delivered = self.plan.entries.iter().flat_map(|(entry, request)| {
            let items = match answers.get(*request) {
                Some(Ok(Answer::One(item))) => std::slice::from_ref(item),
                Some(Ok(Answer::Many(items))) => items.get(..1).unwrap_or_default(),
                _ => &[],
            };
            items.iter().map(|item| Delivered {
                label: entry.label.clone(),
                region: item.region.clone(),
                request_id: item.request_id.clone(),
            })
        });
        let delivered = delivered.collect();
        let stood_in = self.plan.entries.iter().filter_map(|(entry, request)| match answers.get(*request) {
            Some(Ok(Answer::One(item))) => {
                let fault = Fault::clone(item.stands_in_for.as_deref()?);
                Some((entry.label.clone(), Failure::aws(entry.label.as_str(), fault)))
            }
            _ => None,
        });
        Fetched { units, delivered, stood_in: stood_in.collect(), at }
    }
}

/// Opens the directory `path` as a target, and tells what whoever runs us should know of it.
///
/// # Errors
/// If it is no memory, or not ours to write to.
pub fn open_target(path: &Path, rules: &TargetRules) -> Result<TmpfsDir, Failure> {
    let target = TmpfsDir::open(path, &TargetSettings { allow_disk: rules.allow_disk })?;
    target.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(target)
}

impl Fetched {
    /// The same with each variable as a file of its name and of the plan's rights, for whoever sets no variables.
    #[must_use]
    pub fn with_variables_as_files(mut self, plan: &Plan) -> Self {
        let made = self.units.iter_mut().filter_map(|unit| unit.result.as_mut().ok()).flatten();
        for made in made {
            if let MadeTo::Variable(name) = &mut made.to {
                made.to = MadeTo::File(File { path: std::mem::take(name), ..plan.defaults.clone() });
            }
        }
        self
    }

    /// Those of `delivered` of which something was made: a refresh publishes it beside what failed.
    pub fn made(&self) -> impl Iterator<Item = &Delivered> {
        self.delivered_to(self.units.iter().filter(|unit| unit.result.is_ok()))
    }

    /// Those of `delivered` that are in `units`.
    pub fn delivered_to<'a>(
        &'a self,
        units: impl IntoIterator<Item = &'a Unit>,
    ) -> impl Iterator<Item = &'a Delivered> {
        let labels: BTreeSet<&str> = units.into_iter().flat_map(|unit| &unit.entries).map(String::as_str).collect();
        self.delivered.iter().filter(move |delivered| labels.contains(delivered.label.as_str()))
    }

    /// Why units failed, in their order.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.units.iter().filter_map(|unit| unit.result.as_ref().err()).flatten()
    }
}

fn aws_options(spec: &Spec, args: &FetchArgs) -> sealkit_aws::Options {
    let mut options = source::aws_options(&spec.place);
    // Credentials may come from STS, which needs a Region even where each entry has its own.
    options.fallback_region = options.fallback_region.or_else(|| first_region(spec));
    let AwsArgs { profile, imds_region, use_fips, use_dual_stack, .. } = &args.aws;
    options.profile.clone_from(profile);
    options.region.clone_from(&args.place.region);
    options.region_of_instance = *imds_region && spec.place.region.is_none();
    options.use_fips = *use_fips;
    options.use_dual_stack = *use_dual_stack;
    options
}
