//! moto, the emulator that the official SDKs and tools are used with, from the Python environments of the
//! interoperability tests.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::aws_double::closed_address;

/// A running moto; it is killed when dropped.
pub struct Moto {
    process: Child,
    address: SocketAddr,
}

impl Moto {
    /// Starts moto on a free port of loopback.
    ///
    /// # Panics
    ///
    /// When it cannot be installed, or does not listen within a minute.
    #[must_use]
    pub fn start() -> Self {
        let address = closed_address();
        let process = Command::new(environments().join("venv-moto/bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let moto = Self { process, address };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "moto does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    /// Its base URL, as `AWS_ENDPOINT_URL` takes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The directory that holds the Python environments; they are created on first use, which takes a minute.
///
/// # Panics
///
/// When they cannot be created.
#[must_use]
pub fn environments() -> &'static Path {
    static ENVIRONMENTS: OnceLock<PathBuf> = OnceLock::new();
    ENVIRONMENTS.get_or_init(|| {
        let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/setup.sh");
        let output = Command::new(setup).stderr(Stdio::inherit()).output().expect("the script starts");
        assert!(output.status.success(), "tests/interop/setup.sh: {}", output.status);
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    })
}
