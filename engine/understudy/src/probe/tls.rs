//! TLS for SSL_GET, by rustls. As with keepalived nothing is verified: a check asks whether the server works, not who it
//! is. So the provider made here has no signature algorithms at all, and any certificate will do, also one of a kind that
//! rustls does not know.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConnection, Resumption};
use rustls::crypto::{CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::SigningKey;
use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme,
};
use understudy_core::checks::verdict::{Failure, Verdict};

use super::channel::{Channel, Stop, uninterrupted};
use crate::sys::epoll::Interest;
use crate::sys::{random, socket};

/// TLS on a connection to `ip`; the server is told `name`, if there is one that can be told.
pub fn channel(
    name: Option<&str>,
    ip: IpAddr,
    close_notify: bool,
) -> Result<Box<dyn Channel>, Verdict> {
    let name = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    // An address is never told.
    let name = name.unwrap_or_else(|| ServerName::IpAddress(ip.into()));
    let undecided = |e: &Error| Verdict::Undecided(format!("TLS: {e}"));
    let config = match CONFIG.get() {
        Some(config) => config.clone(),
        None => {
            let made = Arc::new(config().map_err(|e| undecided(&e))?);
            CONFIG.get_or_init(|| made).clone()
        }
    };
    let session = ClientConnection::new(config, name).map_err(|e| undecided(&e))?;
    Ok(Box::new(Tls { session: Box::new(session), unread: 0, closed: false, close_notify }))
}

/// Made by the first check that needs it.
static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();

fn config() -> Result<ClientConfig, Error> {
    let provider = CryptoProvider {
        cipher_suites: ring::ALL_CIPHER_SUITES.to_vec(),
        kx_groups: ring::ALL_KX_GROUPS.to_vec(),
        signature_verification_algorithms: WebPkiSupportedAlgorithms { all: &[], mapping: &[] },
        secure_random: &Host,
        key_provider: &Host,
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Host))
        .with_no_client_auth();
    // Each check is a whole handshake.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// What rustls asks its host for.
#[derive(Debug)]
struct Host;

impl SecureRandom for Host {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        random::fill(bytes).map_err(|_| GetRandomFailed)
    }
}

impl KeyProvider for Host {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("no client certificates".to_owned()))
    }
}

impl ServerCertVerifier for Host {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            SignatureScheme::ED25519,
            SignatureScheme::ED448,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::ECDSA_SHA1_Legacy,
            SignatureScheme::RSA_PKCS1_SHA1,
        ]
    }
}

/// A session under way.
#[derive(Debug)]
struct Tls {
    session: Box<ClientConnection>,
    /// Bytes that are decrypted but not given out.
    unread: usize,
    /// The server has said `close_notify`.
    closed: bool,
    close_notify: bool,
}

impl Tls {
    /// Sends what the session has to send.
    fn write(&mut self, fd: &OwnedFd) -> Result<(), Stop> {
        while self.session.wants_write() {
            uninterrupted(|| self.session.write_tls(&mut Wire(fd)))
                .map_err(|e| Stop::of(&e, Interest::WRITE))?;
        }
        Ok(())
    }

    /// Takes what has come; `false`: the connection has ended.
    fn read(&mut self, fd: &OwnedFd) -> Result<bool, Stop> {
        let n = uninterrupted(|| self.session.read_tls(&mut Wire(fd)))
            .map_err(|e| Stop::of(&e, Interest::READ))?;
        match self.session.process_new_packets() {
            Ok(state) => {
                self.unread = state.plaintext_bytes_to_read();
                self.closed = state.peer_has_closed();
                Ok(n > 0)
            }
            Err(e) => {
                // The server learns why, if it can be told at once.
                let _ = self.write(fd);
                Err(Stop::Failed(failure(e)))
            }
        }
    }
}

impl Channel for Tls {
    fn handshake(&mut self, fd: &OwnedFd) -> Result<(), Stop> {
        loop {
            self.write(fd)?;
            if !self.session.is_handshaking() {
                return Ok(());
            }
            if !self.read(fd)? {
                let why = "closed during the handshake".to_owned();
                return Err(Stop::Failed(Failure::Tls(why)));
            }
        }
    }

    fn send(&mut self, fd: &OwnedFd, bytes: &[u8], sent: &mut usize) -> Result<(), Stop> {
        while let Some(rest @ [_, ..]) = bytes.get(*sent..) {
            *sent += io::Write::write(&mut self.session.writer(), rest)
                .map_err(|e| Stop::of(&e, Interest::WRITE))?;
            self.write(fd)?;
        }
        self.write(fd)
    }

    fn receive(&mut self, fd: &OwnedFd, buffer: &mut [u8]) -> Result<usize, Stop> {
        loop {
            match io::Read::read(&mut self.session.reader(), buffer) {
                Ok(n) => {
                    self.unread = self.unread.saturating_sub(n);
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                // An end without close_notify is an end (reference §2.23).
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                Err(e) => return Err(Stop::of(&e, Interest::READ)),
            }
            // Its end is told by the next turn of the loop.
            self.read(fd)?;
        }
    }

    fn holds(&self) -> bool {
        self.unread > 0 || self.closed
    }

    fn timeout_is_for_a_piece(&self) -> bool {
        false
    }

    fn close(&mut self, fd: &OwnedFd) {
        if self.close_notify {
            self.session.send_close_notify();
            // Nobody waits for it.
            let _ = self.write(fd);
        }
    }
}

/// In words for people who look after the server.
fn failure(e: Error) -> Failure {
    let old = PeerIncompatible::ServerDoesNotSupportTls12Or13;
    match e {
        Error::AlertReceived(AlertDescription::ProtocolVersion) => Failure::OldTls,
        Error::PeerIncompatible(why) if why == old => Failure::OldTls,
        Error::AlertReceived(AlertDescription::HandshakeFailure) => Failure::Tls(
            "the server refuses all that we offer (ECDHE with AES-GCM or ChaCha20), or wants a client certificate".to_owned(),
        ),
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            Failure::Tls("the server wants a client certificate".to_owned())
        }
        Error::AlertReceived(alert) => Failure::Tls(format!("the server refuses: {alert:?}")),
        Error::InvalidMessage(_) => Failure::Tls("the answer is no TLS".to_owned()),
        other => Failure::Tls(other.to_string()),
    }
}

/// The connection as rustls takes it.
struct Wire<'a>(&'a OwnedFd);

impl io::Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        socket::receive(self.0, buffer)
    }
}

impl io::Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::send(self.0, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub mod tests;
