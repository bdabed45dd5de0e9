//! `plan`

use sealkit_host::exit::Exit;

use crate::args::PlanArgs;

/// Runs the mode to its end.
pub async fn run(_args: &PlanArgs) -> Exit {
    eprintln!("seal-fetcher: `plan` is not built yet");
    Exit::Internal
}
