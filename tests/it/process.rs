//! The real binary: its words, its signals, its exit codes.

mod commands;
mod doctor;
mod probe;
mod push;
mod signals;
mod warnings;
