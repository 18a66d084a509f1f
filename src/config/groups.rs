//! `[groups]`: who may join groups by himself.

use super::declare::settings;
use super::secret::Secret;
use super::shape;

settings! {
    /// Who may join groups by a claim in the bind.
    pub struct Groups in "groups" {
        /// What signs the claims, `join` in a bind; at least 8 bytes. Without it pages are put into
        /// groups by the API alone.
        secret: Option<Secret> where shape::strong, reload;
    }
}
