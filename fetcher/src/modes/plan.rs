//! `plan`: what would be fetched and written, with which calls, permissions, rate and cost, without asking anybody.

mod text;
mod view;

use sealkit_host::exit::Exit;

use super::offline::{self, say};
use super::specification;
use crate::args::PlanArgs;
use crate::plan::Plan;
use crate::plan::calls::Calls;
use crate::plan::cost::Estimate;
use crate::plan::policy::grants;
use view::View;

/// Reckons and prints it; ends with 3 if there is a mistake.
pub async fn run(args: &PlanArgs) -> Exit {
    let spec = match specification::load(&args.spec).await {
        Ok(spec) => spec,
        Err(error) => return offline::failed(&error),
    };
    let plan = match Plan::new(spec, &(&args.place).into(), &offline::defaults()) {
        Ok(plan) => plan,
        Err(errors) => {
            eprintln!("{errors}");
            return Exit::Config;
        }
    };
    let estimate = Estimate::new(Calls::of(&plan), args.estimate.pods, args.estimate.interval);
    let view = View::new(&plan, &estimate, grants(&plan, args.estimate.account.as_deref()));
    say(&if args.json { offline::json(&view) } else { view.text() })
}
