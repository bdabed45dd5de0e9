//! `exec`

use sealkit_host::exit::Exit;

use crate::args::ExecArgs;

/// Runs the mode to its end.
pub async fn run(_args: &ExecArgs) -> Exit {
    eprintln!("seal-fetcher: `exec` is not built yet");
    Exit::Internal
}
