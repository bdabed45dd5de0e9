//! What a plugin tells over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::KmsPlugin;

impl KmsPlugin {
    /// Status and body of `path` on the health port.
    ///
    /// # Errors
    ///
    /// When nothing answers there.
    pub fn get(&self, path: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.health)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.ok_or_else(|| std::io::Error::other(format!("no HTTP answer: {head}")))?, dechunked(head, body)))
    }

    /// The sum of a metric over all its series that carry these labels; none if there is none.
    ///
    /// # Panics
    ///
    /// When `/metrics` does not answer.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let (status, text) = self.get("/metrics").expect("/metrics answers");
        assert_eq!(status, 200, "{text}");
        let values: Vec<f64> = text
            .lines()
            .filter_map(|line| line.strip_prefix(name))
            .filter(|rest| rest.starts_with(['{', ' ']))
            .filter(|rest| labels.iter().all(|(label, value)| rest.contains(&format!("{label}=\"{value}\""))))
            .filter_map(|rest| rest.rsplit(' ').next()?.parse().ok())
            .collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }
}

/// Go's HTTP server sends bodies of unknown length in chunks.
fn dechunked(head: &str, body: &str) -> String {
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let (mut whole, mut rest) = (String::new(), body);
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).unwrap_or(0);
        let Some((chunk, after)) = after.split_at_checked(length).filter(|_| length > 0) else { break };
        whole.push_str(chunk);
        rest = after.strip_prefix("\r\n").unwrap_or(after);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";
        assert_eq!(dechunked(head, "4\r\na b \r\n2\r\nc\n\r\n0\r\n\r\n"), "a b c\n");
        assert_eq!(dechunked("HTTP/1.1 200 OK", "4\r\n"), "4\r\n");
    }
}
