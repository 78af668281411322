//! Newcomers at a listening socket.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// Pause after a failure.
const PAUSE: Duration = Duration::from_millis(100);

/// The next connection. Where none can be had there are mostly no file handles left: those in use will be given back.
pub(super) async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut is_told = false;
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if !std::mem::replace(&mut is_told, true) => {
                tracing::warn!(%error, "no connection can be accepted for now");
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}
