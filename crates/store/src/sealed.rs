//! Secrets at rest: XChaCha20-Poly1305 under a key ring that rotates, one key per purpose. Random 192-bit nonces need
//! no bookkeeping. In use a secret is a [`SecretString`].

use crate::Error;
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The keys of this installation; the first one seals, all of them open.
#[derive(Clone)]
pub struct KeyRing(Vec<(String, [u8; KEY_BYTES])>);

/// A sealed secret as it stands in a column: `1:<key name>:<hex of nonce and cipher text>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(pub String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key ring reads name:64-hex-digits, several separated by commas, the newest first")]
pub struct BadKeyRing;

impl std::str::FromStr for KeyRing {
    type Err = BadKeyRing;
    fn from_str(text: &str) -> Result<Self, BadKeyRing> {
        let keys = text.split(',').map(|entry| {
            let (name, key) = entry.trim().split_once(':').ok_or(BadKeyRing)?;
            let bytes = hex::decode(key).map_err(|_| BadKeyRing)?;
            Ok((name.to_owned(), bytes.try_into().map_err(|_| BadKeyRing)?))
        });
        let keys = keys.collect::<Result<Vec<_>, BadKeyRing>>()?;
        if keys.is_empty() { Err(BadKeyRing) } else { Ok(Self(keys)) }
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl KeyRing {
    /// A ring with one fresh key, in the form that the settings read.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn generate(name: &str) -> Result<String, getrandom::Error> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)?;
        Ok(format!("{name}:{}", hex::encode(key)))
    }

    /// `purpose` names the column and row, so that a sealed value cannot be moved to another place.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn seal(&self, purpose: &str, secret: &SecretString) -> Result<Sealed, Error> {
        let (name, key) = self.0.first().ok_or(Error::Sealed)?;
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| Error::Sealed)?;
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: purpose.as_bytes() };
        let text = cipher(key, purpose)?.encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::Sealed)?;
        Ok(Sealed(format!("1:{name}:{}{}", hex::encode(nonce), hex::encode(text))))
    }

    /// # Errors
    /// The key is not in the ring, the value was changed, or it was sealed for another purpose.
    pub fn open(&self, purpose: &str, sealed: &Sealed) -> Result<SecretString, Error> {
        let mut parts = sealed.0.splitn(3, ':');
        let (Some("1"), Some(name), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::Sealed);
        };
        let (_, key) = self.0.iter().find(|(known, _)| known == name).ok_or(Error::Sealed)?;
        let bytes = hex::decode(text).map_err(|_| Error::Sealed)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(Error::Sealed)?;
        let payload = Payload { msg: text, aad: purpose.as_bytes() };
        let plain = cipher(key, purpose)?.decrypt(&XNonce::from(*nonce), payload).map_err(|_| Error::Sealed)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| Error::Sealed)
    }
}

fn cipher(key: &[u8; KEY_BYTES], purpose: &str) -> Result<XChaCha20Poly1305, Error> {
    let mut derived = [0; KEY_BYTES];
    Hkdf::<Sha256>::new(None, key).expand(purpose.as_bytes(), &mut derived).map_err(|_| Error::Sealed)?;
    Ok(XChaCha20Poly1305::new(&derived.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_with_its_key_and_for_its_purpose_and_survives_rotation() {
        let old = KeyRing::generate("2025").expect("randomness");
        let both = format!("{},{old}", KeyRing::generate("2026").expect("randomness"));
        let (old, both): (KeyRing, KeyRing) = (old.parse().expect("a ring"), both.parse().expect("a ring"));
        let secret = SecretString::from("sk_test_1");

        let sealed = old.seal("connection:1", &secret).expect("it seals");
        assert!(!sealed.0.contains("sk_test"));
        assert_eq!(both.open("connection:1", &sealed).expect("an old key opens").expose_secret(), "sk_test_1");
        assert!(both.open("connection:2", &sealed).is_err(), "moved to another row");

        let fresh = both.seal("connection:1", &secret).expect("it seals");
        assert!(fresh.0.starts_with("1:2026:") && old.open("connection:1", &fresh).is_err());
        assert_ne!(fresh, both.seal("connection:1", &secret).expect("it seals"), "never the same text twice");

        let mut forged = sealed.0.into_bytes();
        let last = forged.len() - 1;
        forged[last] = if forged[last] == b'0' { b'1' } else { b'0' };
        assert!(both.open("connection:1", &Sealed(String::from_utf8(forged).expect("text"))).is_err());
    }

    #[test]
    fn a_ring_never_prints_its_keys_and_bad_rings_are_refused() {
        let text = KeyRing::generate("a").expect("randomness");
        let ring: KeyRing = text.parse().expect("a ring");
        assert_eq!(format!("{ring:?}"), r#"["a"]"#);
        for bad in ["", "a", "a:00", "a:zz"] {
            assert_eq!(bad.parse::<KeyRing>().expect_err("no ring"), BadKeyRing);
        }
    }
}
