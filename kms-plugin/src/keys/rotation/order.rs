//! The order of a key's materials, as `kms:ListKeyRotations` gives it.

use serde::{Deserialize, Serialize};

/// Materials that are remembered of a key, the newest ones. AWS makes at most one each 90 days by itself, and 25 on
/// demand.
pub(in crate::keys) const MAX_MATERIALS: usize = 1024;

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::keys) struct Listed {
    /// AWS' `KeyMaterialId`.
    pub(in crate::keys) id: String,
    /// When the key was rotated to it, in milliseconds since 1970; none for the first material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::keys) rotated: Option<i64>,
}

/// A key's materials, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::keys) struct Order(Vec<Listed>);

impl Order {
    /// The order of these entries: by date. AWS states none for its pages.
    pub(in crate::keys) fn of(mut listed: Vec<Listed>) -> Self {
        listed.sort_by_key(|entry| entry.rotated);
        listed.drain(..listed.len().saturating_sub(MAX_MATERIALS));
        Self(listed)
    }

    pub(super) fn position(&self, id: &str) -> Option<usize> {
        self.0.iter().position(|entry| entry.id == id)
    }

    pub(super) fn is_newest(&self, id: &str) -> bool {
        self.0.last().is_some_and(|entry| entry.id == id)
    }

    /// When the key was rotated to this material, in milliseconds since 1970.
    pub(super) fn rotated(&self, id: &str) -> Option<i64> {
        self.0.iter().find(|entry| entry.id == id)?.rotated
    }

    /// Takes over a later order. One that misses what is known is of a host of KMS that does not know it yet, and
    /// changes nothing.
    pub(super) fn learn(&mut self, later: Self) {
        // Of very long lists the oldest are forgotten, so those may be missing.
        let kept = self.0.iter().skip(self.0.len().saturating_sub(MAX_MATERIALS / 2));
        if kept.into_iter().all(|entry| later.position(&entry.id).is_some()) {
            *self = later;
        }
    }

    pub(in crate::keys) fn entries(&self) -> &[Listed] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(ids: &[(&str, Option<i64>)]) -> Order {
        Order::of(ids.iter().map(|&(id, rotated)| Listed { id: id.into(), rotated }).collect())
    }

    #[test]
    fn dates_give_the_order_and_the_first_has_none() {
        let order = order(&[("c", Some(20)), ("a", None), ("b", Some(10))]);
        assert_eq!([order.position("a"), order.position("b"), order.position("c")], [Some(0), Some(1), Some(2)]);
        assert!(order.is_newest("c") && !order.is_newest("b"));
    }

    #[test]
    fn a_list_that_misses_what_is_known_is_late_and_changes_nothing() {
        let mut known = order(&[("a", None), ("b", Some(10))]);
        known.learn(order(&[("a", None)]));
        assert!(known.is_newest("b"));
        known.learn(order(&[("a", None), ("b", Some(10)), ("c", Some(20))]));
        assert!(known.is_newest("c"));
    }
}
