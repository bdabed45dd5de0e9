//! `plan` and `lint`

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;

use super::{NotifyArgs, PlaceArgs, SpecArgs, value};

const PLAN_EXAMPLES: &str = "\
Examples:
  seal-fetcher plan --spec secrets.yaml --region eu-central-1
  seal-fetcher plan --spec secrets.yaml --pods 2000 --interval 1h
  seal-fetcher plan --spec secrets.yaml --account 111122223333 --json | jq '.policies[0].document'";

const LINT_EXAMPLES: &str = "\
Examples:
  seal-fetcher lint --spec secrets.yaml
  kubectl get secretproviderclass app -o yaml | seal-fetcher lint --spec - --json";

/// Say what would be fetched and written, with which calls, permissions, rate and cost
///
/// Calls nobody.
#[derive(Clone, Debug, Args)]
#[command(after_help = PLAN_EXAMPLES)]
pub struct PlanArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of several modes, said at the type")]
    pub spec: SpecArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of several modes, said at the type")]
    pub place: PlaceArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "said at the type")]
    pub estimate: EstimateArgs,

    /// Print one JSON object (docs/fetcher.md)
    #[arg(long)]
    pub json: bool,
}

/// What calls, permissions, rate and cost are reckoned for.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Estimate")]
pub struct EstimateArgs {
    /// The account in the policy's ARNs where the specification names none [default: * for any]
    #[arg(long, value_name = "NUMBER", value_parser = value::account)]
    pub account: Option<String>,

    /// How many pods or tasks run at once
    #[arg(long, value_name = "N", default_value = "1", value_parser = value::pods)]
    pub pods: NonZeroU32,

    /// How often each refreshes
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = value::interval)]
    pub interval: Duration,
}

/// Say every mistake and every doubt at once, with line and column
///
/// Calls nobody. Ends with 3 if there is a mistake; doubts alone end with 0.
#[derive(Clone, Debug, Args)]
#[command(after_help = LINT_EXAMPLES)]
pub struct LintArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of `watch`, whose prerequisites are told")]
    pub notify: NotifyArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of several modes, said at the type")]
    pub spec: SpecArgs,

    #[command(flatten)]
    #[expect(missing_docs, reason = "flags of several modes, said at the type")]
    pub place: PlaceArgs,

    /// Print one JSON object (docs/fetcher.md)
    #[arg(long)]
    pub json: bool,
}
