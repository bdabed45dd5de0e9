//! What will be fetched, and which files come of it: a specification whose names are checked and whose requests are
//! each made once.

use crate::spec::{Batch, Composite, Entry, Failover, Form, Object, SealedFile};

/// A specification that can be carried out.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The form that the specification had.
    pub form: Form,
    /// What errors call it.
    pub origin: String,
    /// How BatchGetSecretValue is used.
    pub batch: Batch,
    /// What is fetched: no two are equal.
    pub requests: Vec<Request>,
    /// The entries, with the place of each one's request in [`requests`](Self::requests).
    pub entries: Vec<(Entry, usize)>,
    /// Files made of several entries.
    pub composites: Vec<Composite>,
}

/// One thing to fetch. Equal requests of several entries are one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// What is asked for.
    pub object: Object,
    /// The Region that is asked; absent for sealed files, which name their keys' Regions themselves.
    pub region: Option<String>,
    /// What is asked for elsewhere, in this order, while a Region is out.
    pub failover: Vec<Failover>,
    /// The ARN of the role to assume.
    pub role: Option<String>,
    /// What stands in while all of these are out.
    pub fallback: Option<SealedFile>,
}
