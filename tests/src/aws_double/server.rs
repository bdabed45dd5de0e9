//! The listener on a thread of its own, so that synchronous tests can use it.

use std::error::Error as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::LazyConfigAcceptor;

use super::exchange;
use super::strike::Closed;
use super::tls::{Authority, Reply};
use super::world::World;

pub(super) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(listener: TcpListener, world: Arc<World>, authority: Option<Arc<Authority>>) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        listener.set_nonblocking(true).expect("a listener can be non-blocking");
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime can be built");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, world, authority) => {}
                    _ = stopped => {}
                }
            });
            // Connections held open by a fault would otherwise be waited for.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("aws-double".to_owned()).spawn(serve).expect("a thread starts");
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread has ended already if nobody listens.
            _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, world: Arc<World>, authority: Option<Arc<Authority>>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the listener");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Without it Nagle's algorithm adds 40 ms to each small answer.
        _ = stream.set_nodelay(true);
        let world = Arc::clone(&world);
        match authority.clone() {
            None => drop(tokio::spawn(connection(stream, world, |stream| stream))),
            Some(authority) => drop(tokio::spawn(tls_connection(stream, world, authority))),
        }
    }
}

async fn tls_connection(stream: TcpStream, world: Arc<World>, authority: Arc<Authority>) {
    let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let Ok(mut start) = acceptor.await else { return };
    match authority.reply(&start.client_hello()) {
        Reply::Handshake(config) => {
            if let Ok(stream) = start.into_stream(config).await {
                connection(stream, world, |stream| stream.get_ref().0).await;
            }
        }
        Reply::Garbage => {
            _ = start.io.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
        Reply::Close => {}
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    world: Arc<World>,
    socket: impl Fn(&S) -> &TcpStream,
) {
    let service = hyper::service::service_fn(|request| {
        let world = Arc::clone(&world);
        async move { exchange::serve(request, &world).await }
    });
    let mut served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // A client that goes away, and a fault that closes the connection, end here alike.
    let Err(error) = (&mut served).await else { return };
    if matches!(error.source().and_then(|cause| cause.downcast_ref()), Some(Closed::Reset)) {
        let stream = served.into_parts().io.into_inner();
        // Then closing sends RST in place of FIN.
        _ = rustix::net::sockopt::set_socket_linger(socket(&stream), Some(Duration::ZERO));
    }
}
