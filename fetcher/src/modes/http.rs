//! One request over plain HTTP, to a neighbour on this machine or in this pod.

use std::io;
use std::time::Duration;

use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The connection could not be made.
    #[error("no connection")]
    Connect(#[source] io::Error),
    /// The other side does not speak HTTP, or hung up.
    #[error("no answer")]
    Answer(#[source] hyper::Error),
    /// It took too long.
    #[error("no answer within {}", humantime::format_duration(*.0))]
    Late(Duration),
    /// The URL can't be asked.
    #[error("no URL that can be asked")]
    Url,
}

/// Whether a URL has a name or a password in it, which are not sent and not to be shown.
pub fn has_password(uri: &Uri) -> bool {
    uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
}

/// Asks `uri`, and waits for the head of the answer; its body is not read.
///
/// # Errors
/// If there is none in time.
pub async fn request(method: Method, uri: &Uri, limit: Duration) -> Result<StatusCode, RequestError> {
    tokio::time::timeout(limit, ask(method, uri)).await.unwrap_or(Err(RequestError::Late(limit)))
}

async fn ask(method: Method, uri: &Uri) -> Result<StatusCode, RequestError> {
    let authority = uri.authority().ok_or(RequestError::Url)?;
    // Brackets are part of a URL, and of no address.
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await.map_err(RequestError::Connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(RequestError::Answer)?;
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let user_agent = concat!("seal-fetcher/", env!("CARGO_PKG_VERSION"));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, authority.as_str())
        .header(header::USER_AGENT, user_agent)
        .header(header::CONNECTION, "close")
        .header(header::CONTENT_LENGTH, 0)
        .body(Empty::<Bytes>::new())
        .map_err(|_| RequestError::Url)?;
    let mut answer = std::pin::pin!(sender.send_request(request));
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        // The other side closes behind its answer, so this may come first.
        ended = connection => match ended {
            Err(error) => return Err(RequestError::Answer(error)),
            Ok(()) => answer.await,
        },
    };
    answer.map(|answer| answer.status()).map_err(RequestError::Answer)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// What a request comes to whose connection is answered with `answer`; nothing is a connection that stays silent.
    async fn answered(host: &str, answer: Option<&str>) -> (Result<StatusCode, RequestError>, String) {
        let listener = TcpListener::bind((host.trim_matches(['[', ']']), 0)).await.unwrap();
        let uri: Uri = format!("http://{host}:{}/reload?x=1", listener.local_addr().unwrap().port()).parse().unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
            drop(stream);
            String::from_utf8_lossy(&head[..length]).into_owned()
        };
        let asked = request(Method::POST, &uri, Duration::from_millis(300));
        match answer {
            Some(_) => tokio::join!(asked, serve),
            None => tokio::select! {
                result = asked => (result, String::new()),
                _ = serve => unreachable!("it stays silent"),
            },
        }
    }

    #[tokio::test]
    async fn the_status_is_what_counts() {
        for (host, status) in [("127.0.0.1", 204), ("[::1]", 503)] {
            let (result, head) =
                answered(host, Some(&format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"))).await;
            assert_eq!(result.unwrap(), status);
            assert!(head.starts_with("POST /reload?x=1 HTTP/1.1\r\n") && head.contains("content-length: 0"), "{head}");
        }
    }

    #[tokio::test]
    async fn silence_noise_and_closed_ports_are_errors() {
        assert!(matches!(answered("127.0.0.1", None).await.0, Err(RequestError::Late(_))));
        assert!(matches!(answered("127.0.0.1", Some("SSH-2.0\r\n\r\n")).await.0, Err(RequestError::Answer(_))));
        assert!(answered("127.0.0.1", Some("")).await.0.is_err());
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let uri = format!("http://{closed}").parse().unwrap();
        let result = request(Method::GET, &uri, Duration::from_secs(5)).await;
        assert!(matches!(result, Err(RequestError::Connect(_))), "{result:?}");
    }
}
