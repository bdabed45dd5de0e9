//! From the envelope's errors, by direction, to the one a user sees.

use std::path::Path;

use sealkit_envelope::armor::ArmorError;
use sealkit_envelope::keyring::KeyringError;
use sealkit_envelope::message::HeaderError;
use sealkit_envelope::{DecryptError, EncryptError, PolicyError};
use sealkit_host::audit::Failure;
use sealkit_host::exit::Exit;
use sealkit_host::private_file::shell_word;
use sealkit_host::text::error_chain;

use super::CliError;
use crate::io::metered::Terminated;
use crate::io::terminal::BinaryToTerminal;

/// Encrypting `input` to `output` failed.
pub(crate) fn encrypting(input: &str, output: &str, error: EncryptError) -> CliError {
    match error {
        EncryptError::Read(error) => reading(input, &error),
        EncryptError::Write(error) => writing(output, &error),
        EncryptError::Policy(error) => policy(input, &error),
        EncryptError::Keyring(error) => keyring(input, &error),
        EncryptError::Context(error) => CliError::usage(input, error.to_string()).hint("correct --context"),
        EncryptError::PlaintextTooLong => {
            CliError::usage(input, error.to_string()).hint("give a longer --frame-length")
        }
        EncryptError::InputChanged { .. } => {
            CliError::new(Exit::Io, input, error.to_string()).hint("run it again when nobody writes to it")
        }
        EncryptError::HeaderFieldTooLong => CliError::usage(input, error.to_string()),
        error => CliError::new(Exit::Internal, input, error_chain(&error)),
    }
}

/// Decrypting `input` to `output` failed.
pub(crate) fn decrypting(input: &str, output: &str, error: DecryptError) -> CliError {
    let refused = |message: String| CliError::new(Exit::Refused, input, message);
    match error {
        DecryptError::Read(error) if error.get_ref().is_some_and(|source| source.is::<ArmorError>()) => {
            refused(error.to_string()).class(Failure::NotAuthentic).hint("get the whole text again from where it came")
        }
        DecryptError::Read(error) => reading(input, &error),
        DecryptError::Write(error) => writing(output, &error),
        DecryptError::Policy(error) => policy(input, &error),
        DecryptError::Keyring(error) => keyring(input, &error),
        DecryptError::Incomplete => CliError::new(Exit::Internal, input, error.to_string()),
        DecryptError::ContextConflict { .. } => {
            refused(error.to_string()).hint("`sealctl inspect` shows the context that the message claims")
        }
        DecryptError::Header(HeaderError::NotAMessage { .. }) => {
            refused(error.to_string()).hint("name a file that `sealctl encrypt` or an AWS Encryption SDK wrote")
        }
        DecryptError::Header(HeaderError::Version1 | HeaderError::Unframed) => {
            refused(error.to_string()).hint("decrypt it with an official AWS Encryption SDK, and encrypt it anew")
        }
        DecryptError::Header(_) => refused(error.to_string()),
        DecryptError::NotAuthentic => refused(error.to_string())
            .class(Failure::NotAuthentic)
            .hint("get the file again from where it came, or correct --context"),
        error => refused(error.to_string())
            .class(Failure::NotAuthentic)
            .hint("get the file again from where it came: it was cut off or changed"),
    }
}

fn reading(input: &str, error: &std::io::Error) -> CliError {
    terminated(input, error).unwrap_or_else(|| CliError::new(Exit::Io, input, super::cause(error)))
}

fn writing(output: &str, error: &std::io::Error) -> CliError {
    if error.get_ref().is_some_and(|source| source.is::<BinaryToTerminal>()) {
        return CliError::usage(output, error.to_string()).hint("write it to a file with -o, or pipe it on");
    }
    terminated(output, error).unwrap_or_else(|| CliError::writing(output, error))
}

/// A signal shows itself as an error of the next read or write.
fn terminated(object: &str, error: &std::io::Error) -> Option<CliError> {
    let Terminated(exit) = error.get_ref()?.downcast_ref()?;
    Some(CliError::new(*exit, object, "interrupted"))
}

fn policy(input: &str, error: &PolicyError) -> CliError {
    let refused = CliError::new(Exit::Refused, input, error.to_string());
    match error {
        PolicyError::TooManyEncryptedDataKeys { count, .. } => {
            refused.hint(format!("if you expect that many keys: --max-encrypted-data-keys {count}"))
        }
        PolicyError::HeaderTooLong { max } => {
            refused.hint(format!("if you expect so long a header: --max-header-bytes {}", max.saturating_mul(2)))
        }
        PolicyError::FrameTooLong { length, .. } => {
            refused.hint(format!("if there is memory for such frames on each core: --max-frame-length {length}"))
        }
        PolicyError::Signed => refused.hint("leave out --refuse-signed, or `refuse_signed` in the configuration"),
        PolicyError::KeyNotAllowed { .. } => {
            refused.hint("name one of these keys with --key, or allow it in the configuration")
        }
        PolicyError::ContextKeyMissing { key } | PolicyError::ContextPairMissing { key } => {
            // The name may be a repository's: a command to be copied must not do anything else.
            let name = shell_word(Path::new(key)).unwrap_or_else(|| "NAME".to_owned());
            refused.hint(format!("give it with --context {name}=VALUE"))
        }
        _ => refused,
    }
}

/// The code of several failures is that of what a person must do first.
pub(crate) fn keyring(input: &str, error: &KeyringError) -> CliError {
    let leaves = error.leaves();
    let worst = Exit::worst_of(leaves.iter().map(|leaf| exit_of(leaf)));
    let decisive = leaves.iter().find(|leaf| exit_of(leaf) == worst);
    #[cfg(feature = "aws")]
    if let (Some(KeyringError::Kms(fault)), [_]) = (decisive, &leaves[..]) {
        return super::fault(input, fault);
    }
    let mut this = CliError::new(worst, input, error_chain(error));
    if let KeyringError::NoDataKeyUnwrapped { errors, .. } = error
        && errors.is_empty()
    {
        this = this.hint("name the key with --key; `sealctl inspect` shows all that it is wrapped under");
    }
    if let Some(KeyringError::NotAuthentic { .. }) = decisive {
        this = this.class(Failure::NotAuthentic).hint(
            "the data was changed, or was encrypted under another encryption context; \
             `sealctl inspect` shows the pairs that the message stores",
        );
    }
    #[cfg(feature = "aws")]
    if let Some(KeyringError::Kms(fault)) = decisive {
        this.class = Some(super::class_of(fault.class()));
        this.code = fault.code().map(str::to_owned);
    }
    this
}

fn exit_of(error: &KeyringError) -> Exit {
    match error {
        KeyringError::NotAuthentic { .. }
        | KeyringError::NoDataKeyUnwrapped { .. }
        | KeyringError::PublicKeyMissing
        | KeyringError::PublicKeyUnexpected => Exit::Refused,
        KeyringError::ContextTooLong { .. } => Exit::Usage,
        #[cfg(feature = "aws")]
        KeyringError::Kms(fault) => super::class_of(fault.class()).into(),
        #[cfg(feature = "aws")]
        KeyringError::KmsRule(_) => Exit::Refused,
        #[cfg(feature = "aws")]
        KeyringError::KmsConfig(_) => Exit::Usage,
        #[cfg(feature = "aws")]
        KeyringError::NoReplicaAnswered { errors } => Exit::worst_of(errors.iter().map(exit_of)),
        _ => Exit::Internal,
    }
}
