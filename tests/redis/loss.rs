//! The path between nodes and Redis is lost in many ways, or Redis itself; what was accepted arrives
//! all the same, once and in order, but for what died with the only Redis that had it.

mod clock;
mod cluster;
mod cut;
mod freeze;
mod hole;
mod outage;
mod rights;
mod sentinel;
mod silence;
