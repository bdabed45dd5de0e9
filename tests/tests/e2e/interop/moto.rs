//! moto, the emulator that the official SDKs and tools are used with.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sealkit_rig::aws_double::closed_address;

use super::peer::environments;
use crate::ours::client;

pub(super) struct Moto {
    process: Child,
    address: SocketAddr,
}

impl Moto {
    pub(super) fn start() -> Self {
        let address = closed_address();
        let process = Command::new(environments().join("venv-moto/bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moto = Self { process, address };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "moto does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Creates a symmetric key in us-east-1 and returns its ARN.
    pub(super) async fn create_key(&self) -> String {
        let created = client(self.url(), "us-east-1").create_key().send().await.unwrap();
        created.key_metadata.unwrap().arn.unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
