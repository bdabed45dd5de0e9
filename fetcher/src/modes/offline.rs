//! What `plan` and `lint` share: they answer on standard output, and ask nobody.

use sealkit_aws::Environment;
use sealkit_host::exit::Exit;
use sealkit_host::pages;
use sealkit_host::text::error_chain;
use serde::Serialize;

use crate::pages::ended;
use crate::plan::Defaults;
use crate::spec::load::LoadError;

/// The Region of the environment, if it names one. The profile is not looked at: it is that of whoever asks, and not the
/// pod's.
pub(super) fn defaults() -> Defaults {
    let environment = Environment::of_process();
    let region = environment.get("AWS_REGION").or_else(|| environment.get("AWS_DEFAULT_REGION"));
    Defaults { region: region.map(str::to_owned), region_is_required: false }
}

/// An answer for programs.
pub(super) fn json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("numbers, texts and lists are JSON");
    text.push('\n');
    text
}

/// Prints an answer.
pub(super) fn say(text: &str) -> Exit {
    ended("standard output", pages::print(text.as_bytes()))
}

/// Says why there is no specification.
pub(super) fn failed(error: &LoadError) -> Exit {
    eprintln!("seal-fetcher: {}", error_chain(error));
    error.exit()
}
