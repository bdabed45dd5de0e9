//! `watch`

use sealkit_host::exit::Exit;

use crate::args::WatchArgs;

/// Runs the mode to its end.
pub async fn run(_args: &WatchArgs) -> Exit {
    eprintln!("seal-fetcher: `watch` is not built yet");
    Exit::Internal
}
