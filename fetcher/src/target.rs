//! The directory that secrets go to, proven to be memory.
