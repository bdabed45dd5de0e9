//! A new generation of files, all of it or nothing.
