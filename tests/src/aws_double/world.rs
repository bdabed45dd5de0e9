//! All state of one endpoint, shared by its connections.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::calls::Calls;
use super::clock::Clock;
use super::container::Container;
use super::credentials::Credentials;
use super::error::ServiceError;
use super::faults::Faults;
use super::instance::Instance;
use super::kms::Kms;
use super::operation::Operation;
use super::pages::Pages;
use super::parameters::Parameters;
use super::question::Question;
use super::secrets::Secrets;
use super::service::Service;
use super::sts::Sts;
use super::wire::ErrorForm;

pub(super) struct World {
    pub(super) kms: Kms,
    pub(super) secrets: Secrets,
    pub(super) parameters: Parameters,
    pub(super) sts: Sts,
    pub(super) container: Container,
    pub(super) instance: Instance,
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
            secrets: Secrets::default(),
            parameters: Parameters::default(),
            sts: Sts::default(),
            container: Container::default(),
            instance: Instance::default(),
            calls: Calls::default(),
            faults: Faults::default(),
            clock: Clock::default(),
            credentials: Credentials::default(),
            error_form: Mutex::new(ErrorForm::Bare),
        }
    }

    /// The right answer of the service that is asked.
    pub(super) fn answer(&self, question: &Question) -> Result<Value, ServiceError> {
        match question.operation.service() {
            Service::Kms => self.kms.handle(question.operation, &question.region, &question.body),
            Service::SecretsManager => self.secrets.handle(question, &self.kms),
            Service::Ssm => self.parameters.handle(question, &self.secrets, &self.kms),
            Service::Sts => self.sts.handle(question, &self.credentials),
            Service::Container => self.container.handle(question, &self.credentials),
            Service::Instance => self.instance.handle(question, &self.credentials),
        }
    }

    /// Denies `operation` on a resource of its service, or on all.
    pub(super) fn deny(&self, operation: Operation, resource: Option<&str>) {
        match operation.service() {
            Service::Kms => self.kms.deny(operation, resource),
            Service::SecretsManager => self.secrets.deny(operation, resource),
            Service::Ssm => self.parameters.deny(operation, resource),
            Service::Sts => self.sts.deny(operation, resource),
            // Policies know nothing of these.
            Service::Container | Service::Instance => {}
        }
    }

    /// Lifts all denials of all services.
    pub(super) fn allow_all(&self) {
        self.kms.allow_all();
        self.secrets.allow_all();
        self.parameters.allow_all();
        self.sts.allow_all();
    }

    /// How all services cut their answers into pages.
    pub(super) fn set_pages(&self, pages: Pages) {
        self.kms.set_page_length(pages.length);
        self.secrets.set_pages(pages);
        self.parameters.set_pages(pages);
    }

    pub(super) fn error_form(&self) -> ErrorForm {
        *lock(&self.error_form)
    }

    pub(super) fn set_error_form(&self, form: ErrorForm) {
        *lock(&self.error_form) = form;
    }
}

/// Locks `mutex`; a test that panicked while it held the lock must not hide its panic behind ours.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
