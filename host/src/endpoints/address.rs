//! Where HTTP endpoints listen, in the form that Go programs take: `:8080`, `127.0.0.1:8080`, `[::1]:8080`.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::str::FromStr;

/// An address to listen on; without a host, all of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    host: Option<IpAddr>,
    port: u16,
}

/// Why a text is no address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListenAddressError {
    /// A number alone.
    #[error("a port is written with a colon: `:{0}`, or `127.0.0.1:{0}` for this machine alone")]
    BarePort(u16),
    /// Anything else.
    #[error("it must be `:PORT`, `IPV4:PORT` or `[IPV6]:PORT`, for example `:8080` or `127.0.0.1:8080`")]
    Form,
}

impl ListenAddress {
    /// A port on all addresses of this machine.
    #[must_use]
    pub const fn all(port: u16) -> Self {
        Self { host: None, port }
    }

    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// If the address is in use, or not one of this machine.
    pub fn bind(self) -> io::Result<TcpListener> {
        let listener = match self.host {
            Some(host) => TcpListener::bind(SocketAddr::new(host, self.port)),
            // One listener for IPv6 and IPv4, as in Go; on a machine without IPv6 there is only the other.
            None => TcpListener::bind((Ipv6Addr::UNSPECIFIED, self.port)).or_else(|error| match error.kind() {
                io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
                _ => TcpListener::bind((Ipv4Addr::UNSPECIFIED, self.port)),
            }),
        }?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(port) = text.parse() {
            return Err(ListenAddressError::BarePort(port));
        }
        let (host, port) = text.rsplit_once(':').ok_or(ListenAddressError::Form)?;
        // `+80` is a number to Rust.
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or(ListenAddressError::Form)?;
        let host = match host {
            "" => None,
            "localhost" => Some(Ipv4Addr::LOCALHOST.into()),
            _ => Some(address(host).ok_or(ListenAddressError::Form)?),
        };
        Ok(Self { host, port })
    }
}

/// An IPv6 address stands in brackets, an IPv4 address does not.
fn address(host: &str) -> Option<IpAddr> {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bracketed {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::from),
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            None => write!(f, ":{}", self.port),
            Some(host) => SocketAddr::new(host, self.port).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use super::{ListenAddress, ListenAddressError};

    #[test]
    fn the_forms_of_go_are_read() {
        for text in [":8080", "127.0.0.1:8083", "0.0.0.0:1", "[::1]:8080", "[::]:65535", ":0"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        assert_eq!("localhost:80".parse::<ListenAddress>().unwrap().to_string(), "127.0.0.1:80");
        assert_eq!("8080".parse::<ListenAddress>(), Err(ListenAddressError::BarePort(8080)));
        for text in ["", ":", ":http", ":65536", ":+80", "::1:80", "[127.0.0.1]:80", "example.org:80", "a", "1.2.3.4"] {
            assert_eq!(text.parse::<ListenAddress>(), Err(ListenAddressError::Form), "{text}");
        }
    }

    #[test]
    fn all_addresses_are_both_families() {
        let port = ":0".parse::<ListenAddress>().unwrap().bind().unwrap().local_addr().unwrap().port();
        let listener = ListenAddress { host: None, port }.bind().unwrap();
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        assert_eq!(ListenAddress { host: None, port }.bind().unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        drop(listener);
    }
}
