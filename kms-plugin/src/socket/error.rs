//! Why a socket cannot be had.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What stands at a socket's path, and is not ours to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, wherever it leads.
    Symlink,
    /// A pipe or a device.
    Other,
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a regular file",
            Self::Directory => "a directory",
            Self::Symlink => "a symbolic link",
            Self::Other => "a pipe or device",
        })
    }
}

/// A socket that cannot be had. Each names the path and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The path does not fit into a socket address.
    #[error("socket {}: the path has {bytes} bytes, and unix sockets allow 107: choose a shorter one", path.display())]
    PathTooLong {
        /// The socket's path.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },

    /// The path names no file in a directory.
    #[error("socket {}: the path names no file: give a directory and a name in it", path.display())]
    NoFileName {
        /// The socket's path.
        path: PathBuf,
    },

    /// The directory is not there, or cannot be opened.
    #[error("socket {}: cannot open its directory: create it, owned by the user of this process", path.display())]
    Directory {
        /// The socket's path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// The directory, or one above it, belongs to a user who could exchange the socket.
    #[error(
        "socket {}: {} belongs to uid {uid}, who could replace the socket: it must belong to root or to the user of \
         this process", path.display(), directory.display()
    )]
    DirectoryOwner {
        /// The socket's path.
        path: PathBuf,
        /// The directory, or symbolic link on the way to it.
        directory: PathBuf,
        /// Its owner.
        uid: u32,
    },

    /// The directory, or one above it, is writable by everyone.
    #[error(
        "socket {}: {} is writable by every user (mode {mode:04o}), who could replace the socket: remove that right \
         (chmod o-w), or choose another directory", path.display(), directory.display()
    )]
    DirectoryWritable {
        /// The socket's path.
        path: PathBuf,
        /// The directory.
        directory: PathBuf,
        /// Its mode.
        mode: u32,
    },

    /// Another process makes a socket in the same directory, and does not finish.
    #[error(
        "socket {}: another process has locked the directory for more than a second: find it with 'lslocks' and \
         stop it", path.display()
    )]
    DirectoryLocked {
        /// The socket's path.
        path: PathBuf,
    },

    /// A process listens there.
    #[error(
        "socket {}: another process serves it: stop that one ('ss -xlp' shows it), or choose another path",
        path.display()
    )]
    Live {
        /// The socket's path.
        path: PathBuf,
    },

    /// A socket stands there, and whether anybody serves it cannot be told.
    #[error(
        "socket {}: cannot tell whether another process serves it: if none does, remove the socket", path.display()
    )]
    Unclear {
        /// The socket's path.
        path: PathBuf,
        /// What connecting to it answered.
        source: io::Error,
    },

    /// Something that is not a socket stands there.
    #[error("socket {}: {occupant} stands there: move it away, or choose another path", path.display())]
    Occupied {
        /// The path, or that of the temporary name beside it.
        path: PathBuf,
        /// What stands there.
        occupant: Occupant,
    },

    /// Something came to stand there while the socket was made, and was left alone.
    #[error("socket {}: another process put something there just now: see what does, and start again", path.display())]
    Changed {
        /// The socket's path.
        path: PathBuf,
    },

    /// Owner or group cannot be set.
    #[error(
        "socket {}: cannot give it to {wanted}: run as root or with CAP_CHOWN, or leave owner and group alone",
        path.display()
    )]
    Chown {
        /// The socket's path.
        path: PathBuf,
        /// The owner and group asked for.
        wanted: String,
        /// Why.
        source: io::Error,
    },

    /// A step that the system refuses.
    #[error("socket {}: cannot {step}", path.display())]
    Step {
        /// The socket's path.
        path: PathBuf,
        /// What was tried.
        step: &'static str,
        /// Why.
        source: io::Error,
    },

    /// systemd passed something that is no listening unix stream socket.
    #[error(
        "socket number {index} that systemd passes (LISTEN_FDS) is not a unix stream socket with a path: use \
         ListenStream= with a path, and Accept=no"
    )]
    NotAListener {
        /// Its place, counted from 0.
        index: usize,
    },

    /// systemd passed a socket that no settings name.
    #[error(
        "socket {}: systemd passes it (LISTEN_FDS), but it is not configured: give the same path in ListenStream= and \
         in this program's settings", path.display()
    )]
    Unclaimed {
        /// The socket's path.
        path: PathBuf,
    },
}
