//! The push port: a line in, a word out, in order.

mod lines;
mod once;
mod secret;
mod verdict;
mod words;
