//! The keys of a KeySet, and in which order they are tried.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::directory::Directory;
use super::kek::Upstream;
use super::service::{Call, Generated, Purpose, Unwrapped, Wrapping};
use super::{Malformed, Refusal};

/// The write key, then the read keys.
pub(super) struct Lineup {
    pub(super) directory: Arc<Directory>,
    pub(super) keys: Vec<Wrapping>,
}

impl Lineup {
    /// The key that encrypts.
    pub(super) fn write_key(&self) -> &Wrapping {
        &self.keys[0]
    }

    /// Which keys to try: the one that is named, the write key, then the read keys; of those that open the same blobs
    /// the first.
    pub(super) fn order(&self, blob: &[u8], named: Option<usize>) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::with_capacity(self.keys.len());
        for index in named.into_iter().chain(0..self.keys.len()) {
            let key = &self.keys[index];
            if key.may_open(blob) && order.iter().all(|&before| self.keys[before].route() != key.route()) {
                order.push(index);
            }
        }
        order
    }

    /// What the first key that opens `blob` finds in it, and that key. Only a refusal of the blob leads to the next
    /// key; if none opens it, the first one's refusal is the answer.
    pub(super) async fn first_to_open(
        &self,
        call: &Call<'_>,
        purpose: Purpose,
        blob: &[u8],
        order: &[usize],
    ) -> Result<(Unwrapped, usize), Refusal> {
        let mut first = None;
        for &index in order {
            match self.keys[index].decrypt(call, purpose, blob).await {
                Ok(unwrapped) => return Ok((unwrapped, index)),
                Err(refusal) if self.keys[index].leads_on(&refusal) => _ = first.get_or_insert(refusal),
                Err(refusal) => return Err(refusal),
            }
        }
        Err(first.unwrap_or(Malformed::ForeignKey.into()))
    }
}

impl Upstream for Lineup {
    fn name(&self, index: usize) -> Arc<str> {
        Arc::clone(self.directory.name(index))
    }

    fn by_name(&self, name: &str) -> Option<usize> {
        self.directory.by_name(name)
    }

    fn generate<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Generated, Refusal>> {
        async move { self.write_key().generate_data_key(&call).await }.boxed()
    }

    fn unwrap<'a>(
        &'a self,
        call: Call<'a>,
        wrapped: &'a [u8],
        hint: Option<usize>,
    ) -> BoxFuture<'a, Result<(Unwrapped, usize), Refusal>> {
        async move {
            let order = self.order(wrapped, hint);
            self.first_to_open(&call, Purpose::LocalKek, wrapped, &order).await
        }
        .boxed()
    }
}
