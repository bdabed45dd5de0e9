//! `lint`

use sealkit_host::exit::Exit;

use crate::args::LintArgs;

/// Runs the mode to its end.
pub async fn run(_args: &LintArgs) -> Exit {
    eprintln!("seal-fetcher: `lint` is not built yet");
    Exit::Internal
}
