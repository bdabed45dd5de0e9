//! `install`

use sealkit_host::exit::Exit;

use crate::args::InstallArgs;

/// Runs the mode to its end.
pub async fn run(_args: &InstallArgs) -> Exit {
    eprintln!("seal-fetcher: `install` is not built yet");
    Exit::Internal
}
