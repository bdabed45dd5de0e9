//! All state of one endpoint, shared by its connections.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::calls::Calls;
use super::clock::Clock;
use super::credentials::Credentials;
use super::faults::Faults;
use super::kms::Kms;
use super::wire::ErrorForm;

pub(super) struct World {
    pub(super) kms: Kms,
    pub(super) calls: Calls,
    pub(super) faults: Faults,
    pub(super) clock: Clock,
    pub(super) credentials: Credentials,
    error_form: Mutex<ErrorForm>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            kms: Kms::new(),
            calls: Calls::default(),
            faults: Faults::default(),
            clock: Clock::default(),
            credentials: Credentials::default(),
            error_form: Mutex::new(ErrorForm::Bare),
        }
    }

    pub(super) fn error_form(&self) -> ErrorForm {
        *lock(&self.error_form)
    }

    pub(super) fn set_error_form(&self, form: ErrorForm) {
        *lock(&self.error_form) = form;
    }
}

/// Locks `mutex`; a test that panicked while it held the lock must not hide its panic behind ours.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
