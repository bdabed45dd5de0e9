//! Local KEKs under `followKeyMaterial`: a KEK is written under only if what it is under can be announced.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Refusal;
use super::kek::Gate;
use super::lineup::Lineup;
use super::rotation::{Follower, Label, Material, no_material};
use super::service::{Call, Origin};

/// The follower of the write key.
pub(super) struct Following {
    pub(super) lineup: Arc<Lineup>,
    pub(super) follower: Arc<Follower>,
}

impl Following {
    /// The `key_id` of what is written under a KEK in use of this origin; none if it is not to be written.
    ///
    /// # Errors
    ///
    /// If KMS did not say which material the KEK is under.
    pub(super) fn key_id(&self, origin: &Origin) -> Result<Option<Arc<str>>, Refusal> {
        Ok(match self.follower.label_in_use(&self.material(origin)?) {
            Label::KeyId(key_id) => Some(key_id),
            Label::NotAnnounced => None,
        })
    }

    fn material(&self, origin: &Origin) -> Result<Material, Refusal> {
        self.lineup.write_key().material(origin).ok_or_else(|| no_material(origin))
    }
}

impl Gate for Following {
    fn wants_another(&self) -> bool {
        self.follower.is_step_due()
    }

    fn admits<'a>(&'a self, call: Call<'a>, origin: &'a Origin) -> BoxFuture<'a, Result<bool, Refusal>> {
        async move {
            let material = self.material(origin)?;
            let label = self.follower.label(self.lineup.write_key(), &call, &material).await;
            Ok(matches!(label, Label::KeyId(_)))
        }
        .boxed()
    }
}
