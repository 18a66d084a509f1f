//! The real binary: its words, its signals, its exit codes.

mod commands;
mod push;
mod signals;
