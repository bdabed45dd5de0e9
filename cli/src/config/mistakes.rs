//! The mistakes of a configuration file as one error.

use sealkit_host::config::ConfigErrors;
use sealkit_host::exit::Exit;

use super::private;
use crate::error::CliError;

/// One error for all mistakes of a file; `hint` says where fields are described, if one is unknown.
pub(crate) fn told(errors: &ConfigErrors, hint: &str) -> CliError {
    let file = private::shown(errors.path());
    let error = match errors.mistakes() {
        [only] => CliError::new(Exit::Config, format!("{file}:{}", only.at), only.message.clone()),
        several => CliError::new(Exit::Config, file, format!("{} mistakes\n{errors}", several.len())),
    };
    let is_unknown = errors.mistakes().iter().any(|mistake| mistake.message.starts_with("unknown field"));
    if is_unknown { error.hint(hint) } else { error }
}
