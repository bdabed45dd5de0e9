//! From the forms of others to our own.

use sealkit_host::exit::Exit;

use crate::args::ConvertArgs;

/// Prints the specification in our own form.
pub async fn run(_args: &ConvertArgs) -> Exit {
    eprintln!("seal-fetcher: `convert` is not built yet");
    Exit::Internal
}
