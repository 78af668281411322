//! Connections to the API by the thousand, all of one thread. Each comes from an address of loopback that few others come from, so that the
//! bridge's limits for one source stay as they are.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Connections that come from one address: fewer than `api.connections_per_source` is unless it is set.
const A_SOURCE: usize = 50;

/// Where the API is reached, and with what.
#[derive(Clone)]
pub(crate) struct Door {
    /// Host and port.
    pub(crate) address: SocketAddr,
    /// The header of that name.
    pub(crate) authorization: Arc<str>,
    tls: TlsConnector,
}

impl Door {
    /// Of the API at `address`, which shows this certificate (DER).
    ///
    /// # Errors
    /// The certificate is none.
    pub(crate) fn new(address: SocketAddr, authorization: &str, certificate: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let added = roots.add(CertificateDer::from(certificate.to_vec()));
        added.map_err(|error| format!("the bridge's certificate: {error}"))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Who comes for the first time has no session to go on with.
        config.resumption = Resumption::disabled();
        Ok(Self {
            address,
            authorization: authorization.into(),
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Connects by TCP, as the visitor with this number.
    ///
    /// # Errors
    /// It is refused, or the system has no more handles.
    pub(crate) async fn reach(&self, number: usize) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((source(number), 0)))?;
        socket.connect(self.address).await
    }

    /// Shakes hands by TLS, a new session each time.
    ///
    /// # Errors
    /// The other side does not, or hangs up.
    pub(crate) async fn secure(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::from(self.address.ip());
        self.tls.connect(name, stream).await
    }
}

/// Runs a task, and all that it spawns, on this thread alone.
///
/// # Errors
/// The system has no more handles.
pub(crate) fn run<T>(task: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(task))
}

fn source(number: usize) -> Ipv4Addr {
    const A_NETWORK: usize = 250;
    let place = number / A_SOURCE;
    Ipv4Addr::new(
        127,
        0,
        1 + (place / A_NETWORK) as u8,
        1 + (place % A_NETWORK) as u8,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_source_has_more_visitors_than_a_bridge_takes_from_one() {
        assert_eq!(source(0), source(49));
        assert_eq!(source(50), Ipv4Addr::new(127, 0, 1, 2));
        assert_eq!(source(12_500), Ipv4Addr::new(127, 0, 2, 1));
        assert_eq!(source(19_999), Ipv4Addr::new(127, 0, 2, 150));
    }
}
