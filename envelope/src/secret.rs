//! Memory for secrets: one type for keys, one for plaintext, and nothing else.
//!
//! | | [`SecretKey`] | [`Plaintext`] |
//! |---|---|---|
//! | holds | a data key, a wrapping key, a derived key | the content of a message, a frame of it |
//! | lives on | shared pages of 64-byte slots | a mapping of its own, reused through a pool |
//! | kept from swap | yes, as far as `RLIMIT_MEMLOCK` allows ([`memory_lock`]) | no: it is as large as the caller's data |
//! | kept out of core dumps | yes | yes |
//! | overwritten with zeros | on drop | on drop, and the cut part on [`Plaintext::truncate`] |
//! | `Debug`, `Display`, `Clone`, `Serialize` | none | none |
//!
//! The bytes are read by `expose_secret`, a name that can be searched for.
//!
//! # What a child process sees
//!
//! Pages are inherited on `fork` as any others are. `MADV_WIPEONFORK` would zero them in the child: a program that
//! forks and goes on, as daemons do, would then silently encrypt under the all-zero key. `MADV_DONTFORK` would crash
//! it. Neither buys anything where a child is made in order to run another program, for `execve` replaces the whole
//! address space. (Locks are not inherited; the child's copy may be swapped.)
//!
//! # Unsafe code
//!
//! This module alone may contain it: `pages` maps memory, `slab` cuts it into slots, `locked` puts a value into
//! one. Keys and plaintext are safe code on top.

mod key;
// For the key schedules of RustCrypto: AWS-LC allocates its own.
#[cfg(any(test, feature = "bench", not(any(feature = "aws-lc", feature = "fips"))))]
mod locked;
mod pages;
mod plaintext;
mod pool;
mod slab;

pub use self::key::{DataKey, SecretKey};
#[cfg(any(test, feature = "bench", not(any(feature = "aws-lc", feature = "fips"))))]
pub(crate) use self::locked::Locked;
pub use self::pages::{MemoryLock, memory_lock};
pub use self::plaintext::Plaintext;

#[cfg(test)]
pub(crate) mod tests;
