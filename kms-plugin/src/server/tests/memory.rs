//! What a client can make the server hold: messages that do not end, and answers that are not taken.

use super::*;

/// Begins a call with so many bytes, the first of a longer message.
async fn half(
    client: &mut h2::client::SendRequest<hyper::body::Bytes>,
    call: &str,
    bytes: usize,
) -> (h2::client::ResponseFuture, h2::SendStream<hyper::body::Bytes>) {
    let uri = format!("http://localhost/v2.KeyManagementService/{call}");
    let request = http::Request::post(uri).header("content-type", "application/grpc").header("grpc-timeout", "59S");
    let (answer, mut body) = client.send_request(request.body(()).unwrap(), false).unwrap();
    let mut message = vec![0, 0, 1, 0, 0];
    message.resize(bytes, 0);
    body.send_data(message.into(), false).unwrap();
    (answer, body)
}

async fn h2_client(path: &PathBuf, window: u32) -> (h2::client::SendRequest<hyper::body::Bytes>, JoinHandle<()>) {
    let stream = tokio::net::UnixStream::connect(path).await.unwrap();
    let mut builder = h2::client::Builder::new();
    let (client, connection) = builder.initial_window_size(window).handshake(stream).await.unwrap();
    let ended = tokio::spawn(async move {
        let _ = connection.await;
    });
    (client.ready().await.unwrap(), ended)
}

fn code(answer: &http::Response<h2::RecvStream>) -> &str {
    answer.headers()["grpc-status"].to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_messages_take_no_more_memory_than_allowed() {
    let limits = Limits { memory: 200_000, ..Limits::default() };
    let server = Server::start(limits);
    let (mut client, _) = h2_client(&server.path, 65_535).await;
    let (mut waiting, _held) = half(&mut client, "Decrypt", 60_000).await;
    let mut refused = 0;
    let mut kept = Vec::new();
    for _ in 0..10 {
        let (mut answer, body) = half(&mut client, "Decrypt", 60_000).await;
        match tokio::time::timeout(Duration::from_millis(300), &mut answer).await {
            Ok(answer) => {
                assert_eq!(code(&answer.unwrap()), "8");
                refused += 1;
            }
            Err(_) => kept.push((answer, body)),
        }
    }
    assert!(refused >= 7, "{refused} of 10");
    // Status is not concerned, and small calls go on when they are gone.
    server.client().status().await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(10), &mut waiting).await.is_err(), "it may still be finished");
    drop((waiting, _held, kept));
    while server.client().v1_decrypt(&[7; 60_000]).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_comes_in_time_and_a_status_is_short() {
    let server = Server::start(Limits { body: Duration::from_millis(200), quick: 2, ..Limits::default() });
    let (mut client, _) = h2_client(&server.path, 65_535).await;
    let (long, _body) = half(&mut client, "Status", 1100).await;
    assert_eq!(code(&long.await.unwrap()), "11");
    let (first, _first) = half(&mut client, "Status", 5).await;
    let (second, _second) = half(&mut client, "Status", 5).await;
    let (surplus, _surplus) = half(&mut client, "Status", 5).await;
    server.client().status().await.unwrap();
    // Which of them came first is not said: each has a task of its own.
    let (first, second, surplus) = tokio::join!(first, second, surplus);
    let (first, second, surplus) = (first.unwrap(), second.unwrap(), surplus.unwrap());
    let mut codes = [code(&first), code(&second), code(&surplus)];
    codes.sort_unstable();
    assert_eq!(codes, ["4", "4", "8"]);
    let (late, _late) = half(&mut client, "Encrypt", 5).await;
    assert_eq!(code(&late.await.unwrap()), "4");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_take_answers_is_closed() {
    let server = Server::start(Limits { answer: Duration::from_millis(200), ..Limits::default() });
    // None of an answer, and a part of it.
    for window in [0, 1] {
        let (mut client, ended) = h2_client(&server.path, window).await;
        let uri = "http://localhost/v2.KeyManagementService/Status";
        let request = http::Request::post(uri).header("content-type", "application/grpc").body(()).unwrap();
        let (answer, mut body) = client.send_request(request, false).unwrap();
        body.send_data(vec![0; 5].into(), true).unwrap();
        let _answer = answer.await.unwrap();
        tokio::time::timeout(Duration::from_secs(5), ended).await.unwrap().unwrap();
    }
    server.client().status().await.unwrap();
}
