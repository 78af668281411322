//! The certificate of the REST API: the operator's own, or a self-signed one made at first start.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::whole_file::{self, PRIVATE, PUBLIC};
use crate::config::ApiSection;

/// The TLS settings of the API: TLS 1.2 and 1.3, HTTP/1.1.
pub(super) fn server_config(api: &ApiSection, data: &Path) -> Result<Arc<ServerConfig>, String> {
    let (certificate, key) = match (&api.certificate, &api.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (None, None) | (Some(_), None) | (None, Some(_)) => self_signed(api.listen.ip(), data)?,
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .map_err(|error| format!("{}: {error}", certificate.display()))?;
    let secret = PrivateKeyDer::from_pem_file(&key).map_err(|error| format!("{}: {error}", key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| format!("{}: {error}", certificate.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Where the certificate in force lies, for clients that want to trust it.
pub(super) fn certificate_path(api: &ApiSection, data: &Path) -> PathBuf {
    api.certificate.clone().unwrap_or_else(|| data.join("cert.pem"))
}

fn self_signed(address: IpAddr, data: &Path) -> Result<(PathBuf, PathBuf), String> {
    let (certificate, key) = (data.join("cert.pem"), data.join("key.pem"));
    if !(certificate.exists() && key.exists()) {
        let names = [
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
            address.to_string(),
        ];
        let made =
            rcgen::generate_simple_self_signed(names).map_err(|error| format!("certificate: {error}"))?;
        let write = |path: &Path, pem: &str, mode| {
            whole_file::write(path, pem, mode).map_err(|error| format!("{}: {error}", path.display()))
        };
        // The key first: where there is no certificate yet both are made anew.
        write(&key, &made.signing_key.serialize_pem(), PRIVATE)?;
        write(&certificate, &made.cert.pem(), PUBLIC)?;
    }
    Ok((certificate, key))
}
