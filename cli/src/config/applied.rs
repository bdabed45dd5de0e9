//! Which rules apply to one input.

use std::path::PathBuf;
use std::sync::Arc;

use super::private;
use super::repository::RepositoryConfig;
use super::rule::Rule;

/// Every configuration file that governs an input, the nearest first, with the rule of each that matches it.
///
/// All of them count: each can only narrow what the ones before it allow, so no order of files lets one hide the demands
/// of another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Applied {
    /// The files, the nearest first, with the index of the rule that matches.
    pub(crate) layers: Vec<(Arc<RepositoryConfig>, Option<usize>)>,
}

/// One rule that applies, and the file that it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppliedRule<'a> {
    /// The file.
    pub(crate) file: &'a RepositoryConfig,
    /// The rule.
    pub(crate) rule: &'a Rule,
}

/// Tells inputs apart that different rules apply to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct AppliedId(Vec<(PathBuf, usize)>);

impl Applied {
    /// The rules that match, of the nearest file first.
    pub(crate) fn rules(&self) -> impl Iterator<Item = AppliedRule<'_>> + Clone {
        self.layers.iter().filter_map(|(file, rule)| {
            let rule = file.rules.get((*rule)?)?;
            Some(AppliedRule { file, rule })
        })
    }

    /// The nearest rule that names keys.
    pub(crate) fn rule_with_keys(&self) -> Option<AppliedRule<'_>> {
        self.rules().find(|applied| !applied.rule.keys.is_empty())
    }

    /// Equal for inputs to which the same rules apply.
    pub(crate) fn id(&self) -> AppliedId {
        AppliedId(self.layers.iter().filter_map(|(file, rule)| Some((file.path.clone(), (*rule)?))).collect())
    }
}

impl AppliedRule<'_> {
    /// `FILE:LINE`, as errors and notes name the rule.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", private::shown(&self.file.path), self.rule.line)
    }
}
