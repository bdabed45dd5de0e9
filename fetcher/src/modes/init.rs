//! `init`

use sealkit_host::exit::Exit;

use crate::args::InitArgs;

/// Runs the mode to its end.
pub async fn run(_args: &InitArgs) -> Exit {
    eprintln!("seal-fetcher: `init` is not built yet");
    Exit::Internal
}
