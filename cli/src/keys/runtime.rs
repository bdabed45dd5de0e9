//! Waiting for keyrings: on this thread alone until a KMS key is used, then on one shared runtime.

/// What futures of keyrings are waited for with.
///
/// Local keys never wait, so a run that uses no KMS key makes no runtime.
#[derive(Debug, Default)]
pub(crate) struct Runtime {
    #[cfg(feature = "aws")]
    tokio: std::sync::OnceLock<tokio::runtime::Runtime>,
}

impl Runtime {
    /// Makes the runtime that clients of AWS need. It is single-threaded: whichever of the threads that wait has it
    /// drives the connections of all.
    #[cfg(feature = "aws")]
    pub(crate) fn start(&self) {
        self.tokio.get_or_init(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime on this thread needs an epoll descriptor and no more")
        });
    }

    /// Waits for `future` on this thread; several threads may do so at once.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        #[cfg(feature = "aws")]
        if let Some(tokio) = self.tokio.get() {
            return tokio.block_on(future);
        }
        pollster::block_on(future)
    }
}
