//! The broker that joins many nodes, against real servers: each test starts its own Redis (alone,
//! behind Sentinel, or as a Cluster) on free ports, and takes its path away as it likes.
//!
//! One suite of the broker's verbs runs against both kinds; the rest is told from outside, with the
//! people of `tests/it`. What takes long runs only with `SCANGATE_CHAOS=1`, and says so.

// What cannot be had in a test should stop it where it stands.
#![allow(clippy::unwrap_used)]

mod doctor;
mod loss;
mod nodes;
mod start;
mod support;
mod verbs;
