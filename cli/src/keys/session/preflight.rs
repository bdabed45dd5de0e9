//! What would fail every input of a batch in the same way, found before any work begins and told once.

use std::path::Path;

use sealkit_host::exit::Exit;

use super::Session;
use crate::error::CliError;
use crate::keys::Direction;

impl Session {
    /// Looks ahead: a batch of a thousand files without a key is one mistake and not a thousand.
    ///
    /// # Errors
    ///
    /// A wrong command line or configuration, if it is the same for all inputs. Anything else is told of each input
    /// when its turn comes.
    pub(crate) fn preflight<'a>(
        &self,
        direction: Direction,
        mut inputs: impl Iterator<Item = Option<&'a Path>>,
    ) -> Result<(), CliError> {
        let Some(Err(first)) = inputs.next().map(|input| self.look_ahead(direction, input)) else { return Ok(()) };
        if !matches!(first.exit, Exit::Usage | Exit::Config) {
            return Ok(());
        }
        let (mut others, mut is_one_object) = (0_usize, true);
        for input in inputs {
            match self.look_ahead(direction, input) {
                Err(error) if is_same(&error, &first) => {
                    others += 1;
                    is_one_object &= error.object == first.object;
                }
                _ => return Ok(()),
            }
        }
        if is_one_object {
            return Err(first);
        }
        Err(CliError { object: format!("{} and {others} more", first.object), ..first })
    }

    fn look_ahead(&self, direction: Direction, input: Option<&Path>) -> Result<(), CliError> {
        match direction {
            Direction::Encrypt => self.encrypt_plan(input).map(drop),
            Direction::Decrypt => {
                let applied = self.configuration.applied(input)?;
                match applied.rule_with_keys() {
                    Some(rule) if self.typed.is_empty() && self.intent.discovery_accounts.is_empty() => {
                        self.configuration.check_allowed(rule)
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Whether both say the same, if of different inputs.
fn is_same(left: &CliError, right: &CliError) -> bool {
    (left.exit, &left.message, &left.hint) == (right.exit, &right.message, &right.hint)
}
