//! WeChat calls: somebody scanned a code.

mod callback;
mod modes;
mod result;
mod second;
