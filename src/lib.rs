//! scangate
