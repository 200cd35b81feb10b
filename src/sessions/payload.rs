//! A session as it is stored: bytes.

use std::fmt;
use std::sync::Arc;

/// What is stored under a key, opaque to the backend; clones share it.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Arc<[u8]>);

impl Payload {
    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same as a text, where it is one: Django's database and file engines keep signed ASCII.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    pub(crate) fn shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.0)
    }
}

impl<B: Into<Arc<[u8]>>> From<B> for Payload {
    fn from(bytes: B) -> Self {
        Self(bytes.into())
    }
}

/// Who reads a payload may be able to take the session over, so a log shows only its size.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}
