//! A load generator for KMS plugins: what any of them costs, beside each other and beside the bare SDK.
//!
//! Each plugin gets an AWS double of its own with the same key, so that its KMS calls are counted apart and the same
//! objects decrypt everywhere. See docs/performance.md.

mod args;
mod bare;
mod closed;
mod contestant;
mod list;
mod objects;
mod open;
mod report;
mod soak;
mod steady;
mod tally;
mod targets;

use std::process::ExitCode;

use args::{Args, Mode};
use clap::Parser;
use report::Report;

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(&args)));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  {error}");
                cause = error.source();
            }
            ExitCode::from(2)
        }
    }
}

/// Runs the mode; whether all that was demanded holds.
async fn run(args: &Args) -> Result<bool, Box<dyn std::error::Error>> {
    let mut report = Report::new(args.json);
    let held = match &args.mode {
        Mode::List(options) => list::run(args, options, &mut report).await.map(|()| true)?,
        Mode::Steady(options) => steady::run(args, options, &mut report).await.map(|()| true)?,
        Mode::Open(options) => open::run(args, options, &mut report).await.map(|()| true)?,
        Mode::Targets(options) => targets::run(args, options).await?,
        Mode::Soak(options) => soak::run(args, options).await?,
    };
    report.ratios();
    Ok(held)
}
