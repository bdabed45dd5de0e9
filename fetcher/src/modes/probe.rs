//! `probe`

use sealkit_host::exit::Exit;

use crate::args::ProbeArgs;

/// Runs the mode to its end.
pub async fn run(_args: &ProbeArgs) -> Exit {
    eprintln!("seal-fetcher: `probe` is not built yet");
    Exit::Internal
}
