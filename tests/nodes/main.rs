//! Nodes die, go, freeze and are left: real processes behind a real HAProxy, joined by a real Redis.
//! Publishers and pages write down every word, and at the end it is checked that nothing was lost,
//! nothing came twice, and everything in order.
//!
//! | story | what happens |
//! |---|---|
//! | `crash` | a node dies without a word |
//! | `rolling` | each node in turn is told to go, and starts again |
//! | `freeze` | a node stands still, and goes on as if nothing had been |
//! | `slow` | pages stop reading, and come back |
//! | `stampede` | all pages are dropped at once |
//!
//! With `SCANGATE_CHAOS=1` there are more pages, and more rounds.

// What cannot be had in a test should stop it where it stands.
#![allow(clippy::unwrap_used)]

/// The people of the stories, as in the tests of the broker.
#[path = "../redis"]
mod redis {
    pub mod support;
}
use redis::support;

// Not every kind of balancer is needed here.
#[allow(dead_code)]
#[path = "../balancers/balancer.rs"]
mod balancer;
mod cluster;
mod crash;
mod figures;
mod freeze;
mod node;
mod rolling;
mod slow;
mod stampede;
